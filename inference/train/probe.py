"""An independent reader of attributes: a small convolutional network trained on renders alone, never on made clips.

    python -m inference.train.probe train CLIPS PROBE --minutes 5
    python -m inference.train.probe read PROBE --weights inference/weights/generator --count 96

`read` renders scenes of held-out combinations and, beside them, makes clips from captions of the same scenes (English,
French, and captions shuffled between clips), then prints how often the probe reads each attribute the caption says.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from inference.generator.pipeline import Ask, Generator
from inference.train import world
from inference.train.autoencoding import rate
from inference.train.captions import english_whole, french_whole
from inference.train.corpus import scenes
from inference.train.render import render, size
from inference.train.world import Scene

ACTIONS = tuple(sorted({action for _, actions in world.SUBJECTS.values() for action in actions}))
CLASSES: dict[str, tuple[str, ...]] = {
    "subject": tuple(world.SUBJECTS),
    "colour": world.COLOURS,
    "action": ACTIONS,
    "setting": world.SETTINGS,
    "time": world.TIMES,
    "weather": world.WEATHERS,
    "camera": world.CAMERAS,
    "style": world.STYLES,
}
PICKS = 8  # frames read of each clip
BATCH = 32


class Probe(nn.Module):
    """Frames stacked as channels, five strided convolutions, one head an attribute."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3 * PICKS, 48, 96, 160, 224, 256)
        self.body = nn.Sequential(
            *[
                nn.Sequential(
                    nn.Conv2d(a, b, 3, 2, 1),
                    nn.BatchNorm2d(b),
                    nn.SiLU(),
                    nn.Conv2d(b, b, 3, 1, 1),
                    nn.BatchNorm2d(b),
                    nn.SiLU(),
                )
                for a, b in zip(widths, widths[1:], strict=False)
            ]
        )
        self.heads = nn.ModuleDict({name: nn.Linear(256, len(values)) for name, values in CLASSES.items()})

    def forward(self, frames: Tensor) -> dict[str, Tensor]:  # (B,8,H,W,3) uint8 -> logits by attribute
        x = frames.permute(0, 1, 4, 2, 3).flatten(1, 2).float() / 127.5 - 1
        x = self.body(x).mean((2, 3))
        return {name: head(x) for name, head in self.heads.items()}


def answers(kin: list[Scene]) -> dict[str, Tensor]:
    return {
        name: torch.tensor([values.index(getattr(scene, name)) for scene in kin]) for name, values in CLASSES.items()
    }


def picked(frames: np.ndarray) -> np.ndarray:
    return frames[..., np.linspace(1, frames.shape[-4] - 2, PICKS).astype(int), :, :, :3]


def _roughened(frames: Tensor, rng: random.Random) -> Tensor:
    """Blurred by a random amount, so that the probe reads shapes rather than edges only renders have."""
    if rng.random() < 0.4:
        return frames
    flat = frames.flatten(0, 1).permute(0, 3, 1, 2).float()
    small = F.interpolate(flat, scale_factor=rng.uniform(0.4, 0.8), mode="area")
    back = F.interpolate(small, size=flat.shape[2:], mode="bilinear")
    return back.permute(0, 2, 3, 1).unflatten(0, frames.shape[:2])


def train(clips: Path, out: Path, minutes: float) -> None:
    torch.manual_seed(0)
    probe, rng, start, step, seen = Probe(), random.Random(0), time.time(), 0, 0.0
    optimiser = torch.optim.AdamW(probe.parameters(), 2e-3, weight_decay=0.02)
    held = {path: scenes(int(path.stem[:5]))[path.stem[6:]] for path in sorted(clips.glob("[0-9]*.npy"))[20:]}
    while (share := (time.time() - start) / (60 * minutes)) < 1:
        aspect = rng.choice(("wide", "tall"))
        paths = rng.sample([path for path in held if path.stem.endswith(aspect)], 8)
        rows = [(path, rng.randrange(len(held[path]))) for path in paths for _ in range(BATCH // 8)]
        frames = torch.from_numpy(np.stack([picked(np.load(path, mmap_mode="r")[row]) for path, row in rows]))
        truth = answers([held[path][row] for path, row in rows])
        with torch.autocast("cpu", torch.bfloat16):
            guess = probe(_roughened(frames, rng))
        loss = sum(F.cross_entropy(guess[name].float(), truth[name]) for name in CLASSES)
        optimiser.zero_grad()
        loss.backward()
        for group in optimiser.param_groups:
            group["lr"] = rate(share, 2e-3)
        optimiser.step()
        step, seen = step + 1, loss.item() if step == 0 else 0.98 * seen + 0.02 * loss.item()
        if step % 50 == 0:
            print(f"step {step} share {share:.2f} loss {seen:.3f}", flush=True)
    save_file(probe.state_dict(), out)


def held_out(count: int) -> list[Scene]:
    """Scenes of combinations that no shard holds."""
    seeds = range(10_000_000, 11_000_000)
    return [scene for seed in seeds if world.is_held_out(scene := world.draw(seed))][:count]


@torch.no_grad()
def score(probe: Probe, clips: list[np.ndarray], kin: list[Scene]) -> dict[str, float]:
    """Share of right readings by attribute."""
    right: dict[str, list[float]] = {name: [] for name in CLASSES}
    for frames, scene in zip(clips, kin, strict=True):
        guess = probe(torch.from_numpy(picked(frames))[None])
        for name, value in answers([scene]).items():
            right[name].append(float(guess[name].argmax(-1) == value))
    return {name: sum(values) / len(values) for name, values in right.items()}


def read(probe: Probe, generator: Generator, count: int) -> None:
    """Prints one line of accuracies a kind of clip."""
    kin = held_out(count)
    print("clips      " + "".join(f"{name:>9}" for name in CLASSES))
    _line("renders", score(probe, [render(scene)[0].numpy() for scene in kin], kin))
    made = [_made(generator, scene, english_whole(scene)) for scene in kin]
    _line("english", score(probe, made, kin))
    _line("french", score(probe, [_made(generator, scene, french_whole(scene)) for scene in kin], kin))
    same = [k for k in kin if not k.portrait], [k for k in kin if k.portrait]
    moved = {scene.seed: other for half in same for scene, other in zip(half, half[1:] + half[:1], strict=True)}
    _line("shuffled", score(probe, made, [moved[scene.seed] for scene in kin]))


def _made(generator: Generator, scene: Scene, prompt: str) -> np.ndarray:
    high, wide = size(scene)
    return generator.generate(
        Ask(prompt, 4, wide, high, scene.seed % 2**32, style=scene.style), lambda share: None
    ).frames


def _line(name: str, scores: dict[str, float]) -> None:
    print(f"{name:<11}" + "".join(f"{value:>9.2f}" for value in scores.values()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("train", "read"))
    parser.add_argument("places", type=Path, nargs="+")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--weights", type=Path, default=Path("inference/weights/generator"))
    parser.add_argument("--count", type=int, default=96)
    asked = parser.parse_args()
    torch.set_num_threads(2)
    if asked.verb == "train":
        train(asked.places[0], asked.places[1], asked.minutes)
        return
    probe = Probe()
    probe.load_state_dict(load_file(asked.places[0]))
    read(probe.eval(), Generator.load(asked.weights), asked.count)


if __name__ == "__main__":
    main()
