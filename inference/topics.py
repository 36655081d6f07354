"""Says under which topic of the catalogue a few words fall, also words that no list holds: "hedgehogs", "du reggae".

The vector that the words have in the space of meanings is compared with examples of every topic and of none; what is
near weighs in. It reads no sentence and finds no subject in one.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors.numpy

from inference.safety.packaged import manifest, own_file
from inference.ways import Space

FILE = "topics.safetensors"
NONE = "-"  # how the examples of no topic are called


class Topics:
    """Holds the weights; safe to use from several threads."""

    def __init__(self, names: Sequence[str], space: Space, weights: np.ndarray, bias: np.ndarray) -> None:
        self.names = tuple(names)
        self._space, self._weights, self._bias = space, weights, bias

    @classmethod
    def load(cls, folder: Path) -> "Topics":
        """Read the weights named in the folder's manifest. Raises WeightsChanged where the digest is another."""
        entry = manifest(folder)["files"][FILE]
        found = safetensors.numpy.load(own_file(folder, FILE))
        rows = found["rows"].astype(np.float32) * found["step"]
        space = Space(found["centre"], found["spread"], found["axes"].astype(np.float32), rows)
        return cls(entry["topics"], space, found["weights"].astype(np.float32), found["bias"])

    def scores(self, vectors: np.ndarray) -> list[dict[str, float]]:
        """For each of [n, 512] meanings how much speaks for each topic: near 1 for what is sure, `NONE` for none."""
        if not len(vectors):
            return []
        return [self._scored(vector[None]) for vector in vectors]

    def _scored(self, vector: np.ndarray) -> dict[str, float]:
        row = (self._space.likeness(vector) @ self._weights + self._bias)[0]
        return dict(zip(self.names, (round(float(each), 3) for each in row), strict=True))
