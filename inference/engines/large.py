"""The large engine: answers an `Ask` with LTX-2's networks in the diffusers layout, picture and sound together.

It has run with tiny random networks in the real layout and on a CPU only: never with the published weights and never
on a GPU. How those look, sound, and fit into memory is not known from anything here.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import LTX2ConditionPipeline

from events.engines import LARGE, LIMITS, EngineLimits
from inference.engines.components import load_pipeline
from inference.engines.folder import checked
from inference.engines.options import EngineOptions, OptionsError
from inference.engines.sampling import Reading, Sampler, Start
from inference.engines.windows import Grid, Window, continued, lasting, plan, resampled, wave
from inference.generator import frames
from inference.generator.asking import Ask, Clip, SourceClip, check
from inference.generator.clauses import fitted, warning
from inference.generator.engine import EngineError
from inference.generator.loudness import normalised

STYLE_WORDS = {
    "cinematic": "Cinematic film footage, shallow depth of field, dramatic light.",
    "animation": "Polished 3D computer animation, soft shading, expressive shapes.",
    "illustration": "Hand-drawn illustration brought to life, flat colours, visible brush strokes.",
    "photographic": "Realistic photographic footage, natural light, fine detail.",
}
KEEPS_SOUND = 0.5  # a remix below this strength keeps the sound of its source


@dataclass
class _Made:
    """The clip so far at the size that is drawn, (T,h,w,3) uint8, and its sound at the limits' rate."""

    frames: np.ndarray
    sound: np.ndarray
    place: int = 0
    timings: dict[str, float] = field(default_factory=lambda: {"text": 0.0, "denoise": 0.0, "decode": 0.0})


class LargeEngine:
    """The loaded networks. `model` is the name in the folder's manifest with its digest."""

    def __init__(self, pipeline: LTX2ConditionPipeline, options: EngineOptions, model: str) -> None:
        self.model = model
        self.options = options
        self.limits: EngineLimits = LIMITS[LARGE].model_copy(
            update={"prompt_length": options.prompt_tokens, "window_seconds": options.window_seconds}
        )
        self.sampler = Sampler(pipeline, options)
        self.grid = Grid(self.sampler.time, self.sampler.space, self.limits.frame_rate)

    @classmethod
    def load(cls, folder: Path, digest: str, options: EngineOptions) -> LargeEngine:
        """Reads a folder pinned by `inference.engines.folder`. Raises WeightsError for anything that is not as its
        manifest says, OptionsError for options that this machine cannot run with."""
        if options.device != "cpu" and not torch.cuda.is_available():
            raise OptionsError(f"device is {options.device!r}, and there is no CUDA device here")
        name = checked(folder, digest)
        return cls(load_pipeline(folder, options), options, f"{name}@{digest[:12]}")

    def generate(self, ask: Ask, on_progress: Callable[[float], None]) -> Clip:
        """See `Engine.generate`. Raises EngineError when memory runs out or the networks make no finite numbers."""
        check(ask, self.limits.styles)
        try:
            return self._generated(ask, on_progress)
        except (torch.OutOfMemoryError, MemoryError) as fault:
            raise EngineError(f"out of memory making {ask.width}x{ask.height}, {ask.seconds} s") from fault
        finally:
            # What a failed or finished clip held must not stand in the way of the next one.
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _generated(self, ask: Ask, on_progress: Callable[[float], None]) -> Clip:
        started = time.perf_counter()
        reading, warnings = self._read(ask)
        made = _Made(np.zeros((0, 1, 1, 3), np.uint8), np.zeros(0, np.float32))
        made.timings["text"] = time.perf_counter() - started
        size = self.grid.drawn(ask.width, ask.height, self.options.max_pixels)
        source = self._fitted(ask.source, ask, size) if ask.source else None
        total = ask.seconds * self.grid.rate
        with self._told(self._steps(source, total), on_progress):
            self._begin(made, source, replace(reading, size=size, seed=ask.seed))
            self._continue(made, total, replace(reading, size=size, seed=ask.seed), source)
        clip = self._finished(ask, made)
        on_progress(1.0)
        return replace(clip, warnings=warnings)

    def _read(self, ask: Ask) -> tuple[Reading, tuple[str, ...]]:
        """The prompts as the networks read them, and what of them is lost."""
        words = STYLE_WORDS[ask.style] + " " if ask.style else ""
        prompt, dropped = fitted(ask.prompt, lambda text: self.sampler.reads(words + text))
        unwanted, dropped_too = fitted(ask.negative_prompt, self.sampler.reads)
        reads = f"{self.options.prompt_tokens} tokens"
        warnings = [
            warning(what, reads, lost) for what, lost in (("prompt", dropped), ("negative prompt", dropped_too)) if lost
        ]
        if unwanted and not self.options.hears_negative_prompts:
            warnings.append("the negative prompt had no effect: this deployment samples without guidance")
        return self.sampler.read(words + prompt, unwanted), tuple(warnings)

    def _begin(self, made: _Made, source: SourceClip | None, reading: Reading) -> None:
        """What there is before the first new frame: nothing, the source itself, or the source made anew."""
        if source is None or source.use == "reference":
            return
        if source.use == "extend":
            made.frames = source.frames
            samples = len(source.frames) * self.limits.sample_rate // self.grid.rate
            made.sound = lasting(np.zeros(0, np.float32) if source.sound is None else source.sound, samples)
            return
        for window in plan(self.grid, len(source.frames), 0, self._longest):
            self._remix(made, window, source, reading)

    def _continue(self, made: _Made, total: int, reading: Reading, source: SourceClip | None) -> None:
        still = source.frames if source and source.use == "reference" else None
        for window in plan(self.grid, total, len(made.frames), self._longest):
            given = made.frames[len(made.frames) - window.keep :] if window.keep else still
            self._append(made, window, Start(window.frames, given), reading)

    def _remix(self, made: _Made, window: Window, source: SourceClip, reading: Reading) -> None:
        """One window of the source, drawn anew as far as its strength says, then heard anew or with its own sound."""
        first = len(made.frames) - window.keep
        base = source.frames[first : first + window.frames]
        base = np.concatenate([base, np.repeat(base[-1:], window.frames - len(base), axis=0)])
        keeps_sound = source.sound is not None and source.strength < KEEPS_SOUND
        picture, sound = base, None
        if source.strength > 0:
            given = made.frames[first:] if window.keep else None
            start = Start(window.frames, given, base if source.strength < 1 else None, source.strength)
            picture, sound = self._sampled(made, start, reading)
        if keeps_sound:
            rate, there = self.limits.sample_rate / self.grid.rate, window.frames
            begin = round(first * rate)
            sound = lasting(source.sound[begin : begin + round(there * rate)], round(there * rate))  # type: ignore[index]
        elif source.strength < 1:
            # The picture's own steps began half-way, where sound has nothing to begin from: it is made for the result.
            _, sound = self._sampled(made, Start(window.frames, picture), reading)
        assert sound is not None
        self._join(made, window, picture, sound)
        # A window may reach beyond the source; what is drawn there repeats a still frame.
        made.frames = made.frames[: len(source.frames)]
        made.sound = made.sound[: len(made.frames) * self.limits.sample_rate // self.grid.rate]

    def _append(self, made: _Made, window: Window, start: Start, reading: Reading) -> None:
        picture, sound = self._sampled(made, start, reading)
        self._join(made, window, picture, sound)

    def _sampled(self, made: _Made, start: Start, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
        made.place += 1
        seeded = replace(reading, seed=(reading.seed * 1009 + made.place) % 2**63)
        picture, sound, rate, spent = self.sampler.sample(start, seeded)
        for name, seconds in spent.items():
            made.timings[name] += seconds
        return picture, wave(sound, rate, self.limits.sample_rate)

    def _join(self, made: _Made, window: Window, picture: np.ndarray, sound: np.ndarray) -> None:
        per_frame = self.limits.sample_rate / self.grid.rate
        overlap = round(window.keep * per_frame)
        sound = lasting(sound, round(window.frames * per_frame))
        made.frames = np.concatenate([made.frames, picture[window.keep :]]) if len(made.frames) else picture
        made.sound = continued(made.sound, sound, overlap, self.limits.sample_rate)

    def _finished(self, ask: Ask, made: _Made) -> Clip:
        """Enlarged to the size asked for; an extension keeps its source's own pixels and not those that were drawn."""
        total = ask.seconds * self.grid.rate
        picture, kept = made.frames[:total], np.zeros((0, ask.height, ask.width, 3), np.uint8)
        if ask.source is not None and ask.source.use == "extend":
            kept = frames.resized(resampled(ask.source.frames, ask.source.frame_rate, self.grid), ask.height, ask.width)
        fresh = frames.resized(picture[len(kept) :], ask.height, ask.width)
        sound = lasting(made.sound, ask.seconds * self.limits.sample_rate)
        return Clip(
            np.concatenate([kept, fresh]) if len(kept) else fresh,
            self.grid.rate,
            normalised(sound, self.limits.sample_rate),
            self.limits.sample_rate,
            timings=made.timings,
        )

    def _fitted(self, source: SourceClip, ask: Ask, size: tuple[int, int]) -> SourceClip:
        """The source at the engine's rates and drawn size, cut to the seconds asked for."""
        picture = resampled(source.frames, source.frame_rate, self.grid)[: ask.seconds * self.grid.rate]
        picture = frames.resized(picture, size[1], size[0])
        sound = None if source.sound is None else wave(source.sound, source.sample_rate, self.limits.sample_rate)
        return replace(source, frames=picture, frame_rate=self.grid.rate, sound=sound)

    @property
    def _longest(self) -> int:
        return self.grid.known(0) + self.options.window_seconds * self.grid.rate // self.grid.time * self.grid.time + 1

    def _steps(self, source: SourceClip | None, total: int) -> int:
        """Steps of all windows, for the progress that is told; a remix that needs fewer makes its progress jump."""
        known = len(source.frames) if source and source.use in ("extend", "remix", "edit") else 0
        windows = len(list(plan(self.grid, total, known, self._longest)))
        if source and source.use in ("remix", "edit"):
            windows += 2 * len(list(plan(self.grid, known, 0, self._longest)))
        return windows * self.sampler.steps

    @contextmanager
    def _told(self, steps: int, on_progress: Callable[[float], None]) -> Iterator[None]:
        """While entered, each step of the sampler is told as a share of the whole, up to 0.95."""
        done = 0

        def step() -> None:
            nonlocal done
            done += 1
            on_progress(min(0.95, 0.95 * done / max(1, steps)))

        self.sampler.on_step = step
        try:
            yield
        finally:
            self.sampler.on_step = lambda: None
