"""Listens to a capture: are these the digits, where are its pauses, is it one voice, do lips move with it?

It decides nothing.

Digits are not transcribed and compared, which fails on digits read one by one: Whisper is asked how likely the
challenge's own digits are, given the sound. The first stock answer to "what was said" is right for 8 of 12 strings of
the digits set, this measure tells 24 of 24 from wrong ones (`volary eval likeness`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from events.moderation import Span
from inference.likeness.voices import PIECE, RATE, STRIDE, Voices, joins, speech
from inference.safety.sound import Ears

LEAST_PROBABILITY = 1e-4
AROUND = 0.15
LAGS = 1  # tenths of a second that lips may lead or trail the sound
LOUD = 0.7
CLOSE = 20  # hundredths of a second between pieces of speech whose voices are compared
SIDE = 3  # pieces on either side of a silence at least, which is two seconds of speech
CROSSES = 0.2  # seconds that a piece may reach beyond the silence: as much as speech_only leaves of one
ANYWHERE, AROUND_CUT = 2, 4  # where no silence has that much: pieces on either side of any moment, and those left out
TAIL = 0.3  # seconds that a stretch of speech may go on, or begin earlier, than the detector of speech says
OVER_NOISE, UNDER_SPEECH = 4.0, 50.0  # decibels that it then stays over the room's noise, and under the speech at most
TORN = 0.06  # seconds between stretches of speech that are then one
FRAME = RATE // 50
WINDOW = 1500  # Whisper frames of 10 ms: half of its own 30 s holds any capture and costs a quarter
FRAMES_A_SECOND = 50  # of Whisper's attention


@dataclass(frozen=True)
class Heard:
    """`digits` is the mean probability of the challenge's digits, `one_voice` the worst cosine between the speech
    before and after a silence, `spoken_seconds` how long somebody speaks, `voice` the direction of 256 numbers.
    `pauses` are the seconds of the longest silence after each digit but the last; empty where the digits were not
    placed.
    """

    digits: float
    one_voice: float
    spoken_seconds: float
    voice: np.ndarray
    pauses: tuple[float, ...] = ()


class Listener:
    """Whisper base and the voice encoder."""

    def __init__(self, weights: Path) -> None:
        self.ears = Ears(weights / "safety")
        self.voices = Voices(weights / "likeness")

    def listen(self, sound: np.ndarray, digits: str) -> Heard:
        """`sound` is mono at RATE; raises ValueError where nobody speaks."""
        pieces = self.voices.pieces(sound, CLOSE)
        spans = speech(sound)
        spoken = sum(span.end - span.start for span in spans)
        voice = pieces[:: STRIDE // CLOSE].mean(axis=0)
        probability, placed = self.read(sound, digits)
        silences = pauses(whole(spans, sound), placed) if len(placed) == len(digits) else ()
        one_voice = unity(pieces, joins(spans, len(sound)))
        return Heard(probability, one_voice, spoken, voice / np.linalg.norm(voice), silences)

    def read(self, sound: np.ndarray, digits: str) -> tuple[float, np.ndarray]:
        """The geometric mean of the probabilities that Whisper gives these digits in this order, and their seconds.

        The seconds are where Whisper's attention leaves a digit's token for the next: within the spoken digit.
        """
        from faster_whisper.tokenizer import Tokenizer

        model = self.ears._model()
        levelled = sound * (LOUD / max(0.05, float(np.abs(sound).max())))
        features = model.feature_extractor(levelled.astype(np.float32))[:, :WINDOW]
        features = np.pad(features, ((0, 0), (0, max(0, WINDOW - features.shape[1]))))
        tokenizer = Tokenizer(model.hf_tokenizer, True, task="transcribe", language="en")  # noqa: FBT003
        text = model.hf_tokenizer.encode(" " + " ".join(digits), add_special_tokens=False).ids
        found: Any = model.model.align(model.encode(features), list(tokenizer.sot_sequence), [text], WINDOW)[0]
        probability = float(np.exp(np.mean(np.log(np.maximum(found.text_token_probs, LEAST_PROBABILITY)))))
        tokens, frames = np.array(found.alignments).T
        left = [frames[tokens == token].min() for token in range(1, len(text) + 1) if (tokens == token).any()]
        return probability, np.array(left) / FRAMES_A_SECOND


def pauses(spans: Sequence[Span], placed: np.ndarray) -> tuple[float, ...]:
    """The longest silence after each digit but the last, for stretches of speech and the digits' seconds.

    As many stretches as digits are one each: Whisper misplaces a digit that is said twice. Otherwise a silence lies
    after as many digits as were read before its middle; one within a digit is short and does no harm.
    """
    if len(spans) == len(placed):
        return tuple(after.start - before.end for before, after in pairwise(spans))
    longest = [0.0] * (len(placed) - 1)
    for before, after in pairwise(spans):
        read = int((placed < (before.end + after.start) / 2).sum())
        if 0 < read < len(placed):
            longest[read - 1] = max(longest[read - 1], after.start - before.end)
    return tuple(longest)


def whole(spans: Sequence[Span], sound: np.ndarray) -> tuple[Span, ...]:
    """Stretches of speech with the quiet sounds at their ends, which the detector of speech cuts off ("six").

    They reach as far as the sound stays over the room's noise, but no further than TAIL: a stretch of speech that
    somebody lengthened with noise still ends.
    """
    levels = _decibels(sound)
    line = max(np.percentile(levels, 10), np.percentile(levels, 95) - UNDER_SPEECH) + OVER_NOISE
    most, seconds = round(TAIL * RATE / FRAME), FRAME / RATE
    found: list[Span] = []
    for span in spans:
        first, last = int(span.start / seconds), int(np.ceil(span.end / seconds))
        start = min(span.start, (first - _over(levels[:first][::-1][:most], line)) * seconds)
        end = max(span.end, (last + _over(levels[last:][:most], line)) * seconds)
        if found and start - found[-1].end < TORN:
            start, end = found[-1].start, max(end, found.pop().end)
        found.append(Span(start=max(0.0, start), end=end))
    return tuple(found)


def synchrony(mouth: np.ndarray, seconds: np.ndarray, sound: np.ndarray) -> float:
    """Correlation of lips' opening with loudness, at the best of a few small lags; 0 where either does not change.

    Only from the first word to the last: before and after, lips and sound rest together in anybody's clip.
    """
    spans = speech(sound)
    if not spans:
        return 0.0
    talking = (seconds >= spans[0].start - AROUND) & (seconds <= spans[-1].end + AROUND)
    mouth, seconds = mouth[talking], seconds[talking]
    loud = np.array([_level(sound, second) for second in seconds])
    best = 0.0
    for lag in range(-LAGS, LAGS + 1):
        lips, voice = (mouth[lag:], loud[: len(loud) - lag]) if lag >= 0 else (mouth[:lag], loud[-lag:])
        if len(lips) > 10 and lips.std() > 1e-4 and voice.std() > 1e-6:
            best = max(best, float(np.corrcoef(lips, voice)[0, 1]))
    return best


def _level(sound: np.ndarray, second: float) -> float:
    """Loudness around a moment, compressed so that a loud digit does not drown the others."""
    part = sound[max(0, int((second - 0.06) * RATE)) : int((second + 0.06) * RATE)]
    return float(np.sqrt(np.sqrt(np.mean(part**2)))) if len(part) else 0.0


def _decibels(sound: np.ndarray) -> np.ndarray:
    """Level of every FRAME of the sound."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    return np.asarray(10 * np.log10((frames.astype(np.float64) ** 2).mean(axis=1) + 1e-12))


def _over(levels: np.ndarray, line: float) -> int:
    """How many levels from the first on are over a line."""
    under = np.flatnonzero(levels <= line)
    return int(under[0]) if len(under) else len(levels)


def unity(pieces: np.ndarray, silences: Sequence[float]) -> float:
    """The least cosine between the voice before and after any of these silences (seconds of `speech_only`'s sound).

    Whoever splices two voices does so in a silence, and pieces that lie on one side of it hold one of them only. Where
    no silence leaves SIDE pieces on either side, any moment is tried.
    """
    starts = np.arange(len(pieces)) * CLOSE / 100
    cosines = []
    for silence in silences:
        before = pieces[starts + PIECE / 100 <= silence + CROSSES]
        after = pieces[starts >= silence - CROSSES]
        if min(len(before), len(after)) >= SIDE:
            cosines.append(_alike(before, after))
    return min(cosines) if cosines else _anywhere(pieces)


def _anywhere(pieces: np.ndarray) -> float:
    """The least cosine between the voice before and after any moment of the speech.

    The pieces around the moment are left out: they hold both, and would hide that somebody else went on.
    """
    if len(pieces) < 2 * ANYWHERE:
        return float((pieces @ pieces.T).min())
    around = min(AROUND_CUT, len(pieces) - 2 * ANYWHERE)
    cuts = range(ANYWHERE, len(pieces) - ANYWHERE - around + 1)
    return min(_alike(pieces[:cut], pieces[cut + around :]) for cut in cuts)


def _alike(some: np.ndarray, others: np.ndarray) -> float:
    one, other = some.mean(axis=0), others.mean(axis=0)
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
