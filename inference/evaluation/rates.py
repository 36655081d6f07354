"""The attributes that a scene's caption can be held to, and how often they are read right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from inference.rates import Rate, rate
from inference.train.world import OUTDOORS, Scene


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
