"""Chooses how likely an impact must be to count, on training scenes alone, for the eye and for the ear.

python -m inference.train.thresholds --count 40
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import count, islice
from pathlib import Path

import numpy as np
import torch

from inference.evaluation import ear, picture, sync
from inference.evaluation.clips import rendered
from inference.train import world
from inference.train.probe import impacts, is_heavy
from inference.train.world import Scene

SEEDS = 13_000_000
LEVELS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8)


def struck(amount: int) -> list[Scene]:
    """Scenes of trained combinations with bounces and landings."""
    drawn = map(world.draw, count(SEEDS))
    return list(islice((s for s in drawn if not world.is_held_out(s) and is_heavy(s)), amount))


def score(kin: Sequence[Scene], likelihoods: np.ndarray, rate: int, level: float) -> dict[str, float]:
    """Recall, precision and their harmonic mean at one level."""
    found = [sync.moments(each, rate, level) for each in likelihoods]
    shares = {name: each.rate for name, each in sync.shares_found([impacts(s) for s in kin], found).items()}
    both = sum(shares.values())
    return {"level": level, **shares, "f1": 2 * shares["recall"] * shares["precision"] / both if both else 0.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--probe", type=Path, default=Path("inference/weights/probe"))
    parser.add_argument("--count", type=int, default=40)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    kin = struck(asked.count)
    takes = [rendered(scene) for scene in kin]
    seen = picture.read(picture.load(asked.probe), [take.frames for take in takes]).impacts
    heard = ear.hear(ear.load(asked.probe), [take.sound for take in takes]).impacts
    for name, likelihoods, rate in (("eye", seen, picture.RATE), ("ear", heard, ear.FRAME_RATE)):
        for level in LEVELS:
            print(json.dumps({"reader": name, **score(kin, likelihoods, rate, level)}), flush=True)


if __name__ == "__main__":
    main()
