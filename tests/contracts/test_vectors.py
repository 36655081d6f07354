"""What the home's index of meanings promises; S3 Vectors has no emulator, so its requests are checked in tests/aws."""

import base64
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy
import pytest
from volary.embedded.vectors import DiskVectors
from volary.errors import Invalid
from volary.meanings import WIDTH
from volary.ports import Hit, Near, Point


def packed(row) -> str:
    return base64.b64encode((row / numpy.linalg.norm(row)).astype("<f2").tobytes()).decode()


@pytest.fixture(scope="module")
def rows():
    return numpy.random.default_rng(3).standard_normal((400, WIDTH))


def points(rows, owner="user_bob"):
    return [Point(f"video_{n}", packed(row), owner, f"video_{n % 7}", n) for n, row in enumerate(rows)]


def found(store: DiskVectors, row, count=5) -> list[str]:
    return [hit.id for hit in store.near([Near(packed(row), count)])[0]]


@pytest.mark.parametrize("built", [0, 200, 400])
def test_the_nearest_are_the_exact_ones(tmp_path, rows, built):
    """Whether they are in the graph, outside it, or some of each."""
    store = DiskVectors(tmp_path)
    store.load(points(rows)[:built])
    if built:
        assert store.rebuild()
    store.load(points(rows)[built:])
    unit = rows / numpy.linalg.norm(rows, axis=1, keepdims=True)

    shares = []
    for row in unit[::40]:
        exact = {f"video_{n}" for n in numpy.argsort(-(unit @ row))[:20]}
        shares.append(len(exact & set(found(store, row, 20))) / 20)

    assert numpy.mean(shares) >= 0.95


def test_another_process_sees_a_clip_at_once_and_its_removal_too(tmp_path, rows):
    reader, writer = DiskVectors(tmp_path), DiskVectors(tmp_path)
    writer.load(points(rows)[:50])
    writer.rebuild()
    assert found(reader, rows[3])[0] == "video_3"

    writer.put([Point("video_new", packed(rows[60]), "user_ann", "video_new", 1, ("like_1",))])
    assert reader.near([Near(packed(rows[60]), 1)]) == [[Hit("video_new", ("like_1",))]]

    writer.remove(["video_new", "video_3", "video_never"])
    assert "video_new" not in found(reader, rows[60]) and "video_3" not in found(reader, rows[3])

    writer.rebuild()
    assert "video_3" not in found(reader, rows[3]) and len(found(reader, rows[3], 100)) == 49


def test_a_point_that_is_put_again_is_there_once_at_its_new_place(tmp_path, rows):
    store = DiskVectors(tmp_path)
    store.load(points(rows)[:50])
    store.rebuild()

    store.put([Point("video_3", packed(rows[99]), "user_bob", "video_3", 3)])

    assert found(store, rows[99])[0] == "video_3"
    assert found(store, rows[3], 100).count("video_3") == 1


def test_owners_and_roots_find_theirs_newest_first(tmp_path, rows):
    store = DiskVectors(tmp_path)
    store.put([*points(rows)[:20], Point("video_a", packed(rows[30]), "user_ann", "video_a", 99)])

    by_ann, in_line = store.near(
        [Near(packed(rows[0]), 9, owners=("user_ann",)), Near(packed(rows[0]), 2, roots=("video_3",))]
    )

    assert [hit.id for hit in by_ann] == ["video_a"]
    assert [hit.id for hit in in_line] == ["video_17", "video_10"]


def test_a_lost_graph_is_made_again_from_the_table(tmp_path, rows):
    store = DiskVectors(tmp_path)
    store.load(points(rows)[:50])
    store.rebuild()
    for graph in tmp_path.glob("*.usearch"):
        graph.unlink()

    assert found(DiskVectors(tmp_path), rows[3])[0] == "video_3"
    assert store.rebuild() and list(tmp_path.glob("*.usearch"))


def test_what_is_known_of_a_clip_comes_back_and_changes_without_moving_it(tmp_path, rows):
    store = DiskVectors(tmp_path)
    store.load(points(rows)[:30])
    store.rebuild()
    told = Point(
        "video_3", packed(rows[3]), "user_ann", "video_1", 7, ("like_1",), seconds=8, is_remix=True, language="fr",
        remakers=2, topics={"cats": 0.5},
    )  # fmt: skip
    store.put([told])

    known = DiskVectors(tmp_path).known(["video_3", "video_4", "video_never"], [packed(rows[3]), packed(rows[4])])

    assert set(known) == {"video_3", "video_4"}
    assert known["video_3"].point == replace(told, vector="")
    assert known["video_3"].likeness[0] > 0.99 > 0.5 > known["video_3"].likeness[1]
    assert found(store, rows[3], 40).count("video_3") == 1


def test_the_newest_come_first(tmp_path, rows):
    store = DiskVectors(tmp_path)
    store.load(points(rows)[:30])

    newest = store.near([Near(packed(rows[0]), 3, since=1)])[0]
    assert [hit.id for hit in newest] == ["video_29", "video_28", "video_27"]


def test_an_index_of_an_earlier_version_is_brought_up(tmp_path, rows):
    store = DiskVectors(tmp_path)
    store.load(points(rows)[:3])
    with closing(sqlite3.connect(tmp_path / "points.sqlite")) as connection:
        connection.execute("ALTER TABLE points DROP COLUMN facts")

    assert DiskVectors(tmp_path).known(["video_1"], [])["video_1"].point.seconds == 4


@pytest.mark.parametrize("vector", ["", "no base64!", base64.b64encode(b"x" * 6).decode()])
def test_what_is_no_vector_is_refused(tmp_path, vector):
    with pytest.raises(Invalid, match="vector of the point video_x"):
        DiskVectors(tmp_path).put([Point("video_x", vector, "user_bob", "video_x", 1)])


def test_opening_a_home_loads_neither_numpy_nor_the_index(tmp_path):
    script = "import sys; from volary.embedded import services; services(__import__('pathlib').Path(sys.argv[1]))"
    heavy = "print(sorted({'numpy', 'usearch'} & set(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", f"{script}; {heavy}", str(tmp_path)], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip

    assert ran.stdout.strip() == "[]"
