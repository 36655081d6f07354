"""Shares with their 95 % intervals, for every evaluation; it knows nothing of what is counted."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """`hits` of `of`, its share, and the 95 % interval of Wilson's score (1927), to four digits."""

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
        return Rate(0, 0, math.nan, 0.0, 1.0)
    share, square = hits / of, z * z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = z / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Rate(int(hits), of, round(float(share), 4), round(low, 4), round(high, 4))


def rate(outcomes: Iterable[bool]) -> Rate:
    """The share of outcomes that are true."""
    found = list(outcomes)
    return wilson(sum(found), len(found))
