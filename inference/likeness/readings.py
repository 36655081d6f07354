"""Measures two checks on sound alone, which is quick: the rhythm of digits read for this challenge or another one, and
one voice in digits that one person reads, or two.

Lips, faces and the fifteen attacks are `enrolments`'. Never part of the model server.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from events.likeness import CaptureFinding, Challenge
from inference.likeness import staging
from inference.likeness.enrolments import CUTS, SPEAKERS, Studio, drawn_for
from inference.likeness.judging import one_speaker, rhythm
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


def splices(studio: Studio, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """A line for strings of six digits by one voice, and one for each place at which another voice takes over."""
    for own in (6, *CUTS):
        found = [splice(studio, own, number, seed) for number in range(count)]
        yield _told("one_speaker", "genuine" if own == 6 else f"spliced after {own}", found)


def splice(studio: Studio, own: int, number: int, seed: int) -> CaptureFinding:
    """What the check of one voice finds in six digits of which somebody else reads those after the first `own`."""
    studio.rng = drawn_for(seed, f"splice{own}", number)
    asked, speaker = studio.challenge(), SPEAKERS[int(studio.rng.integers(len(SPEAKERS)))]
    spoken = studio.spoken(asked.digits[:own], speaker)
    if own < len(asked.digits):
        spoken += studio.spoken(asked.digits[own:], studio.another(speaker))
    script = staging.script(asked.turns, spoken, asked.groups, studio.rng)
    return one_speaker(studio.checks.listener.listen(script.sound, asked.digits))


def _line(kind: str, found: list[tuple[Challenge, Challenge, CaptureFinding]]) -> dict[str, Any]:
    return _told("rhythm", kind, [finding for _, _, finding in found])


def _told(what: str, kind: str, found: list[CaptureFinding]) -> dict[str, Any]:
    scores = sorted(finding.score for finding in found)
    passed = sum(finding.outcome == "pass" for finding in found)
    return {
        "what": what, "kind": kind, "passed": asdict(wilson(passed, len(found))), "lowest": scores[:5],
        "highest": scores[-5:],
    }  # fmt: skip
