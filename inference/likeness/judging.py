"""Turns what was seen and heard of a capture into findings: score, threshold, reason, and what to do better.

What is covered: every check of events/likeness.py, each exactly once. A check that could not be made says
"unavailable", and whoever decides refuses. What is not: age. No model of it can be trusted here, so a person looks
at everybody who says that they are adult, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from events.likeness import CaptureFinding, Challenge, CheckName
from inference.likeness import thresholds as least
from inference.likeness import watching
from inference.likeness.faces import distance
from inference.likeness.listening import Heard, synchrony
from inference.likeness.matching import BLOCKED, Index
from inference.likeness.voices import likeness
from inference.likeness.watching import Look, Watched

CHECKED = "likeness-1"
WHISPER = "whisper-base-1.0.0"


@dataclass(frozen=True)
class Taken:
    """A capture as decoded and measured; `heard` is None where nobody speaks, `faces` (N, 128) of frontal looks."""

    seconds: float
    sound_seconds: float
    watched: Watched
    heard: Heard | None
    sound: np.ndarray
    faces: np.ndarray


@dataclass(frozen=True)
class Known:
    """Who is enrolled already: `index` None where nobody is, `own` the account's own likenesses."""

    index: Index | None
    own: tuple[str, ...]
    claims_adult: bool


def judge(taken: Taken, challenge: Challenge, known: Known) -> tuple[CaptureFinding, ...]:
    """Every check but `readable`, which the caller knows."""
    same = same_person(taken, known)
    return (
        length(taken), one_face(taken.watched), poses(taken.watched, challenge), digits(taken.heard, challenge),
        rhythm(taken.heard, challenge), lips(taken), one_speaker(taken.heard), sharp(taken.watched.lone),
        light(taken.watched.lone), no_replay(taken.watched), adult(same, known), same, new_face(taken, known),
    )  # fmt: skip


def length(taken: Taken) -> CaptureFinding:
    shortest, longest = least.SECONDS
    share = taken.sound_seconds / max(taken.seconds, 0.1)
    reason = f"{taken.seconds:.1f} s of picture, {taken.sound_seconds:.1f} s of sound"
    score = share if shortest <= taken.seconds <= longest else 0.0
    advice = f"Record between {shortest:.0f} and 12 seconds, with the microphone on."
    return _judged("length", score, least.SOUND_SHARE, reason, advice)


def one_face(watched: Watched) -> CaptureFinding:
    counts = [look.faces for look in watched.looks]
    several, none = sum(count > 1 for count in counts), sum(count == 0 for count in counts)
    # Two faces in one frame are two people; a few frames without any are blinks of the detector.
    forgiven = none if none <= least.FEW_MISSES * len(counts) else 0
    score = (sum(count == 1 for count in counts) + forgiven) / max(1, len(counts))
    reason = f"{several} of {len(counts)} frames show several faces, {none} show none"
    advice = "Be alone in the picture, and keep your whole face in it."
    return _judged("one_face", score, least.ONE_FACE, reason, advice)


def poses(watched: Watched, challenge: Challenge) -> CaptureFinding:
    found = watching.turns(watched.lone)
    asked = list(challenge.turns)
    score = 1.0 if found == asked else _share_in_order(found, asked) * 0.99
    reason = f"saw {', '.join(found) or 'no turn'}; asked for {', '.join(asked)}"
    advice = "Look straight ahead, then turn your head clearly each way in the order shown, coming back in between."
    return _judged("poses", score, 1.0, reason, advice)


def digits(heard: Heard | None, challenge: Challenge) -> CaptureFinding:
    if challenge.language != "en":
        reason = "digits in French are heard by a person: their recognition is not measured on real speech"
        return CaptureFinding(check="digits", outcome="review", score=0, threshold=least.DIGITS, reason=reason)
    score = heard.digits if heard else 0.0
    reason = f"the digits shown have a mean probability of {score:.2f}" if heard else "nobody speaks"
    advice = "Read the digits shown aloud in English, one by one, in a quiet place."
    return _judged("digits", score, least.DIGITS, reason, advice, model=WHISPER)


def rhythm(heard: Heard | None, challenge: Challenge) -> CaptureFinding:
    """How much longer the shortest pause between the groups is than the longest silence within one.

    A sound that was read for this challenge has its rhythm; lips that were filmed for another one have another.
    """
    if challenge.language != "en":
        reason = "pauses between French digits are heard by a person: their recognition is not measured on real speech"
        return CaptureFinding(check="rhythm", outcome="review", score=0, threshold=least.RHYTHM, reason=reason)
    if len(challenge.groups) < 2:
        return unavailable("rhythm", "the challenge asks for no pauses; start again")
    if heard and len(heard.pauses) != len(challenge.digits) - 1:
        return unavailable("rhythm", "the digits could not be placed in the sound")
    ends = list(accumulate(challenge.groups))[:-1]
    between = min(heard.pauses[end - 1] for end in ends) if heard else 0.0
    within = max((pause for at, pause in enumerate(heard.pauses, 1) if at not in ends), default=0.0) if heard else 0.0
    reason = f"pauses between the groups last {between:.2f} s at least, those within {within:.2f} s at most"
    advice = f"Read {challenge.shown}: pause for about a second at every gap, and not within a group."
    return _judged("rhythm", between / max(within, least.BRIEF), least.RHYTHM, reason, advice, model=WHISPER)


def lips(taken: Taken) -> CaptureFinding:
    lone = taken.watched.lone
    mouth, seconds = np.array([look.mouth for look in lone]), np.array([look.second for look in lone])
    moves = float(mouth.std()) if len(mouth) else 0.0
    score = synchrony(mouth, seconds, taken.sound) if moves >= least.LIPS_MOVE and taken.heard else 0.0
    reason = f"lips and voice correlate by {score:.2f}; the mouth's opening varies by {moves:.3f} of the face"
    return _judged("lips", score, least.LIPS, reason, "Speak the digits yourself while you face the camera.")


def one_speaker(heard: Heard | None) -> CaptureFinding:
    enough = heard is not None and heard.spoken_seconds >= least.SPOKEN_SECONDS
    score = heard.one_voice if heard and enough else 0.0
    reason = f"the voice stays alike by {score:.2f}" if enough else "there is too little speech to tell a voice by"
    advice = "Let nobody else speak, and turn off music and television."
    return _judged("one_speaker", score, least.ONE_VOICE, reason, advice, model="resemblyzer-0.1.4")


def sharp(looks: Sequence[Look]) -> CaptureFinding:
    score = float(np.median([look.sharpness for look in looks])) if looks else 0.0
    reason = f"edges have a strength of {score:.2f}"
    return _judged("sharp", score, least.SHARP, reason, "Clean the lens and hold still.")


def light(looks: Sequence[Look]) -> CaptureFinding:
    low, high = least.LIGHT
    good = [low <= look.light <= high and look.contrast >= least.CONTRAST for look in looks]
    score = sum(good) / max(1, len(good))
    level = float(np.median([look.light for look in looks])) if looks else 0.0
    reason = f"the face is lit well in {score:.0%} of the frames; its median brightness is {level:.0f} of 255"
    return _judged("light", score, 0.8, reason, "Face a window or a lamp; avoid light from behind.")


def no_replay(watched: Watched) -> CaptureFinding:
    """The worst of three measures, each as a share of its own line: at 1 and above it passes."""
    lone = watched.lone
    flat = watching.flatness(lone) if lone else 0.0
    lines, beat = watching.pattern(watched), watching.beat(watched.frames)
    shares = (flat / least.FLAT, least.PATTERN / max(lines, 1e-6), least.BEAT / max(beat, 1e-6))
    reason = f"depth {flat:.3f}, line pattern {lines:.1f} dB, brightness beats by {beat:.2f}"
    advice = "Film your own face directly: no photograph, no screen, no flickering lamp."
    return _judged("no_replay", min(shares), 1.0, reason, advice)


def adult(same: CaptureFinding, known: Known) -> CaptureFinding:
    if not known.claims_adult:
        return CaptureFinding(check="adult", outcome="pass", score=1, threshold=0, reason="the account is a teen's")
    if known.own and same.outcome == "pass":
        reason = "a person confirmed the age of this face in an earlier capture"
        return CaptureFinding(check="adult", outcome="pass", score=1, threshold=0, reason=reason)
    reason = "no model of age is trusted here: a person confirms that this is an adult's face"
    return CaptureFinding(check="adult", outcome="review", score=0, threshold=1, reason=reason)


def same_person(taken: Taken, known: Known) -> CaptureFinding:
    """Face and voice of the account's earlier captures; both must match."""
    if not known.own:
        return CaptureFinding(
            check="same_person", outcome="pass", score=1, threshold=0, reason="this is the account's first capture"
        )
    earlier = [person for name in known.own if known.index and (person := known.index.of(name))]
    if not earlier or taken.heard is None or not len(taken.faces):
        reason = "the account's earlier captures cannot be compared with"
        return CaptureFinding(check="same_person", outcome="unavailable", score=0, threshold=1, reason=reason)
    apart = min(_nearest(taken.faces, person.faces) for person in earlier)
    voices = [likeness(taken.heard.voice, person.voice) for person in earlier if person.voice is not None]
    score = min(1 - apart / (2 * least.FACE_SAME) + 0.5, max(voices, default=0.0) - least.VOICE_SAME + 1)
    reason = f"face {apart:.2f} apart, voice alike by {max(voices, default=0.0):.2f}"
    return _judged("same_person", score, 1.0, reason, "Only the person who enrolled before can enrol again here.")


def new_face(taken: Taken, known: Known) -> CaptureFinding:
    others = [each for each in known.index.people if each.subject not in known.own] if known.index else []
    if not len(taken.faces):
        return CaptureFinding(check="new_face", outcome="unavailable", score=0, threshold=1, reason="no face was read")
    apart = [(_nearest(taken.faces, other.faces), other) for other in others if len(other.faces)]
    closest = min(apart, key=lambda pair: pair[0], default=None)
    score = closest[0] if closest else 1.0
    found = CaptureFinding(
        check="new_face", outcome="pass", score=score, threshold=least.FACE_SAME, model=CHECKED,
        reason=f"the nearest other of {len(others)} enrolled people is {score:.2f} away",
    )  # fmt: skip
    if closest is None or score >= least.FACE_SAME:
        return found
    if closest[1].subject.startswith(BLOCKED):
        reason = "this face is on the block list"
        return found.model_copy(update={"outcome": "fail", "reason": reason, "advice": "Ask us if you think we err."})
    reason = "this face resembles one that another account enrolled: a person looks at both"
    return found.model_copy(update={"outcome": "review", "reason": reason})


def unavailable(check: CheckName, why: str) -> CaptureFinding:
    return CaptureFinding(check=check, outcome="unavailable", score=0, threshold=1, reason=why)


def _judged(
    check: CheckName, score: float, threshold: float, reason: str, advice: str, *, model: str = CHECKED
) -> CaptureFinding:
    passes = bool(score >= threshold)
    return CaptureFinding(
        check=check, outcome="pass" if passes else "fail", score=round(float(score), 4), threshold=threshold,
        reason=reason, advice="" if passes else advice, model=model,
    )  # fmt: skip


def _share_in_order(found: Sequence[str], asked: Sequence[str]) -> float:
    """How much of what was asked is there in its order."""
    at = 0
    for turn in found:
        at += at < len(asked) and turn == asked[at]
    return at / len(asked)


def _nearest(faces: np.ndarray, others: np.ndarray) -> float:
    """The median over the fresh faces of the distance to their nearest template."""
    return float(np.median([min(distance(face, other) for other in others) for face in faces]))
