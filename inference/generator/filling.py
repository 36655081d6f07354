"""What a prompt leaves open of subject, place and deed, filled in from the scenes that the world has: a dog of which
nothing else is said does not swim, and one in the snow is not in a room or a desert. Pure; what was said stays, however
strange."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence

Said = dict[str, str]
Scenes = Mapping[str, Mapping[str, Sequence[str]]]  # subject -> setting -> the deeds it does there

NAMES = ("subject", "setting", "action")
_TIMELESS = ("space", "underwater")  # where it is always "day"
_DRY = (*_TIMELESS, "room", "desert")  # no place that somebody who speaks of rain, snow or fog has in mind


def filled(said: Said, scenes: Scenes, refused: Collection[tuple[str, str]], seed: int) -> Said:
    """`said` with all of `NAMES`, drawn from the scenes that hold most of what was said and nothing refused. Where no
    scene holds all of it, the deed counts least, then the place."""
    known = [row for row in _rows(scenes) if not refused & row.items()]
    for counted in (NAMES, NAMES[:2], NAMES[:1], ()):
        fitting = [row for row in known if all(said.get(name, row[name]) == row[name] for name in counted)]
        if fitting:
            return _timed(_drawn(_expected(fitting, said), random.Random(seed)) | said)
    return dict(said)


def _rows(scenes: Scenes) -> Iterable[Said]:
    for subject, places in scenes.items():
        for setting, deeds in places.items():
            yield from (dict(zip(NAMES, (subject, setting, deed), strict=True)) for deed in deeds)


def _expected(rows: list[Said], said: Said) -> list[Said]:
    """The rows where such weather belongs, if there are any."""
    if said.get("weather", "clear") == "clear":
        return rows
    return [row for row in rows if row["setting"] not in _DRY] or rows


def _drawn(rows: list[Said], rng: random.Random) -> Said:
    """One of the rows, every place alike, then every subject there, then every deed."""
    for name in ("setting", "subject", "action"):
        value = rng.choice(sorted({row[name] for row in rows}))
        rows = [row for row in rows if row[name] == value]
    return rows[0]


def _timed(said: Said) -> Said:
    return {"time": "day"} | said if said.get("setting") in _TIMELESS else said
