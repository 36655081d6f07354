"""Shares with their 95 % Wilson intervals, and the attributes a scene's caption can be held to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from inference.train.world import OUTDOORS, Scene


@dataclass(frozen=True)
class Rate:
    """`hits` of `of`, its share, and the 95 % interval of Wilson's score (1927)."""

    hits: int
    of: int
    rate: float
    low: float
    high: float


def wilson(hits: int, of: int, z: float = 1.96) -> Rate:
    """Raises ValueError for a count that is no part of the whole; of nothing, the interval is all of 0..1."""
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} hits of {of}")
    if of == 0:
        return Rate(0, 0, float("nan"), 0.0, 1.0)
    share, square = hits / of, z * z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = z / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    return Rate(int(hits), of, float(share), max(0.0, middle - half), min(1.0, middle + half))


def rate(outcomes: Iterable[bool]) -> Rate:
    found = list(outcomes)
    return wilson(sum(found), len(found))


def is_sayable(scene: Scene, attribute: str) -> bool:
    """Whether the attribute shows in such a scene: space and the deep have no time, only outdoors has weather."""
    if attribute == "time":
        return scene.setting not in ("space", "underwater")
    return attribute != "weather" or scene.setting in OUTDOORS


def recovered(found: dict[str, list[str]], kin: Sequence[Scene]) -> dict[str, Rate]:
    """How often each attribute is read as its scene has it, over the scenes that can show it."""
    return {
        name: rate(v == getattr(s, name) for v, s in zip(values, kin, strict=True) if is_sayable(s, name))
        for name, values in found.items()
    }


def gaps(one: dict[str, list[str]], other: dict[str, list[str]], kin: Sequence[Scene]) -> dict[str, Any]:
    """By how much less is read right of the other set than of the one, scene by scene: of each attribute and of their
    mean, in shares, with what 95 % of 1,000 redrawings of the scenes give."""
    rng = np.random.default_rng(1)
    count = min(len(next(iter(found.values()))) for found in (one, other))
    kin = kin[:count]
    redrawn = rng.integers(0, count, (1000, count))
    out, all_ = {}, []
    for name in one:
        right = [
            np.array([v == getattr(s, name) for v, s in zip(f[name], kin, strict=False)], float) for f in (one, other)
        ]
        says = np.array([is_sayable(s, name) for s in kin], float)
        lost = (right[0] - right[1]) * says
        drawn = lost[redrawn].sum(1) / np.maximum(says[redrawn].sum(1), 1)
        all_.append((lost.sum() / max(says.sum(), 1), drawn))
        out[name] = _interval(*all_[-1])
    out["mean"] = _interval(float(np.mean([each for each, _ in all_])), np.mean([each for _, each in all_], axis=0))
    return out


def _interval(middle: float, drawn: np.ndarray) -> dict[str, float]:
    low, high = np.percentile(drawn, (2.5, 97.5))
    return {"gap": float(middle), "low": float(low), "high": float(high)}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and quartiles; NaN of nothing."""
    if not len(values):
        return {"median": float("nan"), "low": float("nan"), "high": float("nan")}
    low, middle, high = np.percentile(values, (25, 50, 75))
    return {"median": float(middle), "low": float(low), "high": float(high)}


def plain(rates: dict[str, Rate]) -> dict[str, dict[str, Any]]:
    return {name: asdict(each) for name, each in rates.items()}
