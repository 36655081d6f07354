"""Puts a list that is written with signs into words: "- boats, + mountains" is "less boats, more mountains".

Pure. A text that is not wholly such a list is left as it is, but for the bullets before its items.
"""

import re
from collections.abc import Sequence

from volary.steering.lexicon import folded

LONGEST = 4  # words of an item
SIGNED = {
    "en": {"+": "more {}", "-": "less {}"},
    "fr": {"+": "plus de {}", "-": "moins de {}"},
}
_BULLETS = re.compile(r"[\s,;]*(?:[•‣◦▪●⁃]|(?<!\S)[*·](?=\s))\s*")
_PLUS, _MINUS = "+➕＋", "–−➖-"  # the last one, so that it is no range
_SIGN = re.compile(rf"\(\s*([{_PLUS}{_MINUS}])\s*\)|(?<![^\W_])([{_PLUS}{_MINUS}])(?![{_PLUS}{_MINUS}])")
_BETWEEN = " ,;/|\n\t\ufe0f"
_OF = re.compile(r"(?:de la|de l'|des|de|du|d'|of)\s*", re.IGNORECASE)


def unlisted(text: str, language: str) -> str:
    """`text` without bullets, and in words where it is a list of signs."""
    plain = _BULLETS.sub(", ", text).strip(" ,") if _BULLETS.search(text) else text
    words = SIGNED.get(language)
    items = _signed(plain) if words else []
    if not words or "+" not in [sign for sign, _ in items] or not all(_is_item(item) for _, item in items):
        return plain
    return ", ".join(_in_words(words[sign], item) for sign, item in items)


def _signed(text: str) -> Sequence[tuple[str, str]]:
    """Each item with the sign before it, or behind it where the text begins with an item."""
    signs = [("+" if (found[1] or found[2]) in _PLUS else "-", found.span()) for found in _SIGN.finditer(text)]
    if not signs:
        return []
    starts, ends = [span[0] for _, span in signs], [span[1] for _, span in signs]
    if not text[: starts[0]].strip(_BETWEEN):
        said = [text[end:start] for end, start in zip(ends, [*starts[1:], len(text)], strict=True)]
    elif not text[ends[-1] :].strip(_BETWEEN) and all(_is_apart(text, place) for place in ends[:-1]):
        said = [text[end:start] for end, start in zip([0, *ends[:-1]], starts, strict=True)]
    else:
        return []
    return [(sign, item.strip(_BETWEEN)) for (sign, _), item in zip(signs, said, strict=True)]


def _is_apart(text: str, end: int) -> bool:
    """Whether a sign ends its item there: "cats (+) dogs (-)", "cats +, dogs -", but not "I said + cats not -"."""
    return text[end - 1] == ")" or text[end:].lstrip(" \ufe0f")[:1] in ",;/|\n" or not re.search(r"[^\W_]", text)


def _is_item(item: str) -> bool:
    """Whether it is a name or two and no sentence."""
    return bool(item) and len(item.split()) <= LONGEST and not re.search(r"[.!?:,;\n]|\d", item)


def _in_words(wish: str, item: str) -> str:
    item = _OF.sub("", item, count=1) if _OF.match(item) else item
    return wish.replace("de {}", "d'{}").format(item) if folded(item)[:1] in "aeiouy" else wish.format(item)
