"""`python -m inference.train.ways [--out FOLDER]`: fits `inference.ways` to the examples beside this file.

Kernel ridge regression, solved at once: no seed, no steps. It prints how often each example would be read from all
the others (leave one out); what is left out still has its translation among them, so that new texts fare worse.
"""

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors.numpy

from inference.safety.classifier import PromptClassifier
from inference.ways import FILE, MASK, MASKED, POWER, placed

EXAMPLES = Path(__file__).with_name("ways.txt")
WEIGHTS = Path(__file__).parents[1] / "weights"
RIDGE, CONSTANT = 0.1, 0.05
STEPS = 127


def examples() -> list[tuple[str, str]]:
    """(way, frame) of every line "way | frame"."""
    lines = EXAMPLES.read_text("utf-8").splitlines()
    pairs = [line.split(" | ", 1) for line in lines if line and not line.startswith("#")]
    return [(way.strip(), frame) for way, frame in pairs]


def fit(out: Path) -> dict[str, float]:
    """Write weights and manifest to `out`; returns the shares that leaving one out gives."""
    found = examples()
    classifier = PromptClassifier.load(WEIGHTS / "safety")
    texts = [frame.replace(MASKED, MASK) for _, frame in found]
    ways = sorted({way for way, _ in found})
    tensors: dict[str, np.ndarray] = {}
    near = np.full((len(texts), len(texts)), CONSTANT)
    for place, encoder in enumerate((classifier.encoder, classifier.sentences)):
        vectors = np.concatenate([encoder.encode([text]) for text in texts]).astype(np.float32)
        centre, spread = vectors.mean(0), vectors.std(0) + 1e-6
        rows = placed(vectors, centre, spread)
        step = np.float32(np.abs(rows).max() / STEPS)
        packed = np.rint(rows / step).astype(np.int8)
        near += ((1 + rows @ (packed * step).T) / 2) ** POWER
        tensors |= {f"centre{place}": centre, f"spread{place}": spread, f"rows{place}": packed}
        tensors[f"step{place}"] = np.array([step], np.float32)
    wanted = np.eye(len(ways))[[ways.index(way) for way, _ in found]]
    inverse = np.linalg.inv((near + near.T) / 2 + RIDGE * np.eye(len(texts)))
    weights = inverse @ wanted
    tensors["weights"] = weights.astype(np.float32)
    tensors["bias"] = (CONSTANT * weights.sum(0)).astype(np.float32)
    _write(out, tensors, ways)
    left_out = wanted - weights / np.diag(inverse)[:, None]
    return {"examples": len(found), **_shares(left_out, wanted, ways)}


def _shares(left_out: np.ndarray, wanted: np.ndarray, ways: Sequence[str]) -> dict[str, float]:
    hits = left_out.argmax(1) == wanted.argmax(1)
    each = {way: round(float(hits[wanted[:, place] == 1].mean()), 3) for place, way in enumerate(ways)}
    return {"all": round(float(hits.mean()), 3), **each}


def _write(out: Path, tensors: dict[str, np.ndarray], ways: Sequence[str]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    data = safetensors.numpy.save({name: np.ascontiguousarray(array) for name, array in tensors.items()})
    (out / FILE).write_bytes(data)
    entry = {"sha256": hashlib.sha256(data).hexdigest(), "ways": list(ways), "licence": "Apache-2.0"}
    (out / "manifest.json").write_text(json.dumps({"files": {FILE: entry}}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "ways")
    print(json.dumps(fit(parser.parse_args().out)))
