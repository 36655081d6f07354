"""Finds people and ages that a text names: public figures from a short list, and words for minors.

What is covered: the listed names, spelled with or without accents; English and French words and numbers that say
somebody is under eighteen; the composition of the latter with a sexual score.
What is not covered: people described without a name, names that are not listed, ages that only a picture shows.
"""

import re
from functools import cache
from importlib import resources

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


def public_figure(text: str) -> bool:
    """Whether the text names somebody on the list."""
    return _names().search(_words(text)) is not None


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


@cache
def _names() -> re.Pattern[str]:
    lines = resources.files("inference.safety").joinpath("public_figures.txt").read_text("utf-8").splitlines()
    names = (re.escape(_words(line)) for line in lines if line.strip() and not line.startswith("#"))
    return re.compile(rf"(?<!\w)(?:{'|'.join(names)})(?!\w)")


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", folded(text)))
