"""What the prompt classifier learns from and is judged by: prompts that name a group, and the curve of its lines."""

import itertools
import json
import re
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from inference.train.prompt_curve import SHARES, curve
from inference.train.prompt_data import Row, named_rows
from inference.train.prompt_named import FILE, named
from inference.train.prompt_points import GROUPS, HELD, MOVES, line

KEPT = Path(__file__).parent / "prompts_named.jsonl"
LONGEST_SHARED = 4  # words in a row that a composed prompt may share with the kept ones: who, and a common verb


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def runs(text: str) -> set[tuple[str, ...]]:
    """Every run of words that is longer than two texts may share."""
    said = words(text)
    return {tuple(said[at : at + LONGEST_SHARED + 1]) for at in range(len(said) - LONGEST_SHARED)}


def test_no_composed_prompt_repeats_the_kept_ones_about_the_same_kinds_of_people():
    kept = set[tuple[str, ...]]().union(*(runs(json.loads(line)["text"]) for line in KEPT.open(encoding="utf-8")))
    shared = {run for each in named() for run in runs(each.text) & kept}

    assert kept
    assert not shared


def test_an_unsafe_prompt_and_its_twin_name_the_same_people_in_the_same_part():
    pairs = [row for row in named_rows() if row.group != "named_scene"]
    found = {row.id: row for row in pairs}
    unsafe = [row for row in pairs if row.unsafe]

    assert len(unsafe) * 2 == len(pairs)
    for row in unsafe:
        twin = found[row.id.replace("unsafe", "benign")]
        assert (twin.part, twin.lang, twin.unsafe) == (row.part, row.lang, frozenset())
        assert twin.text != row.text


def test_every_frame_has_a_slot_for_who_in_both_languages():
    lines = [line.split("\t") for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    said = [texts for kind, *texts in lines if kind not in {"one", "many"}]

    assert {len(texts) for texts in said} == {2, 4}
    assert all("{}" in text for texts in said for text in texts)
    assert not any("{}" in each.text for each in named())


def test_what_is_said_of_people_stays_in_one_part():
    def frame(row: Row) -> str:
        return row.split_key

    for _, rows in groupby(sorted(named_rows(), key=frame), frame):
        assert len({row.part for row in rows}) == 1


def rows_of(unsafe: int, twins: int, plain: int) -> list[dict[str, str]]:
    return [
        *({"label": "unsafe", "group": "core"} for _ in range(unsafe)),
        *({"label": "benign", "group": "twin"} for _ in range(twins)),
        *({"label": "benign", "group": "plain_benign"} for _ in range(plain)),
    ]


def test_a_curve_says_what_is_found_where_a_share_of_look_alikes_is_held():
    scored = np.array([*np.linspace(0.5, 1, 100), *np.linspace(0, 0.99, 100), *([0.1] * 10)])
    lines = list(curve(scored, rows_of(100, 100, 10)))

    assert [line["alike"]["rate"] for line in lines[: len(SHARES)]] == list(SHARES)
    recalls = [line["recall"]["rate"] for line in lines[: len(SHARES)]]
    assert recalls == sorted(recalls)
    assert lines[-2]["at"] == "held"
    assert (lines[-2]["recall"]["rate"], lines[-2]["plain"]["rate"]) == (1, 0)


def test_equal_scores_are_never_split():
    lines = list(curve(np.array([0.6, 0.6, 0.6, 0.6]), rows_of(2, 2, 0)))

    assert all(line["alike"]["hits"] == line["recall"]["hits"] == 0 for line in lines[: len(SHARES)])


@pytest.mark.parametrize("sides", [(0, 3, 3), (3, 0, 3)])
def test_a_curve_needs_both_sides(sides: tuple[int, int, int]):
    with pytest.raises(ValueError, match="needs unsafe prompts"):
        list(curve(np.zeros(sum(sides)), rows_of(*sides)))


def texts_of_three_heads() -> tuple[np.ndarray, list[Row]]:
    """Logits [rows, 3] and rows of every group: unsafe ones stand out in one of two heads, and a little in "any"."""
    random = np.random.default_rng(11)
    groups = {name: sorted(found)[0] for name, found in GROUPS.items() if name != "sought"} | {"sought": "core"}
    rows = [Row(f"{group}-{at}", "", "en", group, "") for group in groups.values() for at in range(300)]
    logits = random.normal(size=(len(rows), 3)).astype(np.float32)
    for at, row in enumerate(rows):
        logits[at, at % 2] += 3 * (row.group == "core")
        logits[at, 2] += row.group == "core"
    return logits, rows


def test_lines_keep_within_every_budget_and_no_head_alone_could_find_more():
    logits, rows = texts_of_three_heads()
    points = line(logits, rows, HELD)
    of = {name: np.array([row.group in groups for row in rows]) for name, groups in GROUPS.items()}

    def found(lines: np.ndarray) -> float:
        """The share of unsafe texts found, nothing where a budget is overdrawn."""
        flagged = (logits > lines).any(axis=1)
        is_within = all(flagged[of[name]].mean() <= getattr(HELD, name) for name in GROUPS if name != "sought")
        return float(flagged[of["sought"]].mean()) if is_within else 0.0

    assert found(points) > 0.5
    for head, share in itertools.product(range(3), MOVES):
        moved = points.copy()
        moved[head] = np.quantile(logits[of["sought"] | of["alike"], head], 1 - share)
        assert found(moved) <= found(points)
