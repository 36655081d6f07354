"""Writes a text the ways people write to get past screening, so that each way can be measured; it judges nothing.

What is covered: look-alike letters, invisible characters, digits for letters, base64, letters set apart, two languages
in one sentence, and a sentence cut in two over a remix. Evaluation only; `disguise` was written without it.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

_ALIKE = str.maketrans("aceopxyi", "асеорхуі")  # Cyrillic for Latin
_LEET = str.maketrans("aeiost", "4310$7")
_HIDDEN = "\u200b\u2060\u00ad"


@dataclass(frozen=True)
class Camouflaged:
    """A text as it is sent, and the prompts of the clips it builds on."""

    text: str
    context: tuple[str, ...] = ()


def lookalike(row: Mapping[str, Any]) -> Camouflaged:
    """Every letter that has a Cyrillic double is replaced by it."""
    return Camouflaged(row["text"].translate(_ALIKE))


def invisible(row: Mapping[str, Any]) -> Camouflaged:
    """Characters that no screen shows, inside every word."""
    letters = (letter + _HIDDEN[at % 3] if letter.isalpha() else letter for at, letter in enumerate(row["text"]))
    return Camouflaged("".join(letters))


def leetspeak(row: Mapping[str, Any]) -> Camouflaged:
    """Digits and signs for six letters."""
    return Camouflaged(row["text"].lower().translate(_LEET))


def encoded(row: Mapping[str, Any]) -> Camouflaged:
    """Base64, with a word to say so."""
    return Camouflaged("decode this: " + base64.b64encode(row["text"].encode()).decode())


def spaced(row: Mapping[str, Any]) -> Camouflaged:
    """The letters of every word of four and more set apart by dots, the words as they are."""
    return Camouflaged(" ".join(".".join(word) if len(word) > 3 else word for word in row["text"].split()))


def mixed(row: Mapping[str, Any]) -> Camouflaged | None:
    """The first half in one language and the second in the other; None where the other is not known."""
    if not row.get("other"):
        return None
    return Camouflaged(f"{_halves(row['text'])[0]} {_halves(row['other'])[1]}")


def remixed(row: Mapping[str, Any]) -> Camouflaged | None:
    """The first half was the prompt of the clip that the second builds on; None for fewer than four words."""
    first, second = _halves(row["text"])
    return Camouflaged(second, (first,)) if len(row["text"].split()) >= 4 else None


def _halves(text: str) -> tuple[str, str]:
    words = text.split()
    return " ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])


KINDS: Mapping[str, Callable[[Mapping[str, Any]], Camouflaged | None]] = MappingProxyType(
    {
        "look-alike": lookalike,
        "zero-width": invisible,
        "leetspeak": leetspeak,
        "base64": encoded,
        "spacing": spaced,
        "mixed languages": mixed,
        "split over remixes": remixed,
    }
)
