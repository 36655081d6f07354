"""What a prompt says of how somebody looks, as ranges of the traits that the seed then draws from: a woman has no
beard, "red-haired" is red. English and French; `appearance.toml` holds what is read. Only words about looks are: where
somebody is from says nothing of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from inference.generator.text import content_words

Looks = Mapping[str, tuple[float, float]]  # of some TRAITS, the least and the most

_FILE = Path(__file__).with_suffix(".toml")
# Where hair is spoken of: the words before it or, in French, after it. Somebody blonde needs no hair said.
_HAIR = re.compile(
    r"\b(?:(?!(?:with|in|of|has|his|her|and)\b)[\w-]+,? (?:and )?){0,3}hair\b|\b\w+-haired\b"
    r"|\b(?:longs |courts )?cheveux(?:,? (?:et |très |plutôt )*\w+){0,2}"
    r"|\b(?:blonde?|redhead|brunette|rousse|roux|rouquine?)\b",
    re.IGNORECASE,
)
_BETWEEN = r"(?:[ ,]+[\w-]+){0,2}?[ ,]+"


@dataclass(frozen=True)
class Described:
    """What is said of somebody's looks, in which `words`, and the text without what says nothing else: the colour of
    hair is not the colour of a coat."""

    looks: Looks
    words: frozenset[str]
    rest: str


@dataclass(frozen=True)
class _Lexicon:
    """Patterns and what they mean; `genders` are patterns, too."""

    genders: list[tuple[re.Pattern[str], Looks]]
    looks: list[tuple[re.Pattern[str], Looks]]
    hair: list[tuple[re.Pattern[str], Looks]]


def described(text: str) -> Described:
    """What a text about one person says of their looks."""
    lexicon, looks, cut = _lexicon(), dict[str, tuple[float, float]](), []
    words = set(content_words(" ".join(_HAIR.findall(text))))
    genders = [(found.start(), said) for pattern, said in lexicon.genders if (found := pattern.search(text))]
    if genders:
        looks |= min(genders, key=lambda gender: gender[0])[1]
    for found, said in _found(lexicon, text):
        looks |= said
        words |= set(content_words(found[0]))
        cut += [found.span(place) for place in range(1, 1 + len(found.groups())) if found[place]]
    return Described(looks, frozenset(words), _without(text, cut))


def _found(lexicon: _Lexicon, text: str) -> Iterator[tuple[re.Match[str], Looks]]:
    """What is said, from the general to the particular; its groups are what says nothing else."""
    for pattern, said in lexicon.looks:
        for found in pattern.finditer(text):
            yield found, said
    for clause in _HAIR.finditer(text):
        for pattern, said in lexicon.hair:
            for found in pattern.finditer(text, *clause.span()):
                yield found, said


def _without(text: str, cut: list[tuple[int, int]]) -> str:
    kept = [letter for place, letter in enumerate(text) if not any(start <= place < end for start, end in cut)]
    return re.sub(r" {2,}", " ", "".join(kept)).strip()


@cache
def _lexicon() -> _Lexicon:
    held = tomllib.loads(_FILE.read_text("utf-8"))
    nouns = {kind: f"(?:{'|'.join(map(re.escape, words.split()))})" for kind, words in held["nouns"].items()}
    names = nouns | {"who": f"(?:{'|'.join(nouns.values())})", "and": _BETWEEN}
    return _Lexicon(
        [(_pattern([nouns[kind]], names), _ranges(said)) for kind, said in held["gender"].items()],
        [(_pattern(rule["said"], names), _ranges(rule["traits"])) for rule in held["looks"]],
        [(_pattern([f"<{word}>" for word in rule["said"]], names), _ranges(rule["traits"])) for rule in held["hair"]],
    )


def _pattern(said: list[str], names: Mapping[str, str]) -> re.Pattern[str]:
    """Any of the expressions as whole words; groups only where angle brackets stand."""
    whole = re.sub(r"\((?!\?)", "(?:", "|".join(said)).replace("<", "(").replace(">", ")")
    named = re.sub(r"\{([a-z]+)\}", lambda found: names[found[1]], whole)
    return re.compile(rf"\b(?:{named})\b", re.IGNORECASE)


def _ranges(said: Mapping[str, list[float]]) -> Looks:
    return {name: (low, high) for name, (low, high) in said.items()}
