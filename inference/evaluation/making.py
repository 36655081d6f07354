"""Makes the clips that are judged, scene by scene through all sets, in one process or several, and keeps a row of
each."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from inference.evaluation import rows
from inference.evaluation.clips import WORDINGS, Say, Silent, Take, ask, from_reference, made, rendered, retrieved
from inference.evaluation.rows import Bench, Key
from inference.generator.pipeline import Generator
from inference.train.probe import held_out
from inference.train.world import Scene

REFERENCE_SEEDS = 11_000_000  # renders that Fréchet distances are taken to
_RENDERER = ("figures", "motion", "people", "render", "scenery", "shapes", "sound", "speech", "world")
_GENERATOR = Path(Generator.load.__code__.co_filename).parent
_DRAWN = ("renders", "reference", "retrieved")  # sets that no generator has a part in


@dataclass(frozen=True)
class Wanted:
    """What to measure: how many scenes, which wordings of "en", "fr" and "paraphrase", the weight folders, where rows
    are kept, how many training scenes retrieval may choose from (0 leaves out both baselines), how many clips are made
    without text and how many from a reference image, in how many processes, and the minutes after which no further
    clip is begun."""

    count: int
    wordings: tuple[str, ...]
    weights: Path
    probe: Path
    rows: Path
    library: int = 3000
    wordless: int = 100
    references: int = 20
    jobs: int = 1
    minutes: float = float("inf")


def tasks(wanted: Wanted) -> list[Key]:
    """Every clip that is judged: first those of the first wording and of the renderer, then the others, scene by
    scene, so that whatever is cut short is so in all of them alike."""
    limits = {"wordless": wanted.wordless if wanted.library else 0, "from_image": wanted.references}
    names = (*wanted.wordings[1:], *limits)
    places = range(wanted.count)
    found = [(name, place) for place in places for name in whole(wanted)]
    return found + [(n, place) for place in places for n in names if place < limits.get(n, wanted.count)]


def whole(wanted: Wanted) -> tuple[str, ...]:
    """The sets that hold every scene that is measured; the others may end sooner."""
    return ("renders", "reference", *wanted.wordings[:1], *(["retrieved"] if wanted.library else []))


def makers(wanted: Wanted, generator: Generator | None = None) -> dict[str, str]:
    """Who makes and reads each set's clips: digests of manifests and sources, so that a row of others is not taken
    for one."""
    reader = f"{_digest(wanted.probe)} {_sources(*_renderer())}"
    by = f"{generator.model} {asdict(generator.recipe)}" if generator else _digest(wanted.weights)
    by = f"{by} {_sources(*sorted(_GENERATOR.glob('*.py')))}"
    names = {name for name, _ in tasks(wanted)}
    return {name: reader if name in _DRAWN else f"{by} {reader}" for name in names} | (
        {"retrieved": f"{reader} of {wanted.library}"} if wanted.library else {}
    )


def _renderer() -> list[Path]:
    """What draws and sounds scenes, whose rows must not outlive a change of it."""
    folder = Path(held_out.__code__.co_filename).parent
    return [path for name in _RENDERER if (path := folder / f"{name}.py").exists()]


def _sources(*paths: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()[:16]


class Maker:
    """Makes takes of the held-out scenes for one set or another."""

    def __init__(self, wanted: Wanted, generator: Generator) -> None:
        self.wanted, self.generator = wanted, generator
        self.kin = held_out(wanted.count)
        self.others = held_out(wanted.count, REFERENCE_SEEDS)

    @cached_property
    def _near(self) -> list[Scene]:
        return retrieved(self.generator.text, self.kin, self.wanted.library)

    def take(self, key: Key) -> Take:
        name, place = key
        scene = self.kin[place]
        match name:
            case "renders":
                return rendered(scene)
            case "reference":
                return rendered(self.others[place])
            case "retrieved":
                return rendered(self._near[place])
            case "from_image":
                return made(self.generator, from_reference(scene, WORDINGS["en"](scene), rendered(scene)))
            case "wordless":
                return self._wordless(scene)
            case _:
                return made(self.generator, ask(scene, WORDINGS[name](scene)))

    def twins(self, key: Key) -> list[Key]:
        """The same scene in other wordings of which the generator reads just the same."""
        name, place = key
        if name not in WORDINGS:
            return []
        scene, read = self.kin[place], self.generator.reader.read
        said = read(WORDINGS[name](scene))
        others = [other for other in self.wanted.wordings if other != name]
        return [(other, place) for other in others if read(WORDINGS[other](scene)) == said]

    def _wordless(self, scene: Scene) -> Take:
        """By the model that reads nothing."""
        reader = self.generator.reader
        self.generator.reader = Silent(reader)  # type: ignore[assignment]
        try:
            return made(self.generator, ask(scene, WORDINGS["en"](scene)))
        finally:
            self.generator.reader = reader


def make(
    wanted: Wanted, say: Say, generator: Generator | None = None
) -> tuple[dict[Key, dict[str, Any]], dict[str, str]]:
    """Makes the rows that are missing and returns all, and who made them; with several jobs each process loads the
    weights itself. Weights must not be replaced meanwhile.

    Raises WeightsError if weights are not as their manifest says.
    """
    wanted.rows.mkdir(parents=True, exist_ok=True)
    by, start = makers(wanted, generator), time.monotonic()
    done = rows.found(wanted.rows, by)
    todo = [key for key in tasks(wanted) if key not in done]
    say(f"{len(done)} rows are there, {len(todo)} to make in {wanted.jobs} processes")
    if wanted.jobs == 1 or not todo:
        _work(wanted, (0, todo, by), generator)
    else:
        with ProcessPoolExecutor(wanted.jobs, mp_context=get_context("spawn")) as pool:
            parts = [(job, [k for k in todo if k[1] % wanted.jobs == job], by) for job in range(wanted.jobs)]
            for each in [pool.submit(_work, wanted, part) for part in parts]:
                each.result()
    found = rows.found(wanted.rows, by)
    say(f"{len(found)} rows after {(time.monotonic() - start) / 60:.1f} minutes")
    return found, by


def _work(wanted: Wanted, part: tuple[int, list[Key], dict[str, str]], generator: Generator | None = None) -> None:
    """One process's share, on one thread if it is not alone."""
    job, todo, by = part
    if not todo:
        return
    if wanted.jobs > 1:
        torch.set_num_threads(1)
    maker, bench = Maker(wanted, generator or Generator.load(wanted.weights)), Bench(wanted.probe)
    limit = time.monotonic() + 60 * wanted.minutes
    row = _row(maker, bench, rows.found(wanted.rows, by))
    rows.write(_until(limit, todo, job), wanted.rows / f"{job}.jsonl", by, row)


def _row(maker: Maker, bench: Bench, done: dict[Key, dict[str, Any]]) -> Callable[[Key], dict[str, Any]]:
    """Makes a row, or takes that of the same scene in other words of which the same was read: it is the same clip."""

    def row(key: Key) -> dict[str, Any]:
        twin = next((other for other in maker.twins(key) if other in done), None)
        made = bench.row(maker.take(key)) if twin is None else {part: done[twin][part] for part in rows.PARTS}
        done[key] = made
        return made

    return row


def _until(limit: float, todo: list[Key], job: int) -> Iterator[Key]:
    start = time.monotonic()
    for place, key in enumerate(todo):
        if time.monotonic() > limit:
            return
        if place and place % 50 == 0:
            sys.stderr.write(f"process {job}: {place} of {len(todo)} in {time.monotonic() - start:.0f} s\n")
        yield key
