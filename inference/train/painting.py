"""Trains the enlarger's painter of people: many, drawn over small pictures of them or of somebody else, so that who is
painted follows from the traits and not from what lies beneath.

python -m inference.train.painting people PAIRS --files 40
python -m inference.train.painting train PEOPLE RUN --minutes 30
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

from inference.generator.enlarger import EDGE, FOLD, EnlargerShape, Painter
from inference.generator.likeness import PEOPLE, TRAITS, somebody
from inference.train.autoencoding import ahead, rate
from inference.train.enlarging import covers, files, painted, stepped, worn
from inference.train.plans import ATTRIBUTES, attributes, motion, traits
from inference.train.render import render
from inference.train.world import Scene, draw, is_held_out

SCALE = 3  # drawn in three quarters of the enlarger's pixels: the painter knows places, not pixels
PICKS = 2
SCENES = 24  # of a file
PEAK = 4e-3
PIXELS = 500  # of each frame in a step
_FIRST = 5_000_000  # seeds from here on are in no corpus and in no evaluation


def crowd(first: int, is_tall: bool) -> Iterator[Scene]:
    """Scenes with people of one aspect, all of different persons, none of a held-out combination."""
    for seed in count(_FIRST + first):
        scene = draw(seed)
        if scene.subject in PEOPLE and scene.portrait == is_tall and not is_held_out(scene):
            yield scene


def people(out: Path, wanted: range) -> None:
    """Files like those of `enlarging pairs`, without what the convolution needs."""
    out.mkdir(parents=True, exist_ok=True)
    for place in wanted:
        target = out / f"{place:05d}.npz"
        if not target.exists():
            kin = crowd(place * 10_000, bool(place % 2))
            np.savez(out / f".{target.name}", **_drawn([next(kin) for _ in range(SCENES)], random.Random(place)))
            (out / f".{target.name}").rename(target)


def _drawn(kin: list[Scene], rng: random.Random) -> dict[str, np.ndarray]:
    found: dict[str, list[Tensor]] = {
        name: [] for name in ("small", "large", "motion", "attributes", "traits", "cover")
    }
    for scene in kin:
        picks = sorted(rng.sample(range(1, 47), PICKS))
        seen = traits(scene) if rng.random() < 0.2 else torch.tensor(somebody(rng.getrandbits(32)))
        beneath = render(scene, FOLD, picks, tuple(seen.tolist()))[0]
        found["small"] += list(worn(beneath, rng.uniform(0.2, 1), rng.uniform(0, 10))[:, None])
        found["large"] += list(render(scene, SCALE, picks)[0])
        found["motion"] += list(motion(scene)[picks])
        found["attributes"] += [torch.tensor(attributes(scene))] * PICKS
        found["traits"] += [traits(scene)] * PICKS
        found["cover"] += list(covers(scene, picks))
    return {name: torch.stack(parts).numpy() for name, parts in found.items()}


def bodies(kinds: Tensor) -> Tensor:
    """Places (B,P,2) of which most are on people, and of those half on their heads; of a couple on either."""
    count = len(kinds)
    is_couple = kinds[:, :1] == list(ATTRIBUTES["subject"]).index("couple")
    middle = torch.where(is_couple, 0.42 * torch.randn(count, PIXELS).sign(), 0.0)
    across = middle + 0.26 * torch.randn(count, PIXELS)
    is_head, anyhow = torch.rand(2, count, PIXELS)
    down = torch.where(is_head < 0.5, anyhow - 1.05, anyhow * 2.1 - 1.1)
    anywhere = (torch.rand(count, PIXELS, 2) * 2 - 1) * EDGE
    return torch.where(torch.rand(count, PIXELS, 1) < 0.7, torch.stack([across, down], -1), anywhere)


def _veiled(pair: dict[str, Tensor]) -> dict[str, Tensor]:
    """The pair with half of its small pictures so soft that nobody is to be made out beneath."""
    small = pair["small"].flatten(0, 1).permute(0, 3, 1, 2).float()
    soft = F.interpolate(F.avg_pool2d(small, 16 * FOLD), size=small.shape[2:], mode="bilinear")
    soft = soft.permute(0, 2, 3, 1).unflatten(0, pair["small"].shape[:2]).to(torch.uint8)
    is_veiled = torch.rand(len(soft), 1, 1, 1, 1) < 0.5
    return pair | {"small": torch.where(is_veiled, soft, pair["small"])}


def train(crowds: Path, run: Path, minutes: float) -> None:
    """The painter of people alone, which begins as a copy of the other; the rest of `run`'s enlarger stays as it is."""
    torch.manual_seed(int(time.time()))
    held = load_file(run / "enlarger.safetensors")
    painter = Painter(EnlargerShape(traits=len(TRAITS)), is_of_people=True)
    begun = "people." if any(name.startswith("people.") for name in held) else "painter."
    known = {name.removeprefix(begun): value for name, value in held.items() if name.startswith(begun)}
    painter.load_state_dict(known, strict=begun == "people.")
    optimiser = torch.optim.Adam(painter.parameters(), PEAK, betas=(0.9, 0.98))
    start, log, seen = time.time(), (run / "painter.log").open("a"), 0.0
    for step, pair in enumerate(ahead(files(crowds, int(start))), start=1):
        share = (time.time() - start) / (60 * minutes)
        optimiser.param_groups[0]["lr"] = rate(share, PEAK)
        seen += stepped(painted(painter, _veiled(pair), bodies(pair["attributes"])), [optimiser], seen, step)
        if step % 40 == 0:
            line = f"step {step} share {share:.3f} people {seen:.4f} {step / (time.time() - start):.2f} steps/s"
            print(line, file=log, flush=True)
        if step % 100 == 0 or share >= 1:
            made = {f"people.{name}": value.contiguous() for name, value in painter.state_dict().items()}
            save_file(held | made, run / "enlarger.safetensors")
        if share >= 1:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("people", "train"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=30)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    match asked.verb:
        case "people":
            people(asked.folders[0], range(asked.first, asked.first + asked.files))
        case "train":
            train(*asked.folders, asked.minutes)


if __name__ == "__main__":
    main()
