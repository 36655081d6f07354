"""Prompts as strangers may write them, drawn from the phrase books in `words/`, and what each of them says: what the
reader of prompts learns from. Whatever a prompt does not speak of is left out of what it says.

The books were written apart from the captions and from the prompts that evaluation uses.
"""

from __future__ import annotations

import json
import random
import re
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from inference.generator.text import content_words
from inference.train.plans import ATTRIBUTES
from inference.train.world import SUBJECTS, Scene, draw, is_held_out

BOOKS = Path(__file__).parent / "words"
WORN_BY = ("person", "couple")
# How often a prompt that says much says each attribute; one that says little says one to three of them.
_SHARE = {
    "subject": 0.97, "colour": 0.8, "size": 0.62, "action": 0.92, "direction": 0.25,
    "setting": 0.9, "time": 0.75, "weather": 0.7, "camera": 0.65, "style": 0.65,
}  # fmt: skip
_SHORT = 0.15
_PLACED = ("setting", "time", "weather")
_NO_ARTICLE = {"two", "a", "an", "the", "his", "her", "someone", "somebody", "something", "it"}
_AFTER = {"the", "in", "of", "as", "like", "no", "with", "about", "that", "not", "barely"}  # begins what follows a noun
_ARTICLES = ("a", "a", "a", "the", "one", "this")
_WORN_EN = (
    "in {}", "dressed in {}", "wearing {}", "in a {} coat", "in {} clothes", "with a {} jacket", "in a {} outfit",
    "wearing a {} sweater", "clad in {}", "in a {} dress", "who wears {}", "in a {} T-shirt",
)  # fmt: skip
_WORN_FR = (
    "en {}", "vêtu de {}", "habillée en {}", "tout en {}", "avec un manteau {}", "qui porte un pull {}", "en tenue {}",
)  # fmt: skip
_BESIDE = {
    "en": ("with {} in the background", "next to {}", "and {} far behind", "while {} is nearby", "near {}"),
    "fr": ("avec {} à l'arrière-plan", "à côté de {}", "et {} au loin", "près de {}"),
}
_NOT = {"en": ("not {}", "no {}", "without {}"), "fr": ("pas {}", "sans {}")}


@dataclass(frozen=True)
class Saying:
    """A prompt, and the values of the attributes that it speaks of."""

    text: str
    said: dict[str, str]


@dataclass(frozen=True)
class Book:
    """One language's phrases. `joint` are phrases that say several attributes at once."""

    language: str
    phrases: dict[str, Any]
    joint: list[dict[str, str]] = field(default_factory=list)

    @property
    def is_french(self) -> bool:
        return self.language == "fr"

    def of(self, attribute: str, value: str) -> list[Any]:
        found: list[Any] = self.phrases[attribute][value]
        return found


def books() -> tuple[Book, Book]:
    """The English and the French book; what the captions say is in them only where their writers thought of it too."""
    found = []
    for language, name in (("en", "english"), ("fr", "french")):
        phrases = json.loads((BOOKS / f"{name}.json").read_text("utf-8"))
        found.append(Book(language, phrases, phrases["joint"]))
    return found[0], found[1]


def phrase_words() -> set[str]:
    """The content words that speak of an attribute in either book, and what adorns; the words of frames, asides and
    foreign subjects not."""
    found: set[str] = set()
    for book in books():
        adornments = book.phrases["adornments"]
        told = [*(book.phrases[name] for name in (*ATTRIBUTES, "action_of", "joint"))]
        for entry in (*told, adornments["adjectives"], adornments["adverbs"]):
            found |= {word for phrase in _flat(entry) for word in content_words(phrase)}
    return found


def _flat(entry: Any) -> list[str]:
    """All texts of a nest of lists and tables."""
    if isinstance(entry, str):
        return [entry]
    return [text for part in (entry.values() if isinstance(entry, dict) else entry) for text in _flat(part)]


@dataclass(frozen=True)
class Spoken:
    """What a sentence is being made of: the book, the values to be said, and chance."""

    book: Book
    said: dict[str, str]
    rng: random.Random

    def pick(self, attribute: str) -> Any:
        """A phrase for the value that is said, "" where none is."""
        value = self.said.get(attribute)
        return self.rng.choice(self.book.of(attribute, value)) if value else ""

    def often(self, share: float) -> bool:
        return self.rng.random() < share


def saying(rng: random.Random, pair: tuple[Book, Book], share_french: float = 0.35) -> Saying:
    """One prompt. No combination of subject, colour and setting that is kept for evaluation is ever said."""
    book = pair[rng.random() < share_french]
    joint = rng.choice(book.joint) if rng.random() < 0.25 else {}
    values = _values(rng) | {name: value for name, value in joint.items() if name != "text"}
    while _is_kept(values):
        values["colour"] = rng.choice(ATTRIBUTES["colour"])
    said = {name: values[name] for name in _names(rng, values)}
    spoken = Spoken(book, said, rng)
    what = _what(spoken)
    placed = [] if not joint else [joint["text"]]
    said |= {name: value for name, value in joint.items() if name != "text"}
    others = [name for name in _PLACED if name in said and name not in joint]
    where = [spoken.pick(name) for name in others if name == "setting"]
    when = [spoken.pick(name) for name in others if name != "setting"]
    rng.shuffle(when)
    slots = {"what": what, "place": " ".join(where or placed), "when": " ".join(when + (placed if where else []))}
    text = _sentence(spoken, slots | _acts(spoken) | {name: spoken.pick(name) for name in ("camera", "style")})
    return Saying(_worn_down(_surrounded(text, spoken), spoken), dict(said))


def _values(rng: random.Random) -> dict[str, str]:
    """All values of a scene: half of them of the world, half drawn apart, for people ask for what never was."""
    if rng.random() < 0.5:
        scene = draw(rng.randrange(10**9))
        return {name: getattr(scene, name) for name in ATTRIBUTES}
    return {name: rng.choice(values) for name, values in ATTRIBUTES.items()}


def _is_kept(values: dict[str, str]) -> bool:
    return is_held_out(replace(_ANY, subject=values["subject"], colour=values["colour"], setting=values["setting"]))


_ANY: Scene = draw(0)


def _names(rng: random.Random, values: dict[str, str]) -> list[str]:
    if rng.random() < _SHORT:
        return rng.sample(list(ATTRIBUTES), rng.choice((1, 2, 2, 3)))
    return [name for name, share in _SHARE.items() if rng.random() < share]


def _what(spoken: Spoken) -> str:
    """The subject with its article, size and colour; without a subject that we know, somebody else's or a pronoun."""
    return _french_what(spoken) if spoken.book.is_french else _english_what(spoken)


def _english_what(spoken: Spoken) -> str:
    rng, said = spoken.rng, spoken.said
    noun = spoken.pick("subject") if "subject" in said else _english_other(spoken)
    before, after = [], []
    if spoken.often(0.3):
        before.append(rng.choice(spoken.book.phrases["adornments"]["adjectives"]))
    if size := spoken.pick("size"):
        (after if _is_clause(size) else before).append(size)
    if colour := spoken.pick("colour"):
        if said.get("subject") in WORN_BY and not _is_clause(colour):
            after.append(rng.choice(_WORN_EN).format(colour))
        elif _is_clause(colour) or spoken.often(0.1):
            after.append(colour if _is_clause(colour) else f"that is {colour}")
        else:
            before.insert(rng.randrange(len(before) + 1), colour)
    rng.shuffle(after)
    return _with_article(" ".join([*before, noun, *after]), spoken)


def _english_other(spoken: Spoken) -> str:
    """A subject that the world does not hold, or none at all."""
    if spoken.often(0.6):
        noun: str = spoken.rng.choice(spoken.book.phrases["subject_unknown"])
        return noun
    return spoken.rng.choice(("something", "it", "one", "thing", "shape"))


def _with_article(whole: str, spoken: Spoken) -> str:
    first = whole.split()[0]
    if first in _NO_ARTICLE or spoken.often(0.12):
        return whole
    article = spoken.rng.choice(_ARTICLES)
    return f"{'an' if article == 'a' and first[0] in 'aeiou' else article} {whole}"


def _is_clause(phrase: str) -> bool:
    """Whether an adjective phrase can only stand after its noun."""
    words = phrase.split()
    return len(words) > 3 or words[0] in _AFTER


def _french_what(spoken: Spoken) -> str:
    rng, said, phrases = spoken.rng, spoken.said, spoken.book.phrases
    known = "subject" in said
    noun, gender = spoken.pick("subject") if known else rng.choice(phrases["subject_unknown"])
    form = int(gender == "f")
    parts = [noun]
    if spoken.often(0.25):
        parts.append(rng.choice(phrases["adornments"]["adjectives"])[form])
    if "colour" in said:
        colour = spoken.pick("colour")
        worn = said.get("subject") in WORN_BY
        parts.append(rng.choice(_WORN_FR).format(colour[0]) if worn else colour[form])
    if "size" in said:
        if spoken.often(0.6):
            parts.insert(0, spoken.pick("size")[form])
        else:
            after = rng.choice(phrases["size_after"][said["size"]])
            parts.append(after if isinstance(after, str) else after[form])
    whole = " ".join(parts)
    if noun.startswith("deux "):
        return whole
    articles = ("une", "une", "la", "cette") if form else ("un", "un", "le", "ce")
    return f"{rng.choice(articles)} {whole}"


def _acts(spoken: Spoken) -> dict[str, str]:
    """The action as a finite verb and in its other form, with where it goes and how."""
    other = "doing" if spoken.book.is_french else "acting"
    action = spoken.said.get("action")
    if not action:
        verbs = (("est là", "être là") if spoken.book.is_french else ("is there", "being there"),)
        finite, long = spoken.rng.choice((*verbs, ("", "")))
    else:
        own = spoken.book.phrases["action_of"].get(spoken.said.get("subject", ""), {}).get(action, [])
        finite, long = spoken.rng.choice(own if own and spoken.often(0.4) else spoken.book.of("action", action))
    to = spoken.pick("direction")
    how = spoken.rng.choice(spoken.book.phrases["adornments"]["adverbs"]) if spoken.often(0.2) else ""
    tail = [part for part in ((how, to) if spoken.often(0.5) else (to, how)) if part]
    return {"act": " ".join([finite, *tail]), other: " ".join([long, *tail])}


def _sentence(spoken: Spoken, slots: dict[str, str]) -> str:
    """A frame of the book filled in; what the frame has no place for stands before or after it."""
    form = spoken.rng.choice(spoken.book.phrases["forms"])
    extra = [value for name, value in slots.items() if value and f"{{{name}}}" not in form]
    extra = [value for value in extra if value not in (slots.get("act"), slots.get("acting"), slots.get("doing"))]
    spoken.rng.shuffle(extra)
    body = form.format(**slots)
    parts = [*extra, body] if spoken.often(0.2) else [body, *extra]
    return spoken.rng.choice((", ", ", ", ". ", " ", "; ")).join(parts)


def _surrounded(text: str, spoken: Spoken) -> str:
    """With an opening, asides, somebody else in the background, and what is not wanted."""
    rng, phrases, language = spoken.rng, spoken.book.phrases, spoken.book.language
    if spoken.often(0.3):
        text = f"{rng.choice(phrases['openings'])} {text}"
    if spoken.often(0.3):
        text = f"{text}, {rng.choice(phrases['adornments']['asides'])}"
    if "subject" in spoken.said and spoken.often(0.08):
        text = f"{text}, {rng.choice(_BESIDE[language]).format(_other(spoken))}"
    if spoken.often(0.05):
        name = rng.choice([name for name in ("colour", "style", "weather") if name in spoken.said] or ["subject"])
        value = rng.choice([v for v in ATTRIBUTES[name] if v != spoken.said.get(name)])
        other = rng.choice(spoken.book.of(name, value))
        text = f"{text}, {rng.choice(_NOT[language]).format(other if isinstance(other, str) else other[0])}"
    return text


def _other(spoken: Spoken) -> str:
    name = spoken.rng.choice([each for each in SUBJECTS if each != spoken.said["subject"]])
    noun = spoken.rng.choice(spoken.book.of("subject", name) + spoken.book.phrases["subject_unknown"])
    return f"un {noun[0]}" if spoken.book.is_french else f"a {noun}"


_ELIDED = re.compile(r"\b(d|l|qu|jusqu|c|n|m|s)(?:e|a) (?=[aeiouyâàéèêîôh])", re.IGNORECASE)


def _worn_down(text: str, spoken: Spoken) -> str:
    """The text as it may be typed: capitals or none, missing accents and marks, a slip of a finger."""
    rng = spoken.rng
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+([,.;:])", r"\1", text)
    text = re.sub(r"([,.;:])(?:\s*[,.;:])+", r"\1", text).strip(" ,;:")
    if spoken.book.is_french:
        text = _ELIDED.sub(r"\1'", text)
    if spoken.book.is_french and spoken.often(0.12):
        text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    if spoken.often(0.1):
        text = re.sub(r"[,.;:]", "", text)
    if spoken.often(0.15):
        place = rng.randrange(len(text)) if text else 0
        text = text[:place] + text[place + 1 :] if spoken.often(0.5) else text[: place + 1] + text[place:]
    if spoken.often(0.5):
        text = text[:1].upper() + text[1:] + rng.choice(("", ".", "!"))
    return text.upper() if spoken.often(0.02) else text
