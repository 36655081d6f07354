"""How like two subjects are in the probe's space: cosines of the figures in pairs of clips, and how well they part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inference.evaluation.rates import spread
from inference.train.world import Scene


@dataclass(frozen=True)
class Likeness:
    """Cosines of pairs, each as median and quartiles, and how often one of the first kind beats one of the second."""

    same: dict[str, float]
    different: dict[str, float]
    auc: float


def cosines(one: np.ndarray, other: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Cosines (N,) of figures (N,D) with figures (N,D), both taken from the centre (D,) of many renders."""
    first, second = one - centre, other - centre
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return (first * second).sum(1) / np.maximum(norms, 1e-9)


def pairs(kin: Sequence[Scene]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Pairs of different scenes with the same subject in the same colour, and with another subject or colour."""
    same, different = [], []
    for one in range(len(kin)):
        for other in range(one):
            is_same = (kin[one].subject, kin[one].colour) == (kin[other].subject, kin[other].colour)
            (same if is_same else different).append((one, other))
    return same, different


def compare(same: np.ndarray, different: np.ndarray) -> Likeness:
    """Of the cosines of both kinds; raises ValueError if there are none of one kind."""
    if not len(same) or not len(different):
        raise ValueError(f"{len(same)} pairs of the same subject, {len(different)} of different ones")
    wins = (same[:, None] > different[None]).mean() + 0.5 * (same[:, None] == different[None]).mean()
    return Likeness(spread(list(same)), spread(list(different)), float(wins))
