"""Measures the check of the rhythm on sound alone, which is quick: digits read for a challenge, and for another one.

Lips, faces and the eleven attacks are `enrolments`'. Never part of the model server.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from events.likeness import CaptureFinding, Challenge
from inference.likeness import staging
from inference.likeness.enrolments import SPEAKERS, Studio, drawn_for
from inference.likeness.judging import rhythm
from inference.rates import wilson


def readings(studio: Studio, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """A line for readings of this challenge, and one for the right digits timed like those of another challenge.

    Groups of both challenges are alike by chance now and then; `passed` is of those that are not.
    """
    yield _line("genuine", [reading(studio, "genuine", number, seed) for number in range(count)])
    found = [reading(studio, "retimed", number, seed) for number in range(count)]
    alike = sum(asked.groups == old.groups for asked, old, _ in found)
    yield _line("retimed", [each for each in found if each[0].groups != each[1].groups]) | {"groups_alike": alike}


def reading(studio: Studio, kind: str, number: int, seed: int) -> tuple[Challenge, Challenge, CaptureFinding]:
    """What is asked, what the timing was made for, and what the rhythm's check finds."""
    studio.rng = drawn_for(seed, kind, number)
    asked, speaker = studio.challenge(), SPEAKERS[int(studio.rng.integers(len(SPEAKERS)))]
    old = asked if kind == "genuine" else studio.challenge()
    script = staging.script(asked.turns, studio.spoken(old.digits, speaker), old.groups, studio.rng)
    sound = script.sound
    if kind != "genuine":
        sound = staging.retimed(script, studio.spoken(asked.digits, speaker), studio.rng)
    return asked, old, rhythm(studio.checks.listener.listen(sound, asked.digits), asked)


def _line(kind: str, found: list[tuple[Challenge, Challenge, CaptureFinding]]) -> dict[str, Any]:
    scores = sorted(finding.score for _, _, finding in found)
    passed = sum(finding.outcome == "pass" for _, _, finding in found)
    return {
        "what": "rhythm", "kind": kind, "passed": asdict(wilson(passed, len(found))), "lowest": scores[:5],
        "highest": scores[-5:],
    }  # fmt: skip
