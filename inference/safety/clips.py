"""Judges a whole clip or picture: its frames, the writing in them, its sound, and whether it carries our mark.

It fetches nothing. An error in any stage is raised: the caller holds the clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from events.inference import MarkReading
from events.moderation import Category, Line, Signal
from inference.media import Decoded
from inference.safety import frames, sound, writing
from inference.safety.prompts import PromptScreen

if TYPE_CHECKING:
    from inference.safety.second import SecondClassifier

MARK = "org.volary.mark.1"


@dataclass(frozen=True)
class Judged:
    """All signals of a clip, what was heard and when, and how many frames were looked at."""

    signals: tuple[Signal, ...]
    transcript: str
    lines: tuple[Line, ...]
    frames_seen: int


@dataclass(frozen=True)
class ClipScreen:
    """The loaded models of the frame, writing and sound stages."""

    nudity: frames.Nudity
    faces: frames.Faces
    reader: writing.Reader
    ears: sound.Ears
    prompts: PromptScreen

    @classmethod
    def load(cls, folder: Path, second: SecondClassifier | None = None) -> ClipScreen:
        """Read all models but Whisper, which waits for the first speech."""
        seeing = frames.Nudity(folder), frames.Faces(folder), writing.Reader(folder)
        return cls(*seeing, sound.Ears(folder), PromptScreen.load(folder, second))

    def judge(self, clip: Decoded, origin: Literal["generated", "upload"], mark: MarkReading) -> Judged:
        """Signals of frames, writing and sound. Faces and our mark count in uploads only: ours have both."""
        indices = frames.sample(clip.frames, clip.frame_rate)
        seconds = [index / clip.frame_rate for index in indices]
        bare = frames.judge(clip.frames, indices, self.nudity)
        signals = [frames.signal(Category.SEXUAL, frames.NUDITY, bare, seconds, "bare skin as in adult pictures", 0.5)]
        if origin == "upload":
            found = frames.judge(clip.frames, indices, self.faces)
            signals.append(frames.signal(Category.REAL_FACE, frames.FACES, found, seconds, "a face", 0.65))
            signals.append(_mark(mark))
        signals += writing.judged(self.reader.pages(clip.frames, indices, clip.frame_rate), self.prompts)
        heard = self.ears.hear(clip.sound, clip.sample_rate)
        return Judged((*signals, *sound.judged(heard, self.prompts)), heard.text, heard.lines, len(indices))


def _mark(mark: MarkReading) -> Signal:
    payload = mark.payload or mark.sound_payload
    return Signal(
        stage="frames",
        category=Category.OUR_MARK,
        score=1.0 if payload else 0.0,
        model=MARK,
        reason=f"carries the mark of record {payload}" if payload else "",
        spans=mark.ranges,
    )
