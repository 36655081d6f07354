"""Whether sounds fall on what is seen to cause them: impacts read in the picture beside impacts heard in the sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inference.evaluation.rates import spread
from inference.rates import Rate, rate

FRAME = 1 / 12  # seconds: the tolerance, one frame of the picture
SEEN, HEARD = 0.2, 0.4  # how likely an impact must be to count; chosen by `inference.train.thresholds`
_APART = 0.2  # seconds within which two peaks are one impact
_MARGIN = 0.1  # seconds at both ends of a clip, where half of an impact is cut off


@dataclass(frozen=True)
class Sync:
    """Of the clips with an impact in the picture: how many have theirs in the sound within a frame, and the median
    and quartiles of the lags in milliseconds. `seen` says in how many of all clips an impact was seen."""

    seen: Rate
    on_time: Rate
    lag_ms: dict[str, float]


def moments(likelihood: np.ndarray, frame_rate: float, least: float) -> np.ndarray:
    """Seconds of the peaks of a likelihood (T,) that reach `least`, between frames by a parabola through three."""
    length = len(likelihood)
    order = [place for place in np.argsort(-likelihood) if likelihood[place] >= least]
    found: list[float] = []
    for place in order:
        at = (place + _between(likelihood, place)) / frame_rate
        inside = _MARGIN <= at <= length / frame_rate - _MARGIN
        if inside and all(abs(at - other) >= _APART for other in found):
            found.append(at)
    return np.array(sorted(found))


def _between(values: np.ndarray, place: int) -> float:
    """Where in -0.5..0.5 of a peak's frame its top is."""
    if not 0 < place < len(values) - 1:
        return 0.0
    before, top, after = values[place - 1 : place + 2]
    bend = before - 2 * top + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < -1e-9 else 0.0


def lags(causes: np.ndarray, sounds: np.ndarray) -> np.ndarray:
    """For each cause, the seconds to the sound nearest to it; infinite where there is no sound."""
    if not len(causes) or not len(sounds):
        return np.full(len(causes), np.inf)
    apart = sounds[None] - causes[:, None]
    return apart[np.arange(len(causes)), np.abs(apart).argmin(1)]


def compare(causes: Sequence[np.ndarray], sounds: Sequence[np.ndarray]) -> Sync:
    """A clip is on time if at least half of its seen impacts have a sound within one frame."""
    pairs = [(lags(one, other)) for one, other in zip(causes, sounds, strict=True) if len(one)]
    on_time = rate(float(np.median(np.abs(found))) <= FRAME for found in pairs)
    every = [1000 * abs(lag) for found in pairs for lag in found if np.isfinite(lag)]
    return Sync(rate(len(one) > 0 for one in causes), on_time, spread(every))


def shares_found(wanted: Sequence[Sequence[float]], found: Sequence[np.ndarray]) -> dict[str, Rate]:
    """A reader's own accuracy: how many of the true moments it finds within a frame (`recall`), and how many that it
    finds are true (`precision`). Moments in the margins are not asked for."""
    true = [np.array([t for t in moments_ if _MARGIN < t < 4 - _MARGIN]) for moments_ in wanted]
    recall = [abs(lag) <= FRAME for one, other in zip(true, found, strict=True) for lag in lags(one, other)]
    precision = [abs(lag) <= FRAME for one, other in zip(true, found, strict=True) for lag in lags(other, one)]
    return {"recall": rate(recall), "precision": rate(precision)}
