"""Finds people and ages that a text names: the public figures of `events.public_figures`, and words for minors.

What is covered: the listed names, with or without accents, spaces and a possessive's s; English and French words and
numbers that say somebody is under eighteen; the composition of the latter with a sexual score.
What is not covered: people described without a name, names that are not listed or misspelt, ages that only a picture
shows.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter

from events.public_figures import public_figures
from inference.safety.features import folded

_CHILD = re.compile(
    r"\b(child|children|childlike|kid|kids|toddler|baby|babies|infant|minor|minors|underage|under age|preteen|tween|"
    r"teen|teens|teenage|teenager|teenagers|adolescent|schoolgirl|schoolgirls|schoolboy|schoolboys|schoolchild|pupil|"
    r"little girl|little boy|young girl|young boy|loli|lolita|shota|"
    r"enfant|enfants|bebe|nourrisson|mineur|mineure|mineurs|mineures|ado|ados|adolescente|adolescents|fillette|"
    r"fillettes|garconnet|gamin|gamine|gosse|ecoliere|ecolier|collegienne|collegien|lyceenne|lyceen|"
    r"petite fille|petit garcon|jeune fille)\b"
)
_MAYBE_CHILD = re.compile(
    r"\b(girl|girls|boy|boys|fille|filles|garcon|garcons|daughter|son|student|etudiante|petite|youth)\b"
)
_AGE = re.compile(
    r"\b(\d{1,2}|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|dix|onze|douze|treize|quatorze|"
    r"quinze|seize|dix sept)[\s-]*(?:years?[\s-]*old|yo|y/o|ans)\b|\baged? (\d{1,2})\b"
)
_EXPLICIT = re.compile(
    r"\b(sex|sexe|sexy|sexual|sexuel|sexuelle|sexually|porn|porno|erotic|erotique|hentai|orgasm|orgasme|rape|viol|"
    r"fetish|seductive|seduce|sensual|sensuelle|masturbat\w*|nsfw|xxx)\b"
)
_BARE = re.compile(
    r"\b(nude|nudity|naked|topless|undress\w*|lingerie|underwear|panties|bikini|nu|nue|nus|nues|deshabill\w*|"
    r"sous vetements|culotte|string)\b"
)


def public_figure(text: str) -> float:
    """1 where the text holds a name that means a listed person, 0.5 where it may mean one, else 0."""
    words, known = _words(text), _known()
    plain = [word.casefold() for word in words]
    runs = ((at, at + count) for at in range(len(words)) for count in range(1, known.longest + 1))
    return max((known.strength("".join(plain[at:end]), words[at:end]) for at, end in runs), default=0.0)


def minor_strength(text: str) -> float:
    """How surely the text speaks of somebody under eighteen: 1 by word or age, 0.5 by a word that may, else 0."""
    words = folded(text)
    if _CHILD.search(words) or any(_is_young(age) for age in _AGE.finditer(words)):
        return 1.0
    return 0.5 if _MAYBE_CHILD.search(words) else 0.0


def sexual_minors(text: str, sexual: float) -> float:
    """Score of minors in a sexual context: nothing but the two together, whatever the classifier thinks of either.

    `sexual` is the classifier's score. Explicit words count as 1 and bare skin as 0.4, which holds for review.
    """
    words = folded(text)
    context = max(sexual, 1.0 if _EXPLICIT.search(words) else 0.0, 0.4 if _BARE.search(words) else 0.0)
    return minor_strength(text) * context


def _is_young(age: re.Match[str]) -> bool:
    number = next(group for group in age.groups() if group)
    return not number.isdigit() or int(number) < 18


@dataclass(frozen=True)
class _Known:
    """The words of all listed names by the name run together and folded."""

    sure: dict[str, list[str]]
    shared: dict[str, list[str]]
    capitalised: dict[str, list[str]]
    longest: int  # in words

    def strength(self, run: str, written: Sequence[str]) -> float:
        """Of words run together and folded, which are also given as they were written."""
        return max(self._of(run, written), self._of(run[:-1], written) if run.endswith("s") else 0.0)

    def _of(self, name: str, written: Sequence[str]) -> float:
        """More words than the name has are other words: who "put in" something names nobody."""
        if len(written) <= len(self.sure.get(name, ())):
            return 1.0
        asked = self.capitalised.get(name, [])
        is_shared = len(written) <= len(self.shared.get(name, ()))
        return 0.5 if is_shared or (len(written) <= len(asked) and _is_capitalised(written, asked)) else 0.0


@cache
def _known() -> _Known:
    people = public_figures()
    sure, shared, capitalised = (
        _by_name(name for each in people for name in names(each))
        for names in (attrgetter("names"), attrgetter("shared"), attrgetter("capitalised"))
    )
    longest = max(len(words) for known in (sure, shared, capitalised) for words in known.values())
    return _Known(sure, shared, capitalised, longest)


def _by_name(names: Iterable[str]) -> dict[str, list[str]]:
    return {folded("".join(words)): words for words in map(_words, names)}


def _is_capitalised(run: Sequence[str], listed: Sequence[str]) -> bool:
    pairs = zip(run, listed, strict=False)
    return all(word[0].isupper() or not asked[0].isupper() for word, asked in pairs)


def _words(text: str) -> list[str]:
    """The words without accents, in their own case."""
    letters = unicodedata.normalize("NFD", text)
    return re.findall(r"[^\W_]+", "".join(letter for letter in letters if not unicodedata.combining(letter)))
