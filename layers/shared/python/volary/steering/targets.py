"""What an instruction is about: any words, placed by meaning among the topics that clips are sorted into.

The vocabulary is open: words that lie near no topic stay what they are, a place in the space of meanings, and steer
by nearness alone.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from events.inference import Embedded
from events.shapes import Shape
from volary.steering.lexicon import folded, lexicon, tokens

# Cosines from which words count as a topic: the mean of the two nearest of its examples, or the nearest alone.
NEAR, VERY_NEAR = 0.59, 0.68
AHEAD = 0.1  # by which the topic must lead where the model server tells them apart
NO_TOPIC = "-"


class Topic(Shape):
    """A label of the catalogue with example phrases; `en[0]` and `fr[0]` are also its names."""

    label: str
    en: tuple[str, ...]
    fr: tuple[str, ...]


class Target(Shape):
    """What a clause is about: the reader's `words`, the `topics` they fall under, and their place as a vector.

    `vector` is 512 half floats in base64, empty for a facet, a creator or a topic that needs none.
    """

    words: str
    topics: tuple[str, ...] = ()
    vector: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        return self.topics or (self.words,)


@cache
def topics() -> tuple[Topic, ...]:
    found = json.loads(files("volary.steering").joinpath("topics.json").read_text("utf-8"))
    return tuple(Topic(label=label, **examples) for label, examples in found.items())


@cache
def anchors() -> tuple[tuple[str, str], ...]:
    """Every example phrase with its label, in a fixed order."""
    return tuple((phrase, topic.label) for topic in topics() for phrase in (*topic.en, *topic.fr))


@cache
def exact() -> dict[str, tuple[str, ...]]:
    """Example phrases as they are written, also without a final s, and their labels."""
    known: dict[str, list[str]] = {}
    for phrase, label in anchors():
        for form in _forms(phrase):
            if label not in known.setdefault(form, []):
                known[form].append(label)
    return {form: tuple(labels[:1]) for form, labels in known.items()}


def _forms(phrase: str) -> set[str]:
    words = [token for token, _, _ in tokens(phrase)]
    if len(words) > 1 and words[0] in ("the", "la", "le", "les", "l'"):
        words = words[1:]
    plain = " ".join(words)
    return {plain, plain.removesuffix("s")} if len(plain) > 3 else {plain}


@cache
def protected() -> frozenset[tuple[str, ...]]:
    """Example phrases that hold words of the grammar and must be read as one: "black and white", "qui fait peur"."""
    grammar = {word for code in ("en", "fr") for word in lexicon(code).words}
    held = [tuple(token for token, _, _ in tokens(phrase)) for phrase, _ in anchors()]
    return frozenset(phrase for phrase in held if len(phrase) > 1 and grammar & set(phrase[1:]))


@cache
def spellings(language: str) -> frozenset[str]:
    """Single words of the English or French examples, to put misspelt ones right."""
    said = [phrase for topic in topics() for phrase in (topic.fr if language == "fr" else topic.en)]
    return frozenset(token for phrase in said for token, _, _ in tokens(phrase) if len(token) > 3)


def qualifies(subject: str, phrase: str) -> bool:
    """Whether the subject only says of what kind the phrase's thing is: "magic" in "magic tricks", "tours de magie"."""
    said, name = [[token for token, _, _ in tokens(words)] for words in (phrase, subject)]
    places = [at for at in range(len(said) - len(name) + 1) if said[at : at + len(name)] == name]
    if not places or not name or len(said) == len(name):
        return False
    before, after = said[: places[0]], said[places[0] + len(name) :]
    french = bool(before) and before[-1] in ("de", "d'", "du", "des", "a", "pour")
    return french or (bool(after) and after[0] not in lexicon("en").words | lexicon("fr").words)


def placed(phrases: Sequence[str], found: Embedded) -> list[Target]:
    """Targets for phrases whose meanings were asked for with `anchors()` and as subjects, in order."""
    scores: Sequence[Mapping[str, float]] = found.topics or [{}] * len(phrases)
    labels = map(_labels, phrases, found.likeness, scores)
    return [
        Target(words=phrase, topics=topics, vector=vector)
        for phrase, topics, vector in zip(phrases, labels, found.vectors, strict=True)
    ]


def _labels(phrase: str, near: Sequence[float], scored: Mapping[str, float]) -> tuple[str, ...]:
    plain = " ".join(token for token, _, _ in tokens(folded(phrase)))
    if plain.startswith("@"):
        return ()
    for form in (plain, plain.removesuffix("s"), plain.removesuffix("x")):
        if form in exact():
            return exact()[form]
    return leading(scored) if scored else _nearest(near)


def leading(scored: Mapping[str, float], ahead: float = AHEAD) -> tuple[str, ...]:
    """The topic for which most speaks, by `ahead` or more; none where that is none, or little speaks for any."""
    first, second = sorted(scored, key=lambda label: (-scored[label], label))[:2]
    return (first,) if first != NO_TOPIC and scored[first] - scored[second] >= ahead else ()


def _nearest(near: Sequence[float]) -> tuple[str, ...]:
    """Two different examples must agree, unless one is very near: a lone likeness is often one of spelling."""
    known: dict[str, dict[str, float]] = {}
    for (example, label), value in zip(anchors(), near, strict=True):
        known.setdefault(label, {})[folded(example)] = value
    best = {label: sorted(values.values())[-2:] for label, values in known.items()}
    first = max(best, key=lambda label: sum(best[label]))
    return (first,) if max(best[first]) >= VERY_NEAR or sum(best[first]) / 2 >= NEAR else ()


def topics_of(row: Sequence[float], most: int = 12) -> dict[str, float]:
    """The topics nearest to a clip's words, with their cosines, strongest first."""
    best: dict[str, float] = {}
    for (_, label), value in zip(anchors(), row, strict=True):
        best[label] = max(value, best.get(label, -1.0))
    near = sorted((label for label in best if best[label] >= 0.15), key=lambda label: (-best[label], label))
    return {label: round(best[label], 3) for label in near[:most]}


def name_of(label: str, language: str) -> str:
    """A topic in the reader's words; what is no topic is itself."""
    known = {topic.label: topic for topic in topics()}
    if label not in known:
        return label
    return known[label].fr[0] if language == "fr" else known[label].en[0]
