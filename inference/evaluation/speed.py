"""How long the default clip takes and where the time goes, and what each option of a recipe costs in quality."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from inference import weights
from inference.evaluation import picture, rows
from inference.evaluation.clips import ask, made, rendered
from inference.evaluation.distance import frechet
from inference.evaluation.rates import recovered
from inference.evaluation.rows import Bench, Judged
from inference.generator import audio
from inference.generator.pipeline import Ask, Clip, Generator
from inference.generator.sampling import Recipe
from inference.train.captions import english_whole
from inference.train.probe import held_out
from inference.train.world import Scene

ROUNDS = 3
STEPS, GUIDANCES, COMPARED = (2, 4, 6, 8, 12, 24), (1.0, 3.0, 4.0), (2, 4)  # beside the recipe that ships
_REFERENCE_SEEDS = 11_500_000
_MAKER = "bench"


@dataclass(frozen=True)
class Wanted:
    """Whose clips are measured and how many of each recipe, by which readers, and in how many processes."""

    weights: Path
    probe: Path
    count: int
    jobs: int = 1


def bench(wanted: Wanted) -> Iterator[dict[str, Any]]:
    """The default clip's time by part on this machine's processors, then every option beside the recipe that ships."""
    generator = Generator.load(wanted.weights)
    shipped = generator.recipe
    yield default_clip(generator)
    del generator
    yield from compared(wanted, shipped)
    yield {"name": "generation: GPU", "measured": False, "why": "volary-1 runs on processors only", **_gpu()}


def options(shipped: Recipe) -> dict[str, Recipe]:
    """The recipe that ships, and what each differs from it in."""
    found = {"shipped": shipped}
    found |= {f"{n} steps": replace(shipped, steps=n) for n in STEPS if n != shipped.steps}
    found |= {f"guidance {g:g}": replace(shipped, guidance=g) for g in GUIDANCES if g != shipped.guidance}
    found |= {f"compared each {n}": replace(shipped, compared=n) for n in COMPARED if n != shipped.compared}
    return found | ({"shift 1": replace(shipped, shift=1.0)} if shipped.shift != 1 else {})


def default_clip(generator: Generator) -> dict[str, Any]:
    """Medians of three clips of four seconds at 1280 x 720; `sound` is the vocoder's part of `decode`."""
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
        "sound": round(_vocoder(generator, clips[-1].sound), 3),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 1),
        "torch": torch.__version__,
    }


def _timed(generator: Generator, one: Ask) -> tuple[float, Clip]:
    start = time.perf_counter()
    clip = generator.generate(one, lambda share: None)
    return time.perf_counter() - start, clip


def _vocoder(generator: Generator, sound: np.ndarray) -> float:
    mels = audio.mel(torch.from_numpy(sound)[None])
    start = time.perf_counter()
    generator.audio.wave(mels)
    return time.perf_counter() - start


def compared(wanted: Wanted, shipped: Recipe, generator: Generator | None = None) -> Iterator[dict[str, Any]]:
    """Each option's adherence (mean of the attributes' recovered shares), Fréchet distances to renders of other scenes,
    and seconds of denoising on one thread; beside them what renders score. `generator` is the one to use where there is
    one process."""
    kin = held_out(wanted.count)
    found = _rows(wanted, shipped, generator)
    classes = weights.manifest(wanted.probe)["config"]["classes"]
    reference = found.pop("reference")
    for name, (judged, spent) in found.items():
        line = {"name": f"generation: {name}", "clips": len(kin), **_quality(judged, reference[0], kin, classes)}
        yield line if name == "renders" else {**line, **asdict(options(shipped)[name]), "denoise": round(spent, 3)}


def _quality(found: Judged, reference: Judged, kin: list[Scene], classes: picture.Classes) -> dict[str, Any]:
    rates = [each.rate for each in recovered(found.reading.values(classes), kin).values() if each.of]
    return {
        "adherence": round(float(np.mean(rates)), 3),
        "frechet_picture": round(frechet(found.reading.vectors, reference.reading.vectors), 2),
        "frechet_sound": round(frechet(found.hearing.vectors, reference.hearing.vectors), 2),
    }


def _rows(wanted: Wanted, shipped: Recipe, generator: Generator | None) -> dict[str, tuple[Judged, float]]:
    """Every set's judged clips and the median seconds that denoising took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if wanted.jobs == 1:
            _work(wanted, shipped, (folder, 0), generator)
        else:
            with ProcessPoolExecutor(wanted.jobs, mp_context=get_context("spawn")) as pool:
                for each in [pool.submit(_work, wanted, shipped, (folder, job)) for job in range(wanted.jobs)]:
                    each.result()
        sets = ("reference", "renders", *options(shipped))
        kept = rows.found(folder, dict.fromkeys(sets, _MAKER))
    of = {one: [kept[one, place] for place in range(wanted.count)] for one in sets}
    return {one: (rows.together(each), median(row["spent"] for row in each)) for one, each in of.items()}


def _work(wanted: Wanted, shipped: Recipe, part: tuple[Path, int], generator: Generator | None = None) -> None:
    """One process's scenes, on one thread if it is not alone."""
    folder, job = part
    if wanted.jobs > 1:
        torch.set_num_threads(1)
    generator = generator or Generator.load(wanted.weights)
    readers, recipes = Bench(wanted.probe), options(shipped)
    kin, others = held_out(wanted.count), held_out(wanted.count, _REFERENCE_SEEDS)

    def make(key: rows.Key) -> dict[str, Any]:
        name, place = key
        if name in ("reference", "renders"):
            return {**readers.row(rendered((others if name == "reference" else kin)[place])), "spent": 0.0}
        generator.recipe = recipes[name]
        take = made(generator, ask(kin[place], english_whole(kin[place])))
        return {**readers.row(take), "spent": take.timings["denoise"]}

    names = ("reference", "renders", *recipes)
    todo = [(name, place) for place in range(job, wanted.count, wanted.jobs) for name in names]
    rows.write(todo, folder / f"{job}.jsonl", dict.fromkeys(names, _MAKER), make)


def card(lines: list[dict[str, Any]]) -> str:
    """The part of the model card that these figures fill, in markdown."""
    clip = next(line for line in lines if "seconds" in line)
    told = [line for line in lines if "adherence" in line]
    text = [
        f"A clip of 4 s at 1280 × 720: {clip['seconds']} s ({clip['spread'][0]} to {clip['spread'][1]}) with"
        f" {clip['threads']} threads, load {clip['load']}, `{clip['model']}`: text {clip['text']} s, denoise"
        f" {clip['denoise']} s, decode and enlarge {clip['decode']} s, of which sound {clip['sound']} s.",
        "",
        f"| {told[0]['clips']} scenes | steps | guidance | denoise, one thread | adherence | Fréchet picture |"
        " Fréchet sound |",
        "| --- |" + " --- |" * 6,
    ]
    for line in told:
        cells = (line.get(name, "") for name in ("steps", "guidance", "denoise", "adherence"))
        distances = (line["frechet_picture"], line["frechet_sound"])
        name = line["name"].removeprefix("generation: ")
        text.append(f"| {name} | " + " | ".join(map(str, (*cells, *distances))) + " |")
    return "\n".join(text)


def _gpu() -> dict[str, Any]:
    return {"gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None}
