"""Turns what a person writes about the use of their likeness, in English or French, into rules to be shown and tried.

What is covered: clauses that forbid ("not in political content", « jamais en uniforme ») or allow only ("only
outdoors", « seulement avec mon chien »), about the topics of restrictions.json or about any words, which are then
looked for themselves. A clause that is neither is refused when it is written, so that nobody relies on a
rule that is none. A word that is written to be read and not found (look-alike letters, digits and signs for letters,
letters set apart) counts as what it is read as. What is not covered: what a prompt means without saying it; a topic
is as wide as its words.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources
from itertools import groupby
from types import MappingProxyType
from typing import Literal, NamedTuple

from events.shapes import Shape
from volary import blocked
from volary.errors import Invalid

LONGEST = 300
_WHOLE_WORDS = 4  # stems up to this length stand for themselves and their plural only: "war" is not "warm"
_FORBIDS = re.compile(
    r"\b(?:never|no|not|nothing|without|don'?t|avoid|forbidden|jamais|pas|aucune?|rien|sans|interdit|ne|n')(?:\b|(?<='))"
)
_ONLY = re.compile(r"\b(?:only|just|exclusively|seulement|uniquement|exclusivement)\b")
_WORD = re.compile(r"[a-z0-9]+")
_ANY_WORD = re.compile(r"[^\W_]+")
_LETTERS_APART = 4  # as many single letters in a row are one word that somebody took apart


class Vocabulary(NamedTuple):
    """Stems of each topic in both languages, in plain letters, and the words that carry no topic.

    A stem matches every word that begins with it, a short one only itself and its plural.
    """

    topics: Mapping[str, tuple[str, ...]]
    fillers: frozenset[str]


class Rule(Shape):
    """One clause as it is understood: `forbid` these words, or allow clips `only` with one of them."""

    text: str
    kind: Literal["forbid", "only"]
    topics: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def explanation(self) -> str:
        """What a maker is told."""
        about = ", ".join((*self.topics, *self.words))
        return f"this person {'does not allow' if self.kind == 'forbid' else 'allows only'} {about}: “{self.text}”"


@cache
def vocabulary() -> Vocabulary:
    """What stands in restrictions.json beside this module."""
    document = json.loads(resources.files("volary").joinpath("restrictions.json").read_text("utf-8"))
    topics = {topic: tuple(stems.split()) for topic, stems in document["topics"].items()}
    return Vocabulary(MappingProxyType(topics), frozenset(document["fillers"].split()))


def rules_of(restrictions: tuple[str, ...]) -> tuple[Rule, ...]:
    """Every clause of every restriction as a rule; raises Invalid for one that forbids and allows nothing."""
    return _compiled(restrictions)


def breached(rules: tuple[Rule, ...], words: str) -> Rule | None:
    """The first rule that a prompt breaks, None where it breaks none."""
    if not rules:
        return None
    found, hidden = _words(words), _disguised(words)
    return next((rule for rule in rules if _breaks(rule, found) or _hides(rule, hidden)), None)


@lru_cache(maxsize=4_096)
def _compiled(restrictions: tuple[str, ...]) -> tuple[Rule, ...]:
    return tuple(rule for text in restrictions for rule in _rules(text))


def _rules(text: str) -> list[Rule]:
    if not text.strip() or len(text) > LONGEST:
        raise Invalid(f"a restriction has 1 to {LONGEST} characters, not {len(text)}", param="restrictions")
    rules: list[Rule] = []
    kind: Literal["forbid", "only"] | None = None
    for clause in re.split(r"[.;\n,]|\b(?:and|or|et|ou|nor|ni)\b", _plain(text)):
        stated, about = _kind(clause.strip(" \t'\"«»-"))
        kind = stated or kind  # "no alcohol, tobacco or weapons" forbids all three
        names = [word for word in _WORD.findall(about) if word not in vocabulary().fillers]
        if kind and names:
            rules.append(_rule(text, kind, names))
    if not rules:
        message = f"the restriction {text!r} neither forbids (“not …”, « jamais … ») nor allows only (“only …”)"
        raise Invalid(message, param="restrictions", code="restriction_not_understood")
    return rules


def _kind(clause: str) -> tuple[Literal["forbid", "only"] | None, str]:
    """What a clause does, and the rest of it: a negation anywhere forbids, so that doubt is on the person's side."""
    if _FORBIDS.search(clause):
        return "forbid", _ONLY.sub(" ", _FORBIDS.sub(" ", clause))
    if _ONLY.search(clause):
        return "only", _ONLY.sub(" ", clause)
    return None, clause


def _rule(text: str, kind: Literal["forbid", "only"], names: list[str]) -> Rule:
    topics = tuple(sorted({topic for name in names for topic in vocabulary().topics if _is_about(name, topic)}))
    words = tuple(
        name for name in dict.fromkeys(names) if not any(_is_about(name, topic) for topic in vocabulary().topics)
    )
    return Rule(text=text, kind=kind, topics=topics, words=words)


def _breaks(rule: Rule, found: frozenset[str]) -> bool:
    about = any(_is_about(word, topic) for word in found for topic in rule.topics)
    named = any(_begins(word, name) for word in found for name in rule.words)
    return (about or named) == (rule.kind == "forbid")


def _hides(rule: Rule, hidden: frozenset[str]) -> bool:
    """Whether a disguised word is one that this rule forbids; both are in the spelling of the block list."""
    if rule.kind != "forbid" or not hidden:
        return False
    stems = {stem for topic in rule.topics for stem in vocabulary().topics[topic]} | set(rule.words)
    return any(_begins(word, _respelt(stem)) for stem in stems for word in hidden)


@lru_cache(maxsize=8_192)
def _respelt(stem: str) -> str:
    return "".join(blocked.words(stem))


def _is_about(word: str, topic: str) -> bool:
    return any(_begins(word, stem) for stem in vocabulary().topics[topic])


def _begins(word: str, stem: str) -> bool:
    if len(stem) <= _WHOLE_WORDS:
        return word in (stem, f"{stem}s", f"{stem}x", f"{stem}es")
    return word.startswith(stem)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(_plain(text)))


def _disguised(text: str) -> frozenset[str]:
    """What the words are read as that are not plain letters, in the spelling of the block list."""
    plain = (word for word in _ANY_WORD.findall(_plain(text)) if word.isascii() and word.isalpha())
    honest = {folded for word in plain for folded in blocked.words(word)}
    read = blocked.words(text)
    runs = ("".join(run) for single, run in groupby(read, key=lambda word: len(word) == 1) if single)
    joined = {run for run in runs if len(run) >= _LETTERS_APART}
    return frozenset(joined | {word for word in read if word not in honest})


def _plain(text: str) -> str:
    """Lower case, without accents, and with the look-alike letters that Unicode folds."""
    folded = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("’", "'"))
    return "".join(letter for letter in folded if not unicodedata.combining(letter))
