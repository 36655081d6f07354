"""Cuts a text that a model cannot read whole, at the end of a clause; what "fits" is the caller's to say."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

# After a mark with a space behind it, or before a word that opens another clause, English and French.
_CLAUSE_ENDS = re.compile(
    r"[.!?;:,…](?=\s)|(?=\s(?:and|then|while|but|before|after|et|puis|tandis|mais|avant|après)\s)", re.IGNORECASE
)
_WORD_ENDS = re.compile(r"(?=\s)")
SHOWN = 80


def fitted(text: str, fits: Callable[[str], bool]) -> tuple[str, str]:
    """The longest beginning that fits and ends where a clause does, and what was left out ("" if nothing).

    `fits` must hold for every beginning of a text for which it holds. Where not even the first clause fits, the cut is
    between two words, and in a word only where not even one word fits. ("", text) if nothing does.
    """
    text = text.strip()
    if fits(text):
        return text, ""
    for ends in (_CLAUSE_ENDS, _WORD_ENDS):
        places = [found.end() for found in ends.finditer(text)]
        end = _last_fitting(text, places, fits)
        if end:
            return text[:end].rstrip(" ,;:"), text[end:].strip()
    end = _last_fitting(text, range(1, len(text)), fits)
    return text[:end], text[end:]


def warning(what: str, reads: str, dropped: str) -> str:
    """What the record of a clip says of a text that was cut, for instance `what` "prompt", `reads` "18 words"."""
    shown = dropped if len(dropped) <= SHOWN else dropped[:SHOWN].rstrip() + "…"
    return f"the {what} is longer than the {reads} this model reads; it left out {len(dropped)} characters: {shown!r}"


def _last_fitting(text: str, places: Sequence[int], fits: Callable[[str], bool]) -> int:
    """The greatest of the rising `places` at which the text may end, 0 if none; asks `fits` log(n) times."""
    low, high = 0, len(places)
    while low < high:
        middle = (low + high) // 2
        if fits(text[: places[middle]].strip()):
            low = middle + 1
        else:
            high = middle
    return places[low - 1] if low else 0
