"""How far clips are what their captions say, read by readers trained on renders alone, beside renders and baselines.

`volary eval adherence` runs it. Scenes are of combinations that were never trained on, neither by generator nor probe.
Figures are taken from rows (`rows`), which `making` makes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from inference import weights
from inference.evaluation import ear, identity, making, picture, rows, sync
from inference.evaluation.clips import Say
from inference.evaluation.distance import frechet
from inference.evaluation.making import Wanted
from inference.evaluation.picture import Classes
from inference.evaluation.rates import gaps, plain, recovered, spread
from inference.evaluation.rows import Judged, Key
from inference.generator.loudness import TARGET
from inference.generator.pipeline import Generator
from inference.rates import rate
from inference.train.probe import held_out, impacts, is_heavy
from inference.train.world import Scene

LEAST = 4  # scenes that distances can be taken of
_UNPLANNED = ("retrieved", "wordless", "from_image")  # sets that were not asked for a scene's impacts


def measure(wanted: Wanted, say: Say, generator: Generator | None = None) -> dict[str, Any]:
    """All figures as one document of plain values, from the rows that are there and those it makes.

    Raises WeightsError if weights are not as their manifest says, ValueError if fewer than four scenes have all rows.
    """
    kept, by = making.make(wanted, say, generator)
    sets, kin = _sets(wanted, kept)
    config = weights.manifest(wanted.probe)["config"]
    real, first = sets["renders"], wanted.wordings[0]
    out = {name: _rates(each, kin, config) for name, each in sets.items() if name != "reference"}
    out["shuffled"] = _rates(sets[first], [*kin[1:], kin[0]], config)
    reference = sets.pop("reference")
    return {
        "versions": {"makers": by, "torch": torch.__version__, "numpy": np.__version__},
        "asked": wanted.count,
        "count": len(kin),
        "recovered": out,
        "gaps": {n: _gap((sets["en"], sets[n]), kin, config) for n in ("fr", "paraphrase") if {"en", n} <= set(sets)},
        "frechet": _distances(sets, reference),
        "proxies": {name: _smoothness(each) for name, each in sets.items()},
        "sound": {name: soundness(each) for name, each in sets.items()},
        "sync": {name: synchrony(each, kin) for name, each in sets.items() if name not in _UNPLANNED},
        "readers": _own(real, kin),
        "identity": likeness(real, kin, sets.get("from_image")),
    }


def _sets(wanted: Wanted, kept: dict[Key, dict[str, Any]]) -> tuple[dict[str, Judged], list[Scene]]:
    """The sets over the scenes that have a clip in each of the whole sets, and those scenes; the other sets hold the
    first of them."""
    names = list(dict.fromkeys(name for name, _ in making.tasks(wanted)))
    places = [place for place in range(wanted.count) if all((name, place) in kept for name in making.whole(wanted))]
    if len(places) < LEAST:
        raise ValueError(f"{len(places)} scenes have a clip in every set; figures need at least {LEAST}")
    of = {name: [kept[name, p] for p in takewhile(lambda p, n=name: (n, p) in kept, places)] for name in names}
    scenes = held_out(wanted.count)
    return {name: rows.together(found) for name, found in of.items() if found}, [scenes[place] for place in places]


def _rates(found: Judged, kin: Sequence[Scene], config: dict[str, Classes]) -> dict[str, Any]:
    """What is read of a set, of as many scenes as it has."""
    some = kin[: len(found.reading.vectors)]
    seen = recovered(found.reading.values(config["classes"]), some)
    heard = recovered(found.hearing.values(config["heard"]), some)
    return {"picture": plain(seen), "sound": plain(heard)}


def _gap(pair: tuple[Judged, Judged], kin: Sequence[Scene], config: dict[str, Classes]) -> dict[str, Any]:
    one, other = (each.reading.values(config["classes"]) for each in pair)
    return gaps(one, other, kin)


def _distances(sets: dict[str, Judged], reference: Judged) -> list[dict[str, Any]]:
    """Fréchet distances to other renders, over as many clips of each set as the smallest has, and over all clips of
    those that have all: only distances over the same number compare."""
    sizes = {name: len(each.reading.vectors) for name, each in sets.items() if name != "from_image"}
    out = []
    for count in sorted(set(sizes.values())):
        if count < LEAST:
            continue
        parts = {n: sets[n].pick(range(count)) for n, size in sizes.items() if size >= count}
        out.append(
            {"clips": count, "sets": {n: _distance(each, reference.pick(range(count))) for n, each in parts.items()}}
        )
    return out


def _distance(one: Judged, reference: Judged) -> dict[str, float]:
    return {
        "picture": frechet(one.reading.vectors, reference.reading.vectors),
        "sound": frechet(one.hearing.vectors, reference.hearing.vectors),
    }


def _smoothness(found: Judged) -> dict[str, dict[str, float]]:
    return {
        "temporal_consistency": spread(list(found.plain["consistency"])),
        "flow_jerk_px": spread(list(found.plain["jerk"])),
    }


def soundness(found: Judged) -> dict[str, Any]:
    """How many sounds are audible, do not clip, and are within 2 LU of the target, and their loudness."""
    levels = found.plain["lufs"]
    rates = {
        "audible": rate(bool(each) for each in found.plain["audible"]),
        "unclipped": rate(bool(each) for each in found.plain["unclipped"]),
        "loudness": rate(bool(abs(level - TARGET) <= 2) for level in levels),
    }
    return {**plain(rates), "lufs": spread([level for level in levels if np.isfinite(level)])}


def synchrony(found: Judged, kin: Sequence[Scene]) -> dict[str, Any]:
    """Impacts (bounces, falls, jumps) and steps apart; beside each, chance: the sounds of the next such scene."""
    out = {}
    for name, is_kind in (("impacts", is_heavy), ("steps", lambda s: bool(impacts(s)) and not is_heavy(s))):
        places = [place for place, scene in enumerate(kin[: len(found.reading.impacts)]) if is_kind(scene)]
        if not places:
            continue
        causes = [sync.moments(found.reading.impacts[p], picture.RATE, sync.SEEN) for p in places]
        sounds = [sync.moments(found.hearing.impacts[p], ear.FRAME_RATE, sync.HEARD) for p in places]
        out[name] = {
            **asdict(sync.compare(causes, sounds)),
            "chance": asdict(
                sync.compare(causes, [*sounds[1:], sounds[0]]) if len(places) > 1 else sync.compare([], [])
            ),
        }
    return out


def _own(real: Judged, kin: Sequence[Scene]) -> dict[str, Any]:
    """What the two readers of impacts find of those in real renders."""
    wanted = [impacts(scene) for scene in kin]
    eye = [sync.moments(each, picture.RATE, sync.SEEN) for each in real.reading.impacts]
    ears = [sync.moments(each, ear.FRAME_RATE, sync.HEARD) for each in real.hearing.impacts]
    out = {}
    for name, is_kind in (("impacts", is_heavy), ("steps", lambda s: bool(impacts(s)) and not is_heavy(s))):
        picks = [place for place, scene in enumerate(kin) if is_kind(scene)]
        out[name] = {
            who: plain(sync.shares_found([wanted[p] for p in picks], [found[p] for p in picks]))
            for who, found in (("eye", eye), ("ear", ears))
        }
    return out


def likeness(real: Judged, kin: Sequence[Scene], from_image: Judged | None) -> dict[str, Any]:
    """Cosines of pairs of renders, and of clips made from a render's middle frame with that render's own figure."""
    figures = real.reading.subjects
    centre = figures.mean(0)
    kinds = [np.array(each) for each in identity.pairs(kin)]
    if not all(len(each) for each in kinds):
        return {"skipped": f"{len(kin)} scenes hold no two of the same subject and colour"}
    same, different = (identity.cosines(figures[each[:, 0]], figures[each[:, 1]], centre) for each in kinds)
    out: dict[str, Any] = {"renders": asdict(identity.compare(same, different))}
    if from_image is not None:
        made = from_image.reading.subjects
        out["from_image"] = spread(list(identity.cosines(made, figures[: len(made)], centre)))
    return out


def write(found: dict[str, Any], path: Path) -> None:
    """The document as JSON; numbers that are not finite become null."""
    path.write_text(json.dumps(_finite(found), indent=1) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
