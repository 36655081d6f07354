"""Statements whose verb no grammar knows ("cars make me yawn"), judged by their nearness to sentences like them.

A fallback only: nearness is blind to negation, so it is asked about statements that the grammar left unread.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

from events.inference import Embed, Embedded, Request
from volary.steering.composition import Draft, phrases_of
from volary.steering.grammar import Parsed, tag
from volary.steering.targets import protected

NEAREST = 5
SURE = 0.42  # least likeness of the nearest sentence
AHEAD = 0.02


@cache
def examples() -> tuple[tuple[str, str, str], ...]:
    """(operation, strength, sentence)."""
    lines = files("volary.steering").joinpath("predicates.txt").read_text("utf-8").splitlines()
    found = [line.split(" | ", 1) for line in lines if line and not line.startswith("#")]
    return tuple((head.split()[0], head.split()[1], sentence) for head, sentence in found)


def read(
    parsed: Parsed, text: str, language: str, ask: Callable[[Request], dict[str, Any]]
) -> tuple[list[Draft], tuple[str, ...]]:
    """The drafts with those that nearness adds, and what is still unread."""
    drafts = list(parsed.drafts)
    if not parsed.unread:
        return drafts, ()
    question = Embed(texts=parsed.unread[:64], anchors=tuple(sentence for _, _, sentence in examples()))
    answer = Embedded.model_validate(ask(question))
    left = []
    for statement, row in zip(parsed.unread[:64], answer.likeness, strict=True):
        found = _nearest(row)
        if found is None:
            left.append(statement)
        elif found[0] != "noop":
            phrases = tuple(phrases_of(tag(statement, language, protected()), statement))
            drafts.append(Draft("more", phrases, "normal", "default", statement))
            drafts[-1] = replace(drafts[-1], op=found[0], strength=found[1])  # type: ignore[arg-type]
    return drafts, tuple(left)


def _nearest(row: tuple[float, ...]) -> tuple[str, str] | None:
    ranked = sorted(zip(row, examples(), strict=True), key=lambda pair: (-pair[0], pair[1]))[:NEAREST]
    votes: dict[str, float] = {}
    for value, (op, _, _) in ranked:
        votes[op] = votes.get(op, 0.0) + value
    order = sorted(votes, key=lambda op: -votes[op])
    if ranked[0][0] < SURE or (len(order) > 1 and votes[order[0]] - votes[order[1]] < AHEAD):
        return None
    return order[0], next(strength for _, (op, strength, _) in ranked if op == order[0])
