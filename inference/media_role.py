"""The model server's large role: makes marked clips, judges clips and uploads, reads marks.

Nothing unmarked leaves it: the mark goes into picture and sound before the first encode, and thumbnail and sprite
sheet are made from the marked frames.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from events.inference import (
    CaptureChecked,
    CheckCapture,
    DetectMark,
    Generate,
    Generated,
    MarkDetected,
    MediaFacts,
    MediaScreened,
    Outputs,
    Progress,
    Request,
    ScreenMedia,
    Source,
    Timings,
)
from inference import marks
from inference.engines.choice import EngineChoice, load_engine
from inference.generator.asking import Ask, AskError, Clip, SourceClip
from inference.generator.engine import Engine, EngineError
from inference.likeness import references
from inference.likeness.capture import CaptureChecks
from inference.likenings import frame_hashes
from inference.links import Links
from inference.media import Limits, encode_mp4, facts, spritesheet, thumbnail
from inference.refusal import InvalidRequest, ModelFault, OutputRefused
from inference.safety.choice import NO_SECOND, SecondChoice, load_second
from inference.safety.clips import ClipScreen
from inference.watermark import ALGORITHM, mark_picture, mark_sound

MADE = 0.85  # share of the work that the generator's own progress covers
PROGRESS_SECONDS = 0.5
SILENT = 1e-4
SOURCE_LIMITS = Limits(short_side=480)


@dataclass(frozen=True)
class MediaRole:
    """Loaded models of the role `media`."""

    generator: Engine
    screen: ClipScreen
    links: Links
    mark_key: bytes
    captures: CaptureChecks | None = None

    @classmethod
    def load(
        cls, weights: Path, links: Links, mark_key: bytes, engine: EngineChoice, second: SecondChoice = NO_SECOND
    ) -> "MediaRole":
        """Read the chosen engine, ours from `weights`/generator, and the screening under `weights`/safety."""
        generator = load_engine(engine, weights / "generator")
        screen = ClipScreen.load(weights / "safety", load_second(second))
        return cls(generator, screen, links, mark_key, CaptureChecks.load(weights))

    def answer(self, request: Request) -> Generated | MediaScreened | MarkDetected | CaptureChecked:
        """Raises Refused."""
        match request:
            case Generate():
                return self._generate(request)
            case ScreenMedia():
                return self._screen(request)
            case CheckCapture():
                return self._captures.answer(request, self.links)
            case DetectMark():
                return MarkDetected(mark=marks.detect(self.links, request, self.mark_key))
        raise InvalidRequest(f"the media role does not answer {request.task}")

    def _generate(self, request: Generate) -> Generated:
        report = ProgressReport(self.links, request.outputs.progress, time.monotonic)
        most = self.generator.limits.likenesses
        shown = request.model_copy(update={"likenesses": request.likenesses[:most]})
        try:
            clip = self.generator.generate(asked(shown, self.links), lambda share: report.at(MADE * share))
        except AskError as fault:
            raise InvalidRequest(str(fault)) from fault
        except EngineError as fault:
            raise ModelFault(str(fault)) from fault
        sounding(clip)
        started = time.perf_counter()
        marked = self._marked(clip, request.record)
        marking = time.perf_counter() - started
        report.at(0.92)
        video, encoding = encoded(marked)
        media = facts_of(video, marked)
        report.at(0.97)
        self._write(request.outputs, video, marked.frames)
        report.at(1.0)
        return Generated(
            media=media,
            model=self.generator.model,
            mark_algorithm=ALGORITHM,
            not_rendered=clip.not_rendered,
            warnings=(*clip.warnings, *left_out(len(request.likenesses), most)),
            timings=Timings(**clip.timings, mark=marking, encode=encoding),
        )

    def _marked(self, clip: Clip, record: str) -> Clip:
        """The 64-bit record in the picture and its first eight hex digits in the sound."""
        return replace(
            clip,
            frames=mark_picture(clip.frames, clip.frame_rate, int(record, 16), self.mark_key),
            sound=mark_sound(clip.sound, clip.sample_rate, int(record[:8], 16), self.mark_key),
        )

    def _write(self, outputs: Outputs, video: bytes, frames: np.ndarray) -> None:
        """The clip last: whoever sees it finds its pictures too."""
        self.links.write(outputs.thumbnail, thumbnail(frames), "image/webp")
        self.links.write(outputs.spritesheet, spritesheet(frames), "image/webp")
        self.links.write(outputs.video, video, "video/mp4")

    def _screen(self, request: ScreenMedia) -> MediaScreened:
        clip = marks.opened(self.links.read(request.get, marks.LIMITS.file_bytes))
        mark = marks.read(clip, self.mark_key)
        judged = self.screen.judge(clip, request.origin, mark)
        matched = self._captures.matched(clip, request.index, self.links) if request.index else None
        return MediaScreened(
            media=clip.facts,
            mark=mark,
            signals=judged.signals,
            transcript=judged.transcript,
            lines=judged.lines,
            frames_seen=judged.frames_seen,
            matched=matched,
            frame_hashes=frame_hashes(clip.frames, clip.frame_rate),
        )

    @property
    def _captures(self) -> CaptureChecks:
        if self.captures is None:
            raise ModelFault("the models of faces and voices are not loaded")
        return self.captures


class ProgressReport:
    """Writes `Progress` to its link: never falling, at most twice a second, and never in the way of the work."""

    def __init__(self, links: Links, link: str | None, clock: Callable[[], float]) -> None:
        self.links = links
        self.link = link
        self.clock = clock
        self.started = clock()
        self.last = -PROGRESS_SECONDS
        self.fraction = 0.0

    def at(self, fraction: float) -> None:
        """Tell how far the work is. A link that cannot be written is not asked again: the clip matters more."""
        self.fraction = min(1.0, max(self.fraction, fraction))
        elapsed = self.clock() - self.started
        if self.link is None or (elapsed - self.last < PROGRESS_SECONDS and self.fraction < 1):
            return
        self.last = elapsed
        left = elapsed * (1 - self.fraction) / self.fraction if self.fraction > 0 else 0.0
        progress = Progress(fraction=round(self.fraction, 4), eta_seconds=round(left, 1))
        try:
            self.links.write(self.link, progress.model_dump_json().encode(), "application/json")
        except OutputRefused:
            self.link = None


def asked(request: Generate, links: Links) -> Ask:
    """The generator's own request, its source and the people lent to it fetched and decoded. Raises Refused."""
    return Ask(
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        style=request.style,
        seconds=request.seconds,
        width=request.width,
        height=request.height,
        seed=request.seed,
        source=source_clip(request.source, links) if request.source else None,
        likenesses=tuple(references.opened(each, links) for each in request.likenesses),
    )


def left_out(given: int, most: int) -> tuple[str, ...]:
    """What a clip says of people whom its engine was not given; they are not even opened."""
    if given <= most:
        return ()
    return (f"{given} people were asked for by their likeness; this engine shows {most or 'none'} of them",)


def source_clip(source: Source, links: Links) -> SourceClip:
    """A source with its sound where it has one. Raises Refused."""
    clip = marks.opened(links.read(source.get, SOURCE_LIMITS.file_bytes), SOURCE_LIMITS)
    return SourceClip(
        frames=clip.frames,
        frame_rate=clip.frame_rate,
        use=source.use,
        sound=clip.sound if len(clip.sound) else None,
        sample_rate=clip.sample_rate,
        strength=source.strength,
    )


def sounding(clip: Clip) -> None:
    """Raises ModelFault for a clip whose sound is missing, too short, broken or silent: such a clip is no success."""
    seconds, picture = len(clip.sound) / clip.sample_rate, len(clip.frames) / clip.frame_rate
    if seconds < 0.9 * picture:
        raise ModelFault(f"the model made {seconds:.2f} s of sound for {picture:.2f} s of picture")
    if not np.isfinite(clip.sound).all() or float(np.abs(clip.sound).max()) < SILENT:
        raise ModelFault("the model made no audible sound")


def encoded(clip: Clip) -> tuple[bytes, float]:
    """The MP4, and the seconds it took."""
    started = time.perf_counter()
    video = encode_mp4(clip.frames, clip.frame_rate, clip.sound, clip.sample_rate)
    return video, time.perf_counter() - started


def facts_of(video: bytes, clip: Clip) -> MediaFacts:
    """What the file really holds, read back from it. Raises ModelFault where that is not what was encoded."""
    found = facts(video)
    if (
        found.sha256 != hashlib.sha256(video).hexdigest()
        or found.frames != len(clip.frames)
        or found.audio_seconds <= 0
    ):
        raise ModelFault(f"the file holds {found.frames} frames and {found.audio_seconds} s of sound")
    return found
