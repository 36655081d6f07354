"""Texts as points in a space of meanings, the same for all languages; it classifies nothing.

The sentence encoder is the one of the prompt screen (Universal Sentence Encoder, multilingual): 512 numbers of
length one, whose products are cosines. Topics are told by `inference.topics`, from the same vectors.
"""

import base64
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

import numpy as np

from events.inference import Embed, Embedded, Heard
from inference.safety.features import word_code

LONGEST_TEXT = 1000
MOST_KEPT = 4096


class Encoder(Protocol):
    def encode(self, texts: list[str]) -> np.ndarray:
        """[n] texts -> [n, 512] float32 rows of length one."""
        ...


class Directions(Protocol):
    def scores(self, frames: Sequence[str]) -> list[dict[str, float]]:
        """How much speaks for each way that a wish may go."""
        ...


class Placing(Protocol):
    def scores(self, vectors: np.ndarray) -> list[dict[str, float]]:
        """How much speaks for each topic, of meanings [n, 512]."""
        ...


class Hearing(Protocol):
    def hear(self, text: str) -> Heard:
        """What a whole text is, and which of its words are meant."""
        ...


@dataclass
class Meanings:
    """Keeps the anchors it has seen, because the same few hundred are asked about with every sentence."""

    encoder: Encoder
    vocabulary: AbstractSet[int]
    ways: Directions
    topics: Placing
    talk: Hearing
    _kept: dict[str, np.ndarray] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def embed(self, request: Embed) -> Embedded:
        """Vectors of the texts, their cosines to the anchors to three places, and the words nobody taught us."""
        rows = self._rows(request.texts)
        likeness: tuple[tuple[float, ...], ...] = ()
        if request.anchors:
            cosines = rows @ self._anchors(request.anchors).T
            likeness = tuple(tuple(round(float(value), 3) for value in row) for row in cosines)
        unknown = tuple(word for word in dict.fromkeys(request.words) if word_code(word) not in self.vocabulary)
        packed = (base64.b64encode(row.astype("<f2").tobytes()).decode() for row in rows)
        ways = tuple(self.ways.scores(request.frames))
        topics = tuple(self.topics.scores(rows)) if request.subjects else ()
        heard = self.talk.hear(request.talk) if request.talk.strip() else None
        return Embedded(
            vectors=tuple(packed), likeness=likeness, unknown=unknown, ways=ways, topics=topics, heard=heard
        )

    def _rows(self, texts: Sequence[str]) -> np.ndarray:
        """[n, 512]. One text at a time: a batch rounds differently, and the same words must give the same numbers."""
        if not texts:
            return np.zeros((0, 512), np.float32)
        return np.concatenate([self.encoder.encode([text[:LONGEST_TEXT]]) for text in texts])

    def _anchors(self, texts: Sequence[str]) -> np.ndarray:
        with self._lock:
            if len(self._kept) > MOST_KEPT:
                self._kept.clear()
            for text in texts:
                if text not in self._kept:
                    self._kept[text] = self._rows([text])[0]
            return np.stack([self._kept[text] for text in texts])
