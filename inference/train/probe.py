"""An independent reader of attributes: ridge regression on plain picture statistics, fitted to renders alone.

    python -m inference.train.probe --fit 2000 --count 48

Fits on rendered scenes, then reads renders of held-out combinations and, beside them, clips made from captions of the
same scenes in English and French, and the English ones against captions of other scenes (shuffled), and prints how
often each attribute is read as the caption says. Landscape clips only. It reads places and light well, small things
badly: its own accuracy on renders, the first line, is the most that any generator could reach.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import numpy as np
import torch

from inference.generator.pipeline import Ask, Generator
from inference.train import world
from inference.train.captions import english_whole, french_whole
from inference.train.render import LONG, SHORT, render
from inference.train.world import Scene

CLASSES: dict[str, tuple[str, ...]] = {
    "subject": tuple(world.SUBJECTS),
    "colour": world.COLOURS,
    "setting": world.SETTINGS,
    "time": world.TIMES,
    "weather": world.WEATHERS,
    "camera": world.CAMERAS,
    "style": world.STYLES,
}
FIT_SEEDS, READ_SEEDS = 20_000_000, 10_000_000
RIDGE = 30.0


def statistics(frames: np.ndarray) -> np.ndarray:
    """Of uint8 (T,64,112,3): coarse means and spreads over time, how the halves of the clip differ, a histogram."""
    small = frames[::4].reshape(-1, 8, 8, 14, 8, 3).mean((2, 4)) / 255
    bins = (frames[::6, ::2, ::2].astype(int) // 43).reshape(-1, 3) @ np.array([36, 6, 1])
    histogram = np.sqrt(np.bincount(bins, minlength=216) / len(bins))
    moved = small[len(small) // 2 :].mean(0) - small[: len(small) // 2].mean(0)
    return np.concatenate([small.mean(0).ravel(), 4 * small.std(0).ravel(), 4 * moved.ravel(), 4 * histogram, [1.0]])


def scenes(first: int, is_held_out: bool) -> Iterator[Scene]:
    """Landscape scenes from a seed on, of the combinations kept for evaluation or of the others."""
    drawn = (world.draw(seed) for seed in count(first))
    return (scene for scene in drawn if not scene.portrait and world.is_held_out(scene) == is_held_out)


def fit(amount: int) -> dict[str, np.ndarray]:
    """One matrix of weights an attribute."""
    kin = list(islice(scenes(FIT_SEEDS, False), amount))
    seen = np.stack([statistics(render(scene)[0].numpy()) for scene in kin])
    gram = seen.T @ seen + RIDGE * np.eye(seen.shape[1])
    return {
        name: np.linalg.solve(gram, seen.T @ np.eye(len(values))[[values.index(getattr(s, name)) for s in kin]])
        for name, values in CLASSES.items()
    }


def line(name: str, probe: dict[str, np.ndarray], clips: list[np.ndarray], kin: list[Scene]) -> None:
    """Prints the share of right readings by attribute."""
    seen = np.stack([statistics(frames) for frames in clips])
    shares = []
    for attribute, values in CLASSES.items():
        truth = np.array([values.index(getattr(scene, attribute)) for scene in kin])
        shares.append(((seen @ probe[attribute]).argmax(1) == truth).mean())
    print(f"{name:<10}" + "".join(f"{share:>9.2f}" for share in shares), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=Path("inference/weights/generator"))
    parser.add_argument("--fit", type=int, default=2000)
    parser.add_argument("--count", type=int, default=48)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    probe, generator = fit(asked.fit), Generator.load(asked.weights)
    kin = list(islice(scenes(READ_SEEDS, True), asked.count))

    def made(prompt: str, scene: Scene) -> np.ndarray:
        ask = Ask(prompt, 4, LONG, SHORT, scene.seed, style=scene.style)
        return generator.generate(ask, lambda share: None).frames

    print(" " * 10 + "".join(f"{name:>9}" for name in CLASSES))
    line("renders", probe, [render(scene)[0].numpy() for scene in kin], kin)
    english = [made(english_whole(scene), scene) for scene in kin]
    line("english", probe, english, kin)
    line("french", probe, [made(french_whole(scene), scene) for scene in kin], kin)
    line("shuffled", probe, english, kin[1:] + kin[:1])


if __name__ == "__main__":
    main()
