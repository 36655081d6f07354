"""`python -m inference.train.topics [--out FOLDER]`: fits `inference.topics` to the examples beside this file.

Kernel ridge regression, solved at once: no seed, no steps. It prints how often a name would fall under its topic if
neither it nor any that means nearly the same (translations, plurals) had been an example.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from inference.safety.classifier import PromptClassifier
from inference.topics import FILE, NONE
from inference.train.ways import ALIKE, CONSTANT, RIDGE, WEIGHTS, space_of, without_alike, write
from inference.ways import POWER

EXAMPLES = Path(__file__).with_name("topics.txt")
CATALOGUE = Path(__file__).parents[2] / "layers/shared/python/volary/steering/topics.json"
AHEAD = 0.1  # by which the reader of these scores asks the first to lead


def examples() -> list[tuple[str, str]]:
    """(topic, name) of every line "topic | name, name" and of the catalogue's own few."""
    lines = EXAMPLES.read_text("utf-8").splitlines()
    heads = [line.split(" | ", 1) for line in lines if line and not line.startswith("#")]
    known = json.loads(CATALOGUE.read_text("utf-8"))
    named = [(topic.strip(), name.strip()) for topic, names in heads for name in names.split(",")]
    named += [(topic, name) for topic, each in known.items() for name in (*each["en"], *each["fr"])]
    return list(dict.fromkeys(named))


def fit(out: Path) -> dict[str, object]:
    """Write weights and manifest to `out`; returns the shares that are placed where names are left out."""
    found = examples()
    sentences = PromptClassifier.load(WEIGHTS / "safety").sentences
    vectors = sentences.encode([name for _, name in found]).astype(np.float32)
    topics = sorted({topic for topic, _ in found})
    wanted = np.eye(len(topics))[[topics.index(topic) for topic, _ in found]]
    space = space_of(vectors)
    rows = space["rows"] * space["step"]
    near = CONSTANT + ((1 + rows @ rows.T) / 2) ** POWER
    inverse = np.linalg.inv(near + RIDGE * np.eye(len(found)))
    weights = inverse @ wanted
    tensors = {
        **space, "weights": weights.astype(np.float16), "bias": (CONSTANT * weights.sum(0)).astype(np.float32),
    }  # fmt: skip
    write(out / FILE, tensors, {"topics": topics})
    left_out = without_alike(inverse, weights, wanted, vectors @ vectors.T >= ALIKE)
    return {"examples": len(found), "all alike left out": _shares(left_out, wanted, topics.index(NONE))}


def _shares(left_out: np.ndarray, wanted: np.ndarray, none: int) -> dict[str, float]:
    """Of names under a topic how many are placed there, of placed names how many rightly, of none how many are."""
    ordered = np.sort(left_out, 1)
    read, meant = left_out.argmax(1), wanted.argmax(1)
    is_placed = (read != none) & (ordered[:, -1] - ordered[:, -2] >= AHEAD)
    is_topic = meant != none
    shares = {
        "recall": (is_placed & (read == meant))[is_topic].mean(), "precision": (read == meant)[is_placed].mean(),
        "placed of none": is_placed[~is_topic].mean(),
    }  # fmt: skip
    return {name: round(float(share), 3) for name, share in shares.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "topics")
    print(json.dumps(fit(parser.parse_args().out)))
