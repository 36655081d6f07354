"""Chooses where the prompt classifier's scores begin to mean "a person should look" and "refuse"; it fits no weights.

Two lines for each head, both chosen on the tune part: the lower becomes a score of 0.5, where the policy holds, the
upper one of `SURE`, where it refuses at once. Each finds as many unsafe texts as its budgets of harmless ones allow.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from inference.safety.evaluation import SURE
from inference.train.prompt_data import Row

GROUPS = {
    "plain": {"plain_benign"},
    "alike": {"twin", "overt_benign", "hard_benign"},
    "twins": {"twin"},
    "speech": {"speech"},
    "signs": {"sign"},
    "prose": {"general_benign"},
    "named": {"named_scene"},
    "sought": {"core", "overt_unsafe", "llm_unsafe"},
}
PARTS = (0.01, 0.03, 0.1, 0.25, 0.5)
MOVES = np.geomspace(0.0005, 0.95, 150)  # of unsafe texts and look-alikes, where a moved line may lie
NEAREST = 0.25  # by how many logits the upper line is above the lower, at least


@dataclass(frozen=True)
class Budget:
    """The most of each kind of harmless text of the tune part that may reach a line, and the shares to search."""

    plain: float
    alike: float
    twins: float
    speech: float
    signs: float
    prose: float
    named: float
    most: float
    least: float


HELD = Budget(0.018, 0.17, 0.17, 0.12, 0.05, 0.7, 0.06, 0.04, 0.002)
REFUSED = Budget(0.004, 0.025, 0.025, 0.03, 0.01, 0.4, 0.005, 0.02, 0.0003)


def of_rows(logits: np.ndarray, owners: list[Row]) -> tuple[np.ndarray, list[Row]]:
    """The highest logits [rows, heads] of every row's parts, as serving judges a text, and the rows."""
    starts = [at for at, row in enumerate(owners) if at == 0 or row.id != owners[at - 1].id]
    return np.maximum.reduceat(logits, starts), [owners[at] for at in starts]


def operating_points(logits: np.ndarray, rows: list[Row]) -> tuple[np.ndarray, np.ndarray]:
    """Each head's line [heads] and slope [heads]: a logit on the line scores 0.5, one on the upper line `SURE`.

    Raises ValueError where no line keeps within a budget.
    """
    held, refused = (line(logits, rows, budget) for budget in (HELD, REFUSED))
    slope = np.log(SURE / (1 - SURE)) / np.maximum(refused - held, NEAREST)
    return held, slope.astype(np.float32)


def line(logits: np.ndarray, rows: list[Row], budget: Budget) -> np.ndarray:
    """The lines [heads] that find most of the unsafe texts within a budget.

    First a head's line is a quantile of the plain benign texts' logits and one of the look-alikes'. The head for any
    harm may flag more than the others, which add to it only where they are very sure: searched are its share, theirs
    as a part of it, and how many times more of the look-alikes may be flagged. Then each head's line is moved alone.
    """
    of = {name: np.array([row.group in groups for row in rows]) for name, groups in GROUPS.items()}
    best, found = -1.0, None
    shares = np.geomspace(budget.most, budget.least, 24)
    for share, part, times in itertools.product(shares, PARTS, (1.5, 2, 3, 5, 8)):
        own = np.append(np.full(logits.shape[1] - 1, share * part), share)
        points = np.maximum(
            _quantiles(logits[of["plain"]], own), _quantiles(logits[of["alike"]], np.minimum(0.9, times * own))
        )
        flagged = (logits > points).any(axis=1)
        if _is_within(flagged, of, budget) and flagged[of["sought"]].mean() > best:
            best, found = float(flagged[of["sought"]].mean()), points.astype(np.float32)
    if found is None:
        raise ValueError(f"no operating point keeps the false positives within {budget}")
    return _moved(logits, of, budget, found)


def _moved(logits: np.ndarray, of: Mapping[str, np.ndarray], budget: Budget, points: np.ndarray) -> np.ndarray:
    """Each head's line moved in turn while that finds more: one share of plain texts does not fit every head."""
    points, found = points.copy(), (0.0, -1.0)
    while (now := _gain(np.any(logits > points, axis=1), of)) > found:
        found = now
        for head in range(logits.shape[1]):
            others = np.any(np.delete(logits, head, axis=1) > np.delete(points, head), axis=1)
            asked = np.quantile(logits[of["sought"] | of["alike"], head], 1 - MOVES).astype(np.float32)
            tried = [(others | (logits[:, head] > point), point) for point in (points[head], *asked)]
            within = [(flagged, point) for flagged, point in tried if _is_within(flagged, of, budget)]
            points[head] = max(within, key=lambda each: _gain(each[0], of))[1]
    return points


def _is_within(flagged: np.ndarray, of: Mapping[str, np.ndarray], budget: Budget) -> bool:
    return all(flagged[of[name]].mean() <= getattr(budget, name) for name in GROUPS if name != "sought")


def _gain(flagged: np.ndarray, of: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """How much is found, then how little is held."""
    return float(flagged[of["sought"]].mean()), -float(flagged[of["alike"]].mean())


def _quantiles(logits: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """What each column's highest `shares` [heads] are above."""
    return np.array([np.quantile(column, 1 - share) for column, share in zip(logits.T, shares, strict=True)])
