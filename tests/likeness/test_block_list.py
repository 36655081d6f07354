"""The block list by face and voice: loaded by a command, matched like everybody, and taken off with its templates."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from volary.blocked import SHIPPED, BlockedPerson
from volary.embedded import open_home
from volary.stores.blocked import Blocked
from volary.vault_index import blocked_entries, index

from inference.likeness import matching, sealing
from inference.likeness.faces import Faces
from local.cli import main

DATA = Path(os.environ.get("VOLARY_DATA") or Path(__file__).parents[3] / "shared" / "data")
FIGURES = DATA / "media" / "faces" / "public_figures"
needs_faces = pytest.mark.skipif(not FIGURES.is_dir(), reason="the evaluation data is not here: set $VOLARY_DATA")


@pytest.fixture
def folder(tmp_path):
    open_home(tmp_path / "home")
    return tmp_path / "home"


def said(capsys, *arguments):
    code = main(["block", *map(str, arguments), "--json"])
    printed = capsys.readouterr()
    return code, json.loads(printed.out) if printed.out else printed.err


def added(services) -> list[BlockedPerson]:
    return [each for each in Blocked(services.items).people() if not each.id.startswith(SHIPPED)]


def test_public_figures_are_listed_at_first_and_nobody_beside(folder, capsys):
    code, rows = said(capsys, "list", "--home", folder)

    assert code == 0 and len(rows) > 500
    assert {row["id"].startswith(SHIPPED) for row in rows} == {True}


def test_a_picture_without_a_face_lists_nobody(folder, tmp_path, capsys):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)).save(tmp_path / "noise.png")

    photo = tmp_path / "noise.png"
    code, error = said(capsys, "add", "Jane Eclair", "--kind", "estate", "--photo", photo, "--home", folder)

    assert code != 0 and "noise.png: 0 faces" in error
    assert added(open_home(folder)) == []


def test_a_list_of_names_is_loaded_once_however_often(folder, tmp_path, capsys):
    names = tmp_path / "names.txt"
    names.write_text("# people\nJane Éclair\n\nRobert Crumble  # a baker\nJane Éclair\nAl\n")

    assert said(capsys, "load", names, "--kind", "public_figure", "--home", folder) == (
        0,
        {"added": 2, "left_out": ["Al"]},
    )
    assert said(capsys, "load", names, "--kind", "public_figure", "--home", folder) == (
        0,
        {"added": 0, "left_out": ["Al"]},
    )
    assert [each.names for each in added(open_home(folder))] == [("Jane Éclair",), ("Robert Crumble",)]


def test_who_ships_is_not_loaded_again_and_can_be_taken_off(folder, tmp_path, capsys):
    (tmp_path / "names.txt").write_text("Elon Musk\n")

    assert said(capsys, "load", tmp_path / "names.txt", "--kind", "public_figure", "--home", folder)[1]["added"] == 0
    assert said(capsys, "remove", f"{SHIPPED}elon_musk", "--home", folder)[0] == 0
    assert said(capsys, "load", tmp_path / "names.txt", "--kind", "public_figure", "--home", folder)[1]["added"] == 1


@needs_faces
def test_a_listed_face_is_found_in_another_photograph_until_it_is_taken_off(folder, capsys, weights):
    first, second = sorted(FIGURES.glob("obama*.jpg"))[:2]
    name = "Barack Obama"  # who ships by name: with a face the home's own entry stands for him
    _, known = said(capsys, "add", name, "--kind", "public_figure", "--photo", first, "--home", folder)
    services = open_home(folder).services
    copy = index(services)
    boxed, key = (services.blobs.get("work", f"index/{copy.index_id}{end}") for end in ("", ".key"))
    (entry,) = json.loads(sealing.unbox(key, boxed, copy.index_id.encode()))
    with Image.open(second) as image:
        picture = np.asarray(image.convert("RGB"))

    people = matching.Index(copy.index_id, (matching._person(entry),))
    (sighting,) = matching.match(picture[None], [0.0], Faces(weights), people).sightings

    assert (sighting.subject, sighting.listed) == (f"blocked:{known['id']}", "blocked")
    assert said(capsys, "list", "--home", folder)[1][0]["is_matched"] is True
    assert f"{SHIPPED}barack_obama" not in [row["id"] for row in said(capsys, "list", "--home", folder)[1]]
    assert said(capsys, "remove", known["id"], "--home", folder)[0] == 0
    assert blocked_entries(services) == set() and added(services) == []
    assert index(services) is None
    assert services.keyring.get(f"blocked:{known['id']}", "key") is None
