"""How long the default clip takes and where the time goes, and what steps and guidance cost in adherence."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from inference.evaluation import picture
from inference.evaluation.clips import Take, ask, generated
from inference.evaluation.rates import recovered
from inference.generator import audio
from inference.generator.pipeline import Ask, Clip, Generator
from inference.train.captions import english_whole
from inference.train.probe import held_out
from inference.train.world import Scene

ROUNDS = 5
STEPS, GUIDANCES = (4, 8, 16, 50), (1.0, 4.0)
TEACHER = 50


def bench(weights: Path, probe: Path, count: int) -> Iterator[dict[str, Any]]:
    """The default clip's time by part, then every pair of steps and guidance beside the 50-step one."""
    generator = Generator.load(weights)
    yield default_clip(generator)
    yield from recipes(generator, picture.load(probe), held_out(count))
    yield {"name": "generation: GPU", "measured": False, "why": "volary-small runs on processors only", **_gpu()}


def default_clip(generator: Generator) -> dict[str, Any]:
    """Medians of five clips of four seconds at 1280 x 720; `sound` is the vocoder's part of `decode`."""
    one = Ask("a red balloon floats over the sea at sunset", 4, 1280, 720, 1)
    generator.generate(one, lambda share: None)  # the first one loads what is loaded late
    walls, clips = zip(*(_timed(generator, replace(one, seed=seed)) for seed in range(ROUNDS)), strict=True)
    parts = {name: median(clip.timings[name] for clip in clips) for name in clips[0].timings}
    return {
        "name": "generation: default clip",
        "model": generator.model,
        "seconds": round(median(walls), 2),
        "spread": [round(min(walls), 2), round(max(walls), 2)],
        **{name: round(spent, 3) for name, spent in parts.items()},
        "sound": round(_vocoder(clips[-1].sound), 3),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 1),
        "torch": torch.__version__,
    }


def _timed(generator: Generator, one: Ask) -> tuple[float, Clip]:
    start = time.perf_counter()
    clip = generator.generate(one, lambda share: None)
    return time.perf_counter() - start, clip


def _vocoder(sound: np.ndarray) -> float:
    mels = audio.mel(torch.from_numpy(sound)[None])
    start = time.perf_counter()
    audio.wave(mels)
    return time.perf_counter() - start


def recipes(generator: Generator, eye: picture.PictureReader, kin: list[Scene]) -> Iterator[dict[str, Any]]:
    """Adherence (mean of the attributes' recovered rates) and seconds of denoising for each recipe; `of_teacher` is the
    adherence as a share of that with 50 steps and the same guidance, `faster` how much less the denoising took."""
    shipped = generator.recipe
    try:
        for guidance in GUIDANCES:
            lines = []
            for steps in sorted(STEPS, reverse=True):
                generator.recipe = replace(shipped, steps=steps, guidance=guidance)
                lines.append(_recipe(generator, eye, kin))
                teacher = lines[0]
                share = lines[-1]["adherence"] / max(teacher["adherence"], 1e-9)
                faster = teacher["denoise"] / lines[-1]["denoise"]
                yield {**lines[-1], "of_teacher": round(share, 3), "faster": round(faster, 2)}
    finally:
        generator.recipe = shipped


def _recipe(generator: Generator, eye: picture.PictureReader, kin: list[Scene]) -> dict[str, Any]:
    spent: list[float] = []

    class Watched:
        """Passes asks on and keeps how long denoising took."""

        def generate(self, one: Ask, on_progress: Any) -> Clip:
            clip = generator.generate(one, on_progress)
            spent.append(clip.timings["denoise"])
            return clip

    takes: list[Take] = list(generated(Watched(), [ask(s, english_whole(s)) for s in kin], lambda line: None))
    found = recovered(picture.read(eye, [take.frames for take in takes]).values(eye.classes), kin)
    rates = [each.rate for each in found.values() if each.of]
    return {
        "name": "generation: recipe",
        "steps": generator.recipe.steps,
        "guidance": generator.recipe.guidance,
        "clips": len(kin),
        "adherence": round(float(np.mean(rates)), 3),
        "denoise": round(median(spent), 3),
    }


def _gpu() -> dict[str, Any]:
    return {"gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None}
