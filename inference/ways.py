"""Reads which way a wish goes from examples: more, less, nothing of it, small talk … whatever its subject is.

A sentence whose subject is masked is compared with every example in two spaces, one of meanings and one in which word
order and negation count; what is near weighs in. It finds no subject and decides nothing alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy

from inference.meaning import Encoder
from inference.safety.packaged import manifest, own_file

FILE = "ways.safetensors"
MASKED, MASK = "{}", "robots"  # the same word in every language that the examples are in
POWER = 6  # of the likeness: far examples count next to nothing
LONGEST = 300


@dataclass(frozen=True)
class Space:
    """Examples as rows of length one around `centre`, each number divided by `spread` before."""

    encoder: Encoder
    centre: np.ndarray
    spread: np.ndarray
    rows: np.ndarray

    def likeness(self, texts: Sequence[str]) -> np.ndarray:
        """[texts, examples] from 0 to 1. One text at a time: a batch rounds differently."""
        found = np.concatenate([self.encoder.encode([text]) for text in texts])
        return ((1 + placed(found, self.centre, self.spread) @ self.rows.T) / 2) ** POWER


def placed(vectors: np.ndarray, centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """[n, width] -> rows of length one around the centre."""
    moved = (vectors - centre) / spread
    return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)


class Ways:
    """Holds the weights; safe to use from several threads."""

    def __init__(self, names: Sequence[str], spaces: Sequence[Space], weights: np.ndarray, bias: np.ndarray) -> None:
        self.names = tuple(names)
        self._spaces, self._weights, self._bias = tuple(spaces), weights, bias

    @classmethod
    def load(cls, folder: Path, encoders: Sequence[Encoder]) -> "Ways":
        """Read the weights named in the folder's manifest. Raises WeightsChanged where the digest is another."""
        entry = manifest(folder)["files"][FILE]
        found = safetensors.numpy.load(own_file(folder, FILE))
        spaces = [
            Space(
                encoder,
                found[f"centre{place}"],
                found[f"spread{place}"],
                found[f"rows{place}"].astype(np.float32) * found[f"step{place}"],
            )
            for place, encoder in enumerate(encoders)
        ]
        return cls(entry["ways"], spaces, found["weights"].astype(np.float32), found["bias"])

    def scores(self, frames: Sequence[str]) -> list[dict[str, float]]:
        """For each frame, a wish with "{}" for its subject, how much speaks for each way: near 1 for what is sure."""
        if not frames:
            return []
        texts = [frame.replace(MASKED, MASK)[:LONGEST] for frame in frames]
        near = np.add.reduce([space.likeness(texts) for space in self._spaces])
        rows = near @ self._weights + self._bias
        return [dict(zip(self.names, (round(float(each), 3) for each in row), strict=True)) for row in rows]
