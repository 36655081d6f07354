"""`python -m inference.train.ways [--out FOLDER]`: fits `inference.ways` to the examples beside this file.

Kernel ridge regression, solved at once: no seed, no steps. It prints how often each example would be read from all
the others: leaving out one, and leaving out all that say nearly the same (translations and close copies).
"""

import argparse
import hashlib
import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors.numpy

from inference.safety.classifier import PromptClassifier
from inference.train.wishes import sentences
from inference.ways import BESIDE, FILE, MASKED, POWER, Views, placed

EXAMPLES = Path(__file__).with_name("ways.txt")
WEIGHTS = Path(__file__).parents[1] / "weights"
RIDGE, CONSTANT = 0.1, 0.05
STEPS = 127
BATCH = 32
AXES = 192  # of each space that are kept
ALIKE = 0.85  # cosine of meaning from which two examples count as one that is said twice
# Words of both languages, so that a wish is known for one even where nobody found its subject to mask.
SUBJECTS = (
    "origami", "karaoke", "igloos", "sumo videos", "parkour", "ukulele", "clips", "judo clips", "graffiti", "bonsai",
    "cow-boys", "clowns", "tornados", "sudoku", "kayak", "poker clips", "lasagnes", "pandas", "vampires", "vikings",
    "volcans", "windsurf", "accordéon videos",
)  # fmt: skip
EVERY = 5
UP, DOWN = frozenset({"more", "only", "keep", "unblock"}), frozenset({"less", "block"})
_MASK = re.compile(r"\{\d?\}")


def examples() -> list[tuple[str, str]]:
    """(way, frame) of every line "way | frame", and one for each subject of "way/way | frame"; then those of the
    grammar of wishes that no line has."""
    lines = EXAMPLES.read_text("utf-8").splitlines()
    pairs = [line.split(" | ", 1) for line in lines if line and not line.startswith("#")]
    masked = [example for ways, frame in pairs for example in each(ways.strip().split("/"), frame)]
    written = [*masked, *_plain(masked)]
    known = {frame for _, frame in written}
    drawn = [example for ways, frame in sentences() for example in each(ways.split("/"), frame)]
    return [*written, *(example for example in drawn if example[1] not in known)]


def _plain(masked: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Every fifth wish with a word for its subject."""
    wishes = [(way, frame) for way, frame in masked if way in UP | DOWN and MASKED in frame and BESIDE not in frame]
    filled = zip(wishes[::EVERY], itertools.cycle(SUBJECTS), strict=False)
    return [(way, frame.replace(MASKED, subject)) for (way, frame), subject in filled]


def each(ways: Sequence[str], frame: str) -> list[tuple[str, str]]:
    """(way, frame) for each of the ways: that subject masked as asked about, the others as beside it."""
    if len(ways) == 1:
        return [(ways[0], frame)]
    first, *rest = _MASK.split(frame)
    order = [int(mask[1]) if len(mask) == 3 else place for place, mask in enumerate(_MASK.findall(frame))]
    return [
        (
            way,
            first + "".join((MASKED if at == subject else BESIDE) + part for at, part in zip(order, rest, strict=True)),
        )
        for subject, way in enumerate(ways)
    ]


def fit(out: Path) -> dict[str, object]:
    """Write weights and manifest to `out`; returns the shares that are read where an example is left out."""
    found = examples()
    seen = _seen([frame for _, frame in found])
    ways = sorted({way for way, _ in found})
    wanted = np.eye(len(ways))[[ways.index(way) for way, _ in found]]
    tensors: dict[str, np.ndarray] = {}
    near = np.full((len(found), len(found)), CONSTANT)
    for place, vectors in enumerate(seen):
        space = space_of(vectors)
        tensors |= {f"{name}{place}": array for name, array in space.items()}
        rows = space["rows"] * space["step"]
        near += ((1 + rows @ rows.T) / 2) ** POWER
    inverse = np.linalg.inv(near + RIDGE * np.eye(len(found)))
    weights = inverse @ wanted
    tensors["weights"] = weights.astype(np.float16)
    tensors["bias"] = (CONSTANT * weights.sum(0)).astype(np.float32)
    write(out / FILE, tensors, {"ways": list(ways)})
    alone = wanted - weights / np.diag(inverse)[:, None]
    apart = without_alike(inverse, weights, wanted, seen[0] @ seen[0].T >= ALIKE)
    return {
        "examples": len(found), "one left out": _shares(alone, wanted, ways),
        "all alike left out": _shares(apart, wanted, ways),
    }  # fmt: skip


def _seen(frames: Sequence[str]) -> list[np.ndarray]:
    classifier = PromptClassifier.load(WEIGHTS / "safety")
    views = Views(classifier.encoder, classifier.sentences)
    parts = [views.of(frames[start : start + BATCH]) for start in range(0, len(frames), BATCH)]
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


def space_of(vectors: np.ndarray) -> dict[str, np.ndarray]:
    """Centre, spread, the main axes, and the rows along them in whole steps."""
    centre, spread = vectors.mean(0), vectors.std(0) + 1e-6
    rows = placed(vectors, centre, spread)
    axes = np.linalg.eigh(rows.T @ rows)[1][:, -AXES:].astype(np.float16)
    rows = rows @ axes.astype(np.float32)
    step = np.abs(rows).max() / STEPS
    steps = {"rows": np.rint(rows / step).astype(np.int8), "step": np.array([step], np.float32)}
    return {"centre": centre, "spread": spread, "axes": axes, **steps}


def without_alike(inverse: np.ndarray, weights: np.ndarray, wanted: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """What each example would be given by a fit without it and all that are like it, by blocks of the inverse."""
    rows = []
    for place, same in enumerate(alike):
        left = np.unique(np.append(np.flatnonzero(same), place))
        missed = np.linalg.solve(inverse[np.ix_(left, left)], weights[left])
        rows.append(wanted[place] - missed[np.searchsorted(left, place)])
    return np.stack(rows)


def _shares(left_out: np.ndarray, wanted: np.ndarray, ways: Sequence[str]) -> dict[str, float]:
    read, meant = left_out.argmax(1), wanted.argmax(1)
    heading = np.array(["up" if way in UP else "down" if way in DOWN else way for way in ways])
    by_way = {way: round(float((read == meant)[meant == place].mean()), 3) for place, way in enumerate(ways)}
    hits = {"operation": (read == meant).mean(), "direction": (heading[read] == heading[meant]).mean()}
    return {**{name: round(float(share), 3) for name, share in hits.items()}, **by_way}


def write(path: Path, tensors: dict[str, np.ndarray], entry: dict[str, object]) -> None:
    """The tensors as `path`, and beside it a manifest with their digest and the rest of `entry`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = safetensors.numpy.save({name: np.ascontiguousarray(array) for name, array in tensors.items()})
    path.write_bytes(data)
    told = {"sha256": hashlib.sha256(data).hexdigest(), **entry, "licence": "Apache-2.0"}
    manifest = {"files": {path.name: told}}
    (path.parent / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "ways")
    print(json.dumps(fit(parser.parse_args().out)))
