"""What a blind reading of a mark says, and the chance arithmetic that picture and sound share."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from inference.watermark.payload import Format

FALSE_POSITIVE_RATE = 1e-6
PILOT_LEAST = 0.05


@dataclass(frozen=True)
class Reading:
    """`payload` is None where nothing passes FALSE_POSITIVE_RATE; `ranges` are (start, end) seconds that hold it."""

    payload: int | None
    p_value: float
    confidence: float
    ranges: tuple[tuple[float, float], ...] = ()


NOTHING = Reading(None, 1.0, 0.0)


def score(evidence: np.ndarray) -> float:
    """Standard score of signed evidence: under a wrong key the signs are fair coins, so mean 0 and variance 1."""
    spread = float(np.sqrt(np.sum(np.square(evidence, dtype=np.float64))))
    return float(np.sum(evidence, dtype=np.float64)) / spread if spread > 0 else 0.0


def chance_of(best: float, tries: int) -> float:
    """How likely the best of `tries` standard scores reaches `best` by chance."""
    return float(-np.expm1(tries * np.log1p(-min(float(ndtr(-best)), 1 - 1e-16))))


def decide(pilot: float, payload: int | None, form: Format, tries: int) -> tuple[int | None, float]:
    """The payload that may be claimed and the p-value: the pilot's, times the checksum's where that held."""
    if payload is None or pilot > PILOT_LEAST:
        return None, pilot
    joint = pilot * form.chance * tries
    return (payload, joint) if joint <= FALSE_POSITIVE_RATE else (None, pilot)


def merged(ranges: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Ranges in order, joined where they touch."""
    joined: list[tuple[float, float]] = []
    for start, end in ranges:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)
