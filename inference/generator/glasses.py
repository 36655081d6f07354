"""Tells from a straightened head whether it wears glasses, by the edges around the eyes. Learned from photographs with
and without, half of them painted on (`inference.train.glasses`); it reads nothing else of a face."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from inference.generator.hair import LUMA
from inference.weights import load_safetensors

FILE = "glasses.safetensors"
_ACROSS, _DOWN = (
    np.linspace(-0.55, 1.55, 32),
    np.linspace(-0.35, 0.75, 18),
)  # in gaps between the eyes
_EYES = ((33, 133), (263, 362))  # of the mesh: outer and inner corners


class HeadSeen(Protocol):
    """`colours` (S,S,3) in 0..1 and `points` (468,2) in pixels."""

    @property
    def colours(self) -> np.ndarray: ...
    @property
    def points(self) -> np.ndarray: ...


class Glasses:
    """A linear judgement of the edges; `weight` (576,) and `bias`."""

    def __init__(self, weight: np.ndarray, bias: float) -> None:
        self.weight, self.bias = weight, bias

    @classmethod
    def load(cls, folder: Path) -> Glasses:
        """From the folder of the likeness weights. Raises WeightsError."""
        found = load_safetensors(folder, FILE)
        return cls(found["weight"].double().numpy(), float(found["bias"]))

    def sure(self, head: HeadSeen) -> float:
        """Above 0 where the head wears glasses."""
        return float(edges(head) @ self.weight + self.bias)


def edges(head: HeadSeen) -> np.ndarray:
    """How steep the picture is across and down at places (576,) about both eyes, each the mean of both sides."""
    tones = np.log(blurred(head.colours @ LUMA) + 0.05)
    left, right = ((head.points[outer] + head.points[inner]) / 2 for outer, inner in _EYES)
    along = right - left
    down = np.array([-along[1], along[0]])
    places = left + _ACROSS[None, :, None] * along + _DOWN[:, None, None] * down
    seen = _between(tones, places)
    steep = np.stack([np.abs(np.gradient(seen, axis=axis)) for axis in (0, 1)])
    both = (steep + steep[:, :, ::-1]) / 2
    return np.sqrt(both[:, :, : len(_ACROSS) // 2] + 1e-3).ravel()


def blurred(values: np.ndarray) -> np.ndarray:
    """Each value (H,W) as the mean of its nine."""
    wide = np.pad(values, 1, mode="edge")
    rows = (wide[:-2] + wide[1:-1] + wide[2:]) / 3
    return np.asarray((rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 3)


def _between(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Values (H,W) at places (...,2) across and down, by the four around each; outside, the rim's."""
    across, down = (np.clip(places[..., at], 0, values.shape[1 - at] - 1.001) for at in (0, 1))
    column, row = across.astype(int), down.astype(int)
    right, low = across - column, down - row
    upper = values[row, column] * (1 - right) + values[row, column + 1] * right
    lower = values[row + 1, column] * (1 - right) + values[row + 1, column + 1] * right
    return np.asarray(upper * (1 - low) + lower * low)
