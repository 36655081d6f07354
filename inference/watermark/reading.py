"""What a blind reading of a mark says, and the chance arithmetic that picture and sound share."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from inference.watermark.payload import Format

FALSE_POSITIVE_RATE = 1e-6


@dataclass(frozen=True)
class Reading:
    """`payload` is None where nothing passes FALSE_POSITIVE_RATE; `ranges` are (start, end) seconds that hold it.

    `p_value` bounds how likely an unmarked file, or one marked under another key, looks as marked as this: of the
    pilot alone where no payload is claimed (uniform on unmarked files), of the whole mark where one is.
    `confidence` is 1 where every coded bit agrees with the payload and 0 where half of them do.
    """

    payload: int | None
    p_value: float
    confidence: float
    ranges: tuple[tuple[float, float], ...] = ()


NOTHING = Reading(None, 1.0, 0.0)


def score(evidence: np.ndarray) -> float:
    """Standard score of signed evidence: under a wrong key the signs are fair coins, so mean 0 and variance 1."""
    spread = float(np.sqrt(np.sum(np.square(evidence, dtype=np.float64))))
    return float(np.sum(evidence, dtype=np.float64)) / spread if spread > 0 else 0.0


def chance_of(best: float) -> float:
    """How likely one standard score reaches `best` by chance."""
    return float(ndtr(-best))


def chance_of_best(scores: np.ndarray, evidence: np.ndarray) -> float:
    """How likely the best of neighbouring scores is this good by chance; `evidence` (tries, chips) made them.

    Neighbouring places share most of their evidence, so their scores move together. How far follows from the
    evidence itself, whatever the key, and the row of scores is taken as a Markov chain with that correlation:
    counting them as independent would be safe too, but far from uniform.
    """
    best, norms = float(scores.max()), np.sqrt(np.sum(np.square(evidence, dtype=np.float64), axis=1)) + 1e-12
    together = np.sum(evidence[1:] * evidence[:-1], axis=1, dtype=np.float64) / (norms[1:] * norms[:-1])
    one = float(ndtr(-best))
    another = max(0.0, one - _both_above(best, float(np.clip(together.mean(), 0, 0.9999)))) / max(1 - one, 1e-300)
    return float(-np.expm1(np.log1p(-min(one, 1 - 1e-16)) + (len(scores) - 1) * np.log1p(-min(another, 1 - 1e-16))))


def _both_above(level: float, correlation: float) -> float:
    """How likely two standard normal scores with this correlation are both above a level."""
    points, weights = np.polynomial.legendre.leggauss(64)
    above = level + 5 * (points + 1)
    density = np.exp(-(above**2) / 2) / np.sqrt(2 * np.pi)
    return float(np.sum(5 * weights * density * ndtr((correlation * above - level) / np.sqrt(1 - correlation**2))))


def chance_of_payload(agreement: float, form: Format, tries: int) -> float:
    """How likely any payload at all agrees this well at any of `tries` places by chance.

    A union over every payload of Hoeffding's bound exp(-z^2 / 2), which holds for fair signs on any evidence.
    """
    exponent = form.bits * np.log(2) + np.log(tries) - max(0.0, agreement) ** 2 / 2
    return float(np.exp(min(0.0, exponent)))


def merged(ranges: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Ranges in order, joined where they touch."""
    joined: list[tuple[float, float]] = []
    for start, end in ranges:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)
