"""What a whole sentence is about when it names no subject: small talk, taking back, or defeat of safety, by nearness.

Nearness is blind to negation but not to the matter, so it decides what is spoken of and never which way to steer.
"""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from events.inference import Embed, Embedded, Request
from volary.steering.lexicon import LANGUAGES, lexicon, spans, tokens
from volary.steering.targets import exact

# Least likeness to an example; on the development rows every other sentence lies under these.
SURE = {"reject": 0.70, "reset": 0.60, "undo": 0.60, "query": 0.53, "noop": 0.66}
GUARDED = 0.42  # where a protection is named, too
PLAIN = 0.8  # from which small talk may name a subject
AHEAD = 0.05  # by which taking back must beat forgetting, and small talk both


@cache
def examples() -> tuple[tuple[str, str], ...]:
    """(intent, sentence)."""
    lines = files("volary.steering").joinpath("intents.txt").read_text("utf-8").splitlines()
    found = [line.split(" | ", 1) for line in lines if line and not line.startswith("#")]
    return tuple((intent, sentence) for intent, sentence in found)


@cache
def _subjects() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(form.split()) for form in exact())


def names_subject(said: str) -> bool:
    """Whether a sentence names an example of a topic, or a person by their handle."""
    plain = [token for token, _, _ in tokens(said)]
    return bool(spans(plain, _subjects())) or any(token.startswith("@") for token in plain)


def _names_guard(said: str) -> bool:
    plain = [token for token, _, _ in tokens(said)]
    return any(spans(plain, lexicon(code).apart[tag]) for code in LANGUAGES for tag in ("GUARD", "ILLICIT"))


def nearest(said: str, ask: Callable[[Request], dict[str, Any]]) -> str:
    """The intent of a sentence, "" where it is none of them."""
    question = Embed(texts=(said,), anchors=tuple(sentence for _, sentence in examples()))
    row = Embedded.model_validate(ask(question)).likeness[0]
    best = dict.fromkeys(SURE, -1.0)
    for value, (intent, _) in zip(row, examples(), strict=True):
        best[intent] = max(value, best[intent])
    first, second = sorted(best, key=lambda intent: -best[intent])[:2]
    if best["reject"] >= (GUARDED if _names_guard(said) else SURE["reject"]):
        return "reject"
    if first == "noop" and best["noop"] >= PLAIN:
        return "noop"  # "my chef is annoying" is none about cooking
    if names_subject(said) or best[first] < SURE[first] or best[first] - best[second] < AHEAD:
        return ""
    return first
