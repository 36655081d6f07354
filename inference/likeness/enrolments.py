"""Stages enrolments from the evaluation data and counts what is enrolled: genuine people and fifteen kinds of attack.

Faces are those of the ORL set, voices and digits those of the spoken-digits set; who speaks for which face is drawn.
The checks are the model server's own, decoding child included. Never part of the model server.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from events.likeness import Challenge, Turn
from inference.likeness import staging
from inference.likeness.capture import CaptureChecks, Judged
from inference.likeness.judging import Known
from inference.likeness.matching import Index, Person
from inference.likeness.staging import Actor, Script
from inference.likeness.verification import opened_sound
from inference.likeness.voices import RATE
from inference.media import encode_mp4

TURNS: tuple[Turn, ...] = ("left", "right", "up", "down")
SPEAKERS = ("george", "jackson", "nicolas", "yweweler")
CUTS = (1, 2, 3, 4, 5)  # digits of six after which another voice takes over, each an attack of its own
TAKES = 4  # of one capture that has to succeed
NOBODY = Known(None, (), claims_adult=False)


@dataclass(frozen=True)
class Take:
    """A staged capture and what it was staged from."""

    who: Actor
    script: Script
    challenge: Challenge
    speaker: str
    clip: np.ndarray

    def file(self, sound: np.ndarray | None = None, clip: np.ndarray | None = None) -> bytes:
        """The MP4 that a phone would send."""
        frames = self.clip if clip is None else clip
        heard = self.script.sound if sound is None else sound
        return encode_mp4(frames, staging.FRAME_RATE, heard, RATE)


@dataclass
class Studio:
    """Stages takes from `data` (the media folder) with the random numbers of one seed."""

    data: Path
    checks: CaptureChecks
    rng: np.random.Generator
    pictures: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pictures = sorted((self.data / "faces" / "orl").glob("*.png"))
        if not self.pictures:
            raise ValueError(f"{self.data} holds no faces/orl/*.png")

    def actor(self, besides: str = "") -> tuple[Actor, str]:
        """A face and whose it is; `besides` names somebody that it must not be."""
        from PIL import Image

        while True:
            path = self.pictures[int(self.rng.integers(len(self.pictures)))]
            subject = path.stem.split("_")[0]
            if subject == besides:
                continue
            with Image.open(path) as image:
                found = staging.actor(np.asarray(image.convert("RGB")), self.checks.faces, self.rng)
            if found is not None:
                return found, subject

    def challenge(self) -> Challenge:
        turns: list[Turn] = []
        while len(turns) < 3:
            turn = TURNS[int(self.rng.integers(4))]
            if not turns or turn != turns[-1]:
                turns.append(turn)
        digits = "".join(str(digit) for digit in self.rng.integers(0, 10, 6))
        return Challenge(digits=digits, groups=self.groups(), turns=tuple(turns), issued_at=0, expires_at=60)

    def groups(self) -> tuple[int, ...]:
        """Sizes of two to four groups of six digits, as evenly drawn as those of `volary.enrolment.challenge`."""
        while True:
            ends = np.flatnonzero(self.rng.integers(0, 2, 5)) + 1
            sizes = tuple(int(size) for size in np.diff([0, *ends, 6]))
            if 2 <= len(sizes) <= 4 and max(sizes) <= 4:
                return sizes

    def take(self, who: Actor, challenge: Challenge, speaker: str | None = None) -> Take:
        """An actor who does what the challenge asks."""
        speaker = speaker or SPEAKERS[int(self.rng.integers(len(SPEAKERS)))]
        script = staging.script(challenge.turns, self.spoken(challenge.digits, speaker), challenge.groups, self.rng)
        return Take(who, script, challenge, speaker, staging.play(who, script, self.rng))

    def spoken(self, digits: str, speaker: str) -> list[np.ndarray]:
        names = (f"{digit}_{speaker}_{int(self.rng.integers(10))}.wav" for digit in digits)
        return [opened_sound(self.data / "digits" / name) for name in names]

    def judged(self, file: bytes, challenge: Challenge, known: Known = NOBODY) -> Judged:
        return self.checks.judge(file, challenge, known)

    def another(self, speaker: str) -> str:
        return str(self.rng.choice([each for each in SPEAKERS if each != speaker]))


def genuine(studio: Studio) -> Judged:
    who, _ = studio.actor()
    take = studio.take(who, studio.challenge())
    return studio.judged(take.file(), take.challenge)


def still_photo(studio: Studio) -> Judged:
    """A print of the person, turned in front of the camera, while somebody reads the digits."""
    take = studio.take(studio.actor()[0], studio.challenge())
    return studio.judged(take.file(clip=staging.waved_photo(take.who, take.script, studio.rng)), take.challenge)


def replayed_file(studio: Studio) -> Judged:
    """A person's genuine capture for an earlier challenge, sent again for a new one."""
    take = studio.take(studio.actor()[0], studio.challenge())
    return studio.judged(take.file(), studio.challenge())


def filmed_screen(studio: Studio) -> Judged:
    """A capture that answers the very challenge, shown on a screen and filmed."""
    take = studio.take(studio.actor()[0], studio.challenge())
    return studio.judged(take.file(clip=staging.filmed_screen(take.clip, studio.rng)), take.challenge)


def other_person(studio: Studio) -> Judged:
    """Somebody else enrols on an account that holds a person's earlier capture, in their own voice."""
    who, subject = studio.actor()
    first, known = _enrolled(studio, who, own=True)
    second = studio.take(studio.actor(besides=subject)[0], studio.challenge(), studio.another(first.speaker))
    return studio.judged(second.file(), second.challenge, known)


def enrolled_elsewhere(studio: Studio) -> Judged:
    """A face that another account enrolled already; it must at least wait for a person."""
    who, _ = studio.actor()
    _, known = _enrolled(studio, who, own=False)
    second = studio.take(who, studio.challenge())
    return studio.judged(second.file(), second.challenge, known)


def wrong_digits(studio: Studio) -> Judged:
    take = studio.take(studio.actor()[0], studio.challenge())
    return studio.judged(take.file(), take.challenge.model_copy(update={"digits": studio.challenge().digits}))


def wrong_turns(studio: Studio) -> Judged:
    take = studio.take(studio.actor()[0], studio.challenge())
    other = take.challenge
    while other.turns == take.challenge.turns:
        other = studio.challenge()
    return studio.judged(take.file(), take.challenge.model_copy(update={"turns": other.turns}))


def two_faces(studio: Studio) -> Judged:
    who, subject = studio.actor()
    take = studio.take(who, studio.challenge())
    other = studio.actor(besides=subject)[0]
    guest = staging.play(other, replace(take.script, **_first(take.script)), studio.rng)
    return studio.judged(take.file(clip=staging.beside(take.clip, guest)), take.challenge)


def spliced_track(studio: Studio) -> Judged:
    """A person's capture for another challenge with the same turns, under a track that answers this challenge."""
    take, asked = _earlier(studio)
    spoken = studio.spoken(asked.digits, studio.another(take.speaker))
    track = staging.script(asked.turns, spoken, asked.groups, studio.rng)
    return studio.judged(take.file(sound=track.sound), asked)


def retimed_track(studio: Studio) -> Judged:
    """The same capture under a track that reads the right digits whenever the lips read theirs."""
    take, asked = _earlier(studio)
    spoken = studio.spoken(asked.digits, studio.another(take.speaker))
    return studio.judged(take.file(sound=staging.retimed(take.script, spoken, studio.rng)), asked)


def _earlier(studio: Studio) -> tuple[Take, Challenge]:
    """A person's capture for one challenge, and another one with the same turns; groups may be alike by chance."""
    asked, other = studio.challenge(), studio.challenge()
    return studio.take(studio.actor()[0], other.model_copy(update={"turns": asked.turns})), asked


def spliced_voices(studio: Studio, own: int) -> Judged:
    """The digits after the first `own` in another person's voice, lips and all."""
    asked, (who, _) = studio.challenge(), studio.actor()
    first = SPEAKERS[int(studio.rng.integers(len(SPEAKERS)))]
    spoken = studio.spoken(asked.digits[:own], first) + studio.spoken(asked.digits[own:], studio.another(first))
    script = staging.script(asked.turns, spoken, asked.groups, studio.rng)
    take = Take(who, script, asked, first, staging.play(who, script, studio.rng))
    return studio.judged(take.file(), asked)


ATTACKS: dict[str, Callable[[Studio], Judged]] = {
    each.__name__: each
    for each in (
        still_photo, replayed_file, filmed_screen, other_person, enrolled_elsewhere, wrong_digits, wrong_turns,
        two_faces, spliced_track, retimed_track,
    )
} | {f"spliced_after_{own}": partial(spliced_voices, own=own) for own in CUTS}  # fmt: skip


def enrolments(
    studio: Studio, asked: Mapping[str, int], seed: int, before: Collection[tuple[str, int]] = ()
) -> Iterator[dict[str, Any]]:
    """One row for every staged enrolment that is not in `before` (kind and number), up to the number `asked` of a kind.

    Genuine ones and attacks alternate, so that a run that is cut short has both; each is drawn from the seed, its
    kind and its number alone, so that a run that goes on stages what an uncut one would have.
    """
    order = sorted((number / count, kind, number) for kind, count in asked.items() for number in range(count))
    for _, kind, number in order:
        if (kind, number) in before:
            continue
        studio.rng = drawn_for(seed, kind, number)
        judged = genuine(studio) if kind == "genuine" else ATTACKS[kind](studio)
        yield {"seed": seed, "number": number} | row(kind, judged)


def drawn_for(seed: int, kind: str, number: int) -> np.random.Generator:
    """What one staged capture is drawn from."""
    return np.random.default_rng([seed, number, *kind.encode()])


def row(kind: str, judged: Judged) -> dict[str, Any]:
    """`enrolled` means that every check passed; a capture that waits for a person is not enrolled."""
    outcomes = {each.check: each.outcome for each in judged.findings}
    return {
        "kind": kind,
        "enrolled": set(outcomes.values()) == {"pass"},
        "stopped_by": sorted(check for check, outcome in outcomes.items() if outcome != "pass"),
        "scores": {each.check: each.score for each in judged.findings},
        "reasons": {each.check: each.reason for each in judged.findings if each.outcome != "pass"},
        "timings": judged.timings,
    }


def _first(script: Script) -> dict[str, np.ndarray]:
    return {name: getattr(script, name)[:1] for name in ("yaw", "pitch", "gape")}


def _enrolled(studio: Studio, who: Actor, *, own: bool) -> tuple[Take, Known]:
    """A capture of somebody and the index that holds it alone; one in which no face or voice was read is repeated, as
    nobody is enrolled with it. Raises ValueError where none of TAKES was read.
    """
    for _ in range(TAKES):
        take = studio.take(who, studio.challenge())
        material = studio.judged(take.file(), take.challenge).material
        if material is not None:
            person = Person("likeness_first", material.faces, material.voice)
            return take, Known(Index("index_1", (person,)), ("likeness_first",) if own else (), claims_adult=False)
    raise ValueError(f"no face and voice in any of {TAKES} staged captures of one person")
