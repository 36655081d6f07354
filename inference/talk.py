"""Hears what a whole text is — a wish, small talk, a question … — and which of its words name what a wish is about.

A small transformer over the states of the encoder that the prompt screen has, whose upper layers were changed narrowly
for this; both learned from texts in English and French (`inference.train.talk`). It places no subject under a topic
and reads neither strength nor duration.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy

from events.inference import Heard, HeardWord
from inference.encoder import MOST_PIECES, PREFIX, Encoder, Packed
from inference.safety.packaged import own_file

FILE = "talk.safetensors"
KINDS = ("reject", "steer", "reset", "undo", "query", "noop")  # the first that a part of a text is, the whole is
ABOUT = "about"  # what a question or a forgetting is about
WAYS = ("more", "less", "block", "only", "keep", "unblock", ABOUT)
DEPTHS = (4, 8, 12)  # layers of the encoder that are looked at
BLOCKS, HEADS = 2, 4
LONGEST = 1000
CHANGES = "changes"  # what was learned beside the encoder's matrices, among the numbers of the networks
_WORD = re.compile(
    r"@[\w.\-]*\w|(?:[cdjlmnst]|qu|lorsqu|puisqu|jusqu|quelqu)['’](?=\w)|\w+(?:['’]\w+)*"
    r"|[^\w\s\u200d\ufe0f\U0001F3FB-\U0001F3FF]",
    re.IGNORECASE,
)


def places(text: str) -> list[tuple[int, int]]:
    """Where the words and marks of a text stand."""
    return [found.span() for found in _WORD.finditer(text[:LONGEST])]


def split(words: Sequence[str], cut: Callable[[str], Sequence[int]]) -> tuple[list[int], np.ndarray]:
    """The pieces of a text, the marks around it among them, and for each of the others the number of its word.

    Words are `cut` one by one, so that each has pieces of its own; what goes beyond the longest text is not there.
    """
    begin, *ahead, end = cut(PREFIX.strip())
    apart = [cut(word)[1:-1] for word in words]
    owner = [place for place, each in enumerate(apart) for _ in each][: MOST_PIECES - len(ahead) - 2]
    return [begin, *ahead, *[piece for each in apart for piece in each][: len(owner)], end], np.array(owner, int)


def states(encoder: Encoder, texts: Sequence[str]) -> list[np.ndarray]:
    """For each text float32 [words, 3 · width]: means over each word's pieces, after each of the DEPTHS."""
    found = [split([text[start:stop] for start, stop in places(text)], encoder.pieces.split) for text in texts]
    seen = encoder.states_of([pieces for pieces, _ in found], DEPTHS)
    return [
        _pooled(np.concatenate(each[:, -1 - len(owner) : -1], axis=1), owner)
        for each, (_, owner) in zip(seen, found, strict=True)
    ]


def _pooled(pieces: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """[pieces, n] -> [words, n], the mean of each word's."""
    count = int(owner[-1]) + 1 if len(owner) else 0
    found = np.zeros((count, pieces.shape[1]), np.float32)
    np.add.at(found, owner, pieces)
    return found / np.maximum(np.bincount(owner, minlength=count), 1)[:, None]


@dataclass(frozen=True)
class Ear:
    """One network's numbers by name; `inference.train.talk` has the same in torch."""

    tensors: Mapping[str, np.ndarray]

    def hear(self, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """[words, n] -> logits [kinds] and [words, 1 + ways], the first for words that name nothing."""
        at = self._linear((seen - self.tensors["centre"]) / self.tensors["spread"], "in")
        for block in range(BLOCKS):
            at = at + _gelu(self._around(self._norm(at, f"{block}.near"), f"{block}.around"))
            at = at + self._attended(self._norm(at, f"{block}.far"), f"{block}")
            at = at + self._linear(_gelu(self._linear(self._norm(at, f"{block}.wide"), f"{block}.up")), f"{block}.down")
        at = self._norm(at, "out")
        weight = _softmax(self._linear(at, "look")[:, 0])
        whole = np.concatenate([weight @ at, at.mean(0), at.max(0)])
        return self._linear(_gelu(self._linear(whole, "whole")), "kinds"), self._linear(at, "words")

    def _linear(self, at: np.ndarray, name: str) -> np.ndarray:
        return at @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"]

    def _norm(self, at: np.ndarray, name: str) -> np.ndarray:
        centred = at - at.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return scaled * self.tensors[f"{name}.weight"] + self.tensors[f"{name}.bias"]

    def _around(self, at: np.ndarray, name: str) -> np.ndarray:
        """Each word together with the one before and the one after it."""
        kernel = self.tensors[f"{name}.weight"]  # [outputs, inputs, 3]
        padded = np.pad(at, ((1, 1), (0, 0)))
        sides = (padded[:-2], padded[1:-1], padded[2:])
        return sum((side @ kernel[:, :, place].T for place, side in enumerate(sides)), self.tensors[f"{name}.bias"])

    def _attended(self, at: np.ndarray, name: str) -> np.ndarray:
        width = at.shape[1] // HEADS
        q, k, v = np.split(self._linear(at, f"{name}.ask"), 3, axis=1)
        found = [
            _softmax(q[:, cut] @ k[:, cut].T / width**0.5) @ v[:, cut]
            for cut in (slice(head * width, (head + 1) * width) for head in range(HEADS))
        ]
        return self._linear(np.concatenate(found, axis=1), f"{name}.answer")


def _softmax(at: np.ndarray) -> np.ndarray:
    raised = np.exp(at - at.max(-1, keepdims=True))
    return np.asarray(raised / raised.sum(-1, keepdims=True))


def _gelu(at: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * at * (1 + np.tanh(0.7978845608 * (at + 0.044715 * at * at * at))))


class Talk:
    """Several networks that are heard together, each of which began elsewhere; safe to use from several threads."""

    def __init__(self, encoder: Encoder, ears: Sequence[Ear]) -> None:
        """`encoder` runs as many layers as DEPTHS look at, changed as the ears have learned."""
        self._encoder, self._ears = encoder, tuple(ears)

    @classmethod
    def load(cls, folder: Path, encoder: Encoder) -> "Talk":
        """Read the weights named in the folder's manifest; `encoder` gives its packed weights and is not changed.

        Raises WeightsChanged where the digest is another.
        """
        apart: dict[str, dict[str, np.ndarray]] = {}
        for name, numbers in safetensors.numpy.load(own_file(folder, FILE)).items():
            part, _, tensor = name.partition("/")
            apart.setdefault(part, {})[tensor] = numbers.astype(np.float32)
        changes = apart.pop(CHANGES, {})
        own = Encoder(Packed(encoder.shape, encoder.pieces, encoder.tensors), changes, layers=max(DEPTHS))
        return cls(own, [Ear(apart[part]) for part in sorted(apart)])

    def hear(self, text: str) -> Heard:
        """What a text is and which words of it are meant; by itself, so that the same text always reads the same."""
        seen = states(self._encoder, [text])[0]
        if not len(seen):
            return Heard(kinds={}, words=())
        found = [ear.hear(seen) for ear in self._ears]
        kinds = np.mean([_softmax(kind) for kind, _ in found], axis=0)
        ways = np.mean([_softmax(words) for _, words in found], axis=0)
        said = zip(places(text), ways[:, 1:], strict=False)
        words = (HeardWord(start=start, end=end, ways=_shares(WAYS, row)) for (start, end), row in said)
        return Heard(kinds=_shares(KINDS, kinds), words=tuple(words))


def _shares(names: Sequence[str], row: np.ndarray) -> dict[str, float]:
    return {name: round(float(share), 3) for name, share in zip(names, row, strict=True)}
