"""How people in a hurry type what they say: the same words with slips, texting, no accents, no marks, pictures.

What a word is stays with it, so that one written text teaches many spellings.
"""

from typing import NamedTuple

import numpy as np

CHANGED = 0.6  # of all texts
LOWERED, BARE, UNMARKED, LOUD, ENDED, LISTED = 0.5, 0.4, 0.35, 0.06, 0.06, 0.04  # of those
TEXTED, SLIPPING = 0.3, 0.3
SHORTENED, RESPELT, CUT, SLIPPED = 0.6, 0.35, 0.3, 0.15  # of the words of texts that are texted, or slip
NAMED = 0.2  # of subjects' names, which fewer people shorten
MARKS = frozenset(".,!;:?…")
ACCENTS = str.maketrans("éèêëàâîïôûùçœÉÀ", "eeeeaaiiouucoEA")
LETTERS = "abeimorstu"
ENDS = ("😂", "🙏", "🔥", "lol", "mdr", "ptdr", "❤", "👀", "svp", "stp", "pls", "thx", "...")
BULLETS = ("•", "-", "–", "*", "1")
SOUNDS = (
    ("qu", "k"), ("eau", "o"), ("au", "o"), ("é", "e"), ("ph", "f"), ("ss", "s"), ("tt", "t"), ("ll", "l"),
    ("oi", "wa"), ("ez", "é"), ("er", "é"), ("ck", "k"), ("you", "u"), ("ing", "in"), ("th", "d"), ("ough", "uf"),
    ("ight", "ite"), ("ee", "e"), ("oo", "u"),
)  # fmt: skip
SHORT: dict[str, tuple[str, ...]] = {
    "plus": ("+", "plu", "pluss"), "pas": ("pa", "po"), "moins": ("-", "mwin", "moin"), "more": ("+", "mor", "moar"),
    "less": ("-", "les"), "je": ("j", "jé"), "c'": ("c",), "est": ("é", "e"), "s'il": ("sil",), "que": ("ke", "q"),
    "avec": ("ac", "avk"), "pour": ("pr", "pou"), "tout": ("tt", "tou"), "tous": ("ts",), "beaucoup": ("bcp", "bocou"),
    "vous": ("vs",), "nous": ("ns",), "dans": ("ds",), "trop": ("tro", "trp"), "you": ("u", "ya"),
    "please": ("pls", "plz"), "and": ("n", "&", "nd"), "et": ("&", "é"), "are": ("r",), "with": ("w",),
    "to": ("2", "ta"), "for": ("4", "fr"), "don't": ("dont", "dnt", "dun"), "no": ("nah", "noo"), "want": ("wnt",),
    "the": ("da", "teh"), "of": ("ov", "o"), "vidéos": ("vids", "videos"), "videos": ("vids", "vdos"),
    "montre": ("mtre", "montr"), "show": ("sho", "shw"), "because": ("bc", "cuz"), "parce": ("pcq",),
}  # fmt: skip


class Said(NamedTuple):
    """The words of a text, what each of them is, and the text's kind, as numbers."""

    words: list[str]
    ways: list[int]
    kind: int


def hurried(said: Said, draw: np.random.Generator) -> Said:
    """The text as it was, or as somebody in a hurry may have typed it."""
    if draw.random() >= CHANGED:
        return said
    unmarked = draw.random() < UNMARKED
    kept = [each for each in zip(said.words, said.ways, strict=True) if not (unmarked and each[0] in MARKS)]
    if not kept:
        return said
    words, ways = _spelt([word for word, _ in kept], [way for _, way in kept], draw), [way for _, way in kept]
    if draw.random() < ENDED:
        words, ways = [*words, str(draw.choice(ENDS))], [*ways, 0]
    if draw.random() < LISTED:
        words, ways = [str(draw.choice(BULLETS)), *words], [0, *ways]
    return Said(words, ways, said.kind)


def _spelt(words: list[str], ways: list[int], draw: np.random.Generator) -> list[str]:
    lowered, bare, loud, style = (draw.random() for _ in range(4))
    words = [word.lower() for word in words] if lowered < LOWERED else words
    if style < TEXTED:
        words = [_texted(word, way > 0, draw) for word, way in zip(words, ways, strict=True)]
    elif style < TEXTED + SLIPPING:
        words = [_slipped(word, draw) if draw.random() < SLIPPED else word for word in words]
    words = [word.translate(ACCENTS) for word in words] if bare < BARE else words
    return [word.upper() for word in words] if loud < LOUD else words


def _texted(word: str, names: bool, draw: np.random.Generator) -> str:
    """A word as it is sounded or shortened, in either language."""
    if draw.random() >= SHORTENED * (NAMED if names else 1):
        return word
    short = SHORT.get(word.lower())
    if short and draw.random() < SHORTENED:
        return str(draw.choice(short))
    found = word.lower()
    for written, sounded in SOUNDS:
        if written in found and draw.random() < RESPELT:
            found = found.replace(written, sounded)
    return found[:-1] if len(found) > 4 and found[-1] in "est" and draw.random() < CUT else found


def _slipped(word: str, draw: np.random.Generator) -> str:
    """A word with two letters swapped, or one left out, doubled or mistaken."""
    if len(word) < 4 or not word.isalpha():
        return word
    at = int(draw.integers(1, len(word) - 2))
    slips = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[: at + 1] + word[at:],
        word[:at] + str(draw.choice(list(LETTERS))) + word[at + 1 :],
    )
    return slips[int(draw.integers(len(slips)))]
