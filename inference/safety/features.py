"""Turns texts into the two kinds of numbers the prompt classifier sees; training and serving share it.

A text becomes a USE sentence vector (512 numbers, multilingual meaning) and hashed counts of its words, word
pairs and character 3- to 5-grams (spelling, word order). Torch-free.
"""

import math
import re
import unicodedata
import zlib
from collections import Counter

BUCKETS = 1 << 15
SENTENCE_WIDTH = 512
WINDOW_WORDS = 40
STRIDE_WORDS = 28
MAX_WINDOWS = 160

_SENTENCE = re.compile(r"[.!?…;\n]+(?=\s|$)|\n")
_WORD = re.compile(r"[^\W_]+")


def windows(text: str) -> list[str]:
    """Overlapping stretches of `WINDOW_WORDS` words, so that no sentence of a long prompt is averaged away.

    A text of more than `MAX_WINDOWS` stretches is cut into longer ones instead: no word is skipped.
    """
    words = text.split()
    if len(words) <= WINDOW_WORDS:
        return [text[:4000]]
    stride = max(STRIDE_WORDS, math.ceil(len(words) / MAX_WINDOWS))
    width = stride + WINDOW_WORDS - STRIDE_WORDS
    starts = range(0, max(1, len(words) - width + stride), stride)
    return [" ".join(words[at : at + width])[:4000] for at in starts]


def sentences(text: str) -> list[str]:
    """The sentences of a text that has several, so that a short one is not drowned by its neighbours.

    Beyond `MAX_WINDOWS` they are joined in equal runs: no sentence is skipped.
    """
    found = [part.strip() for part in _SENTENCE.split(text) if part.strip()]
    run = math.ceil(len(found) / MAX_WINDOWS)
    return [" ".join(found[at : at + run])[:4000] for at in range(0, len(found), run)] if len(found) > 1 else []


def folded(text: str) -> str:
    """Lower case without accents, so that "tué" and "tue" share a bucket."""
    letters = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def words(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return _WORD.findall(folded(text))


def word_code(word: str) -> int:
    """A 32-bit code of a folded word, for sets of known words."""
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


def hashed(text: str) -> dict[int, float]:
    """Bucket -> weight. Counts are dampened and the whole is scaled to length one."""
    found = words(text)
    grams = Counter(_bucket("w", word) for word in found)
    grams.update(_bucket("p", f"{first} {second}") for first, second in zip(found, found[1:], strict=False))
    for word in found:
        grams.update(_bucket("c", gram) for gram in _pieces(f"<{word[:40]}>"))
    damped = {bucket: 1 + math.log(count) for bucket, count in grams.items()}
    norm = math.sqrt(sum(value * value for value in damped.values())) or 1.0
    return {bucket: value / norm for bucket, value in damped.items()}


def _pieces(word: str) -> list[str]:
    return [word[at : at + size] for size in (3, 4, 5) for at in range(len(word) - size + 1)]


def _bucket(kind: str, gram: str) -> int:
    return zlib.crc32(f"{kind}{gram}".encode("utf-8", "surrogatepass")) % BUCKETS
