"""Sentences for `inference.train.ways` from a small grammar of wishes, and words that mean nothing.

It draws the same sentences each time. It fits nothing and knows no subject: "{}" stands for those.
"""

import hashlib
import itertools
import random
import re
from pathlib import Path

GRAMMAR = Path(__file__).with_name("wishes.txt")
MOST = 14  # sentences of one line of the grammar
NONSENSE = 44  # of each kind
_SLOT = re.compile(r"<(\w+)>")
_KEYS = ("asdfghjkl", "qwertyuiop", "zxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn", "hjklm", "fghzzk")
_LOOSE = {
    "en": (
        "of", "the", "eleven", "between", "purple", "kettle", "quickly", "soup", "almost", "if", "corner", "blue",
        "under", "yesterday", "spoon", "and", "thirteen", "loudly", "window", "than", "grey", "whose", "button", "into",
        "four", "paper", "never", "elbow", "again", "or", "april", "velvet", "sideways", "a", "brick",
        "because", "lemon",
    ),
    "fr": (
        "de", "la", "onze", "entre", "violet", "bouilloire", "vite", "soupe", "presque", "si", "coin", "bleu", "sous",
        "hier", "cuillère", "et", "treize", "fort", "fenêtre", "que", "gris", "dont", "bouton", "dans", "quatre",
        "papier", "jamais", "coude", "encore", "ou", "avril", "velours", "travers", "un", "brique", "car", "citron",
    ),
}  # fmt: skip


def sentences() -> list[tuple[str, str]]:
    """(ways, sentence) as the lines of `ways.txt` have them: up to MOST of each line of the grammar, and nonsense."""
    return list(dict.fromkeys([*lines_of(GRAMMAR, MOST), *(("noop", said) for said in _nonsense())]))


def lines_of(grammar: Path, most: int) -> list[tuple[str, str]]:
    """(head, sentence) of up to `most` sentences of each line of a grammar."""
    lines = [line for line in grammar.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    slots: dict[str, tuple[str, ...]] = {}
    for line in lines:
        if " | " not in line:
            name, _, phrases = line.partition(" =")
            slots[name] = tuple(phrase.strip(" ") for phrase in phrases.split(";"))
    wishes = [line.split(" | ", 1) for line in lines if " | " in line]
    return [(ways, said) for ways, form in wishes for said in _drawn(form, slots, most)]


def _drawn(form: str, slots: dict[str, tuple[str, ...]], most: int) -> list[str]:
    """Of all sentences of a form those whose digests come first, so that no slot is favoured."""
    every = sorted(set(_filled(form, slots)), key=lambda said: hashlib.sha256(said.encode()).digest())
    return sorted(every[:most])


def _filled(form: str, slots: dict[str, tuple[str, ...]]) -> list[str]:
    names = _SLOT.findall(form)
    if not names:
        return [form]
    parts = _SLOT.split(form)[::2]
    found = []
    for chosen in itertools.product(*(slots[name] for name in names)):
        spaced = [
            f" {said}" if said and _is_apart(part, said) else said for part, said in zip(parts, chosen, strict=False)
        ]
        whole = parts[0] + "".join(said + after for said, after in zip(spaced, parts[1:], strict=True))
        found += _filled(whole, slots)
    return found


def _is_apart(before: str, said: str) -> bool:
    return before[-1:].isalpha() or (before[-1:] == "}" and said[0].isalnum())


def _nonsense() -> list[str]:
    """Keys hit at random, and words of a language in no order."""
    rng = random.Random(7)
    mashed = [
        " ".join("".join(rng.choices(rng.choice(_KEYS), k=rng.randint(3, 8))) for _ in range(rng.randint(1, 4)))
        for _ in range(NONSENSE)
    ]
    loose = [
        " ".join(rng.choices(words, k=rng.randint(4, 8))) for words in _LOOSE.values() for _ in range(NONSENSE // 2)
    ]
    return [*mashed, *loose]
