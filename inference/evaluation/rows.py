"""What is said of one clip, kept as a line of a file, so that a long evaluation goes on where it was cut and its
figures can be taken again without making a clip. It makes no clip itself.

A folder of rows holds files of JSON lines, one file for each process that wrote. A row names who made and who read it;
a row of other weights is no row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inference.evaluation import ear, picture, proxies
from inference.evaluation.clips import Take, is_audible
from inference.evaluation.ear import Hearing
from inference.evaluation.observation import seen
from inference.evaluation.picture import Reading
from inference.generator.loudness import loudness
from inference.train.sound import RATE

Key = tuple[str, int]  # the set's name, and the scene's place in it
_DIGITS = 5
PARTS = ("plain", "reading", "hearing")  # of a row, what is said of its clip


@dataclass(frozen=True)
class Judged:
    """A set of N clips as the readers see it, and what plain arithmetic says of each: its loudness in LUFS, whether it
    is audible and unclipped, its temporal consistency and its flow's jerk in pixels."""

    reading: Reading
    hearing: Hearing
    plain: dict[str, np.ndarray]

    def pick(self, places: Sequence[int]) -> Judged:
        """Some of the clips, in that order."""
        picks = list(places)
        reading, hearing = (
            type(one)(**{name: _picked(value, picks) for name, value in vars(one).items()})
            for one in (self.reading, self.hearing)
        )
        return Judged(reading, hearing, _picked(self.plain, picks))


class Bench:
    """The two readers, and what they say of one clip."""

    def __init__(self, probe: Path) -> None:
        self.eye, self.ear = picture.load(probe), ear.load(probe)

    def row(self, take: Take) -> dict[str, Any]:
        """Plain values, of a file's line."""
        shades, level = proxies.grey(seen(take.frames).numpy()), loudness(take.sound, RATE)
        plain = {
            "lufs": level if np.isfinite(level) else None,
            "audible": is_audible(take.sound),
            "unclipped": float(np.abs(take.sound).max(initial=0.0)) < 1.0,
            "consistency": proxies.consistency(shades),
            "jerk": proxies.jerk(shades),
        }
        reading, hearing = picture.read(self.eye, [take.frames]), ear.hear(self.ear, [take.sound])
        return {"plain": plain, "reading": _listed(vars(reading)), "hearing": _listed(vars(hearing))}


def _listed(values: Any) -> Any:
    """Arrays of one clip as lists of rounded numbers."""
    if isinstance(values, dict):
        return {name: _listed(each) for name, each in values.items()}
    return [round(float(each), _DIGITS) for each in values[0]]


def _picked(values: Any, picks: list[int]) -> Any:
    if isinstance(values, dict):
        return {name: _picked(each, picks) for name, each in values.items()}
    return values[picks]


def _stacked(rows: Sequence[Any]) -> Any:
    if isinstance(rows[0], dict):
        return {name: _stacked([row[name] for row in rows]) for name in rows[0]}
    return np.array(rows, np.float32)


def together(rows: Sequence[dict[str, Any]]) -> Judged:
    """Rows of clips as a set; raises ValueError if there are none."""
    if not rows:
        raise ValueError("no rows")
    plain = {
        name: np.array([np.nan if r["plain"][name] is None else r["plain"][name] for r in rows])
        for name in rows[0]["plain"]
    }
    return Judged(
        Reading(**_stacked([row["reading"] for row in rows])),
        Hearing(**_stacked([row["hearing"] for row in rows])),
        plain,
    )


def found(folder: Path, makers: dict[str, str]) -> dict[Key, dict[str, Any]]:
    """The rows of a folder whose set is named in `makers` and that were made by that one; a line that was cut short,
    as by a kill, is passed over."""
    out: dict[Key, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if makers.get(row["set"]) == row["maker"]:
                out[row["set"], row["place"]] = row
    return out


def write(todo: Iterable[Key], path: Path, makers: dict[str, str], make: Callable[[Key], dict[str, Any]]) -> int:
    """Appends a row for each key as it is made and returns how many there were."""
    count = 0
    with path.open("a") as file:
        if file.tell() and not _ends_a_line(path):
            file.write("\n")
        for name, place in todo:
            row = {"set": name, "place": place, "maker": makers[name], **make((name, place))}
            file.write(json.dumps(row) + "\n")
            file.flush()
            count += 1
    return count


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == b"\n"
