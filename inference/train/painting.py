"""Trains the enlarger's painter on many people, drawn over small pictures of them or of somebody else, so that who is
painted follows from the traits and not from what lies beneath.

python -m inference.train.painting people PAIRS --files 40
python -m inference.train.painting others PAIRS OUT
python -m inference.train.painting train PEOPLE OTHERS RUN --minutes 30
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

from inference.generator.enlarger import Enlarger, EnlargerShape
from inference.generator.likeness import PEOPLE, TRAITS, somebody
from inference.train.autoencoding import ahead, rate
from inference.train.corpus import scenes
from inference.train.enlarging import covers, files, painted
from inference.train.plans import attributes, motion, traits
from inference.train.render import render
from inference.train.world import Scene, draw, is_held_out

SCALE = 3  # drawn in three quarters of the enlarger's pixels: the painter knows places, not pixels
PICKS = 2
SCENES = 24  # of a file
OTHERS = 16  # frames a step of other subjects, so that they stay as they were
PIXELS = 700  # of each frame in a step
_FIRST = 5_000_000  # seeds from here on are in no corpus and in no evaluation


def crowd(first: int, is_tall: bool) -> Iterator[Scene]:
    """Scenes with people of one aspect, all of different persons, none of a held-out combination."""
    for seed in count(_FIRST + first):
        scene = draw(seed)
        if scene.subject in PEOPLE and scene.portrait == is_tall and not is_held_out(scene):
            yield scene


def people(out: Path, wanted: int) -> None:
    """Files like those of `enlarging pairs`, without what the convolution needs."""
    out.mkdir(parents=True, exist_ok=True)
    for place in range(wanted):
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
        found["small"] += list(_worn(render(scene, 1, picks, tuple(seen.tolist()))[0], rng))
        found["large"] += list(render(scene, SCALE, picks)[0])
        found["motion"] += list(motion(scene)[picks])
        found["attributes"] += [torch.tensor(attributes(scene))] * PICKS
        found["traits"] += [traits(scene)] * PICKS
        found["cover"] += list(covers(scene, picks))
    return {name: torch.stack(parts).numpy() for name, parts in found.items()}


def _worn(frames: Tensor, rng: random.Random) -> Tensor:
    """Small frames (T,h,w,3) as (T,1,h,w,3), softened and with noise as those that are made are."""
    soft = F.avg_pool2d(F.pad(frames.permute(0, 3, 1, 2).float(), (1, 1, 1, 1), mode="replicate"), 3, 1)
    mixed = frames.permute(0, 3, 1, 2).float().lerp(soft, rng.uniform(0.2, 1))
    worn = mixed + rng.uniform(0, 10) * torch.randn_like(mixed)
    return worn.permute(0, 2, 3, 1).round().clamp(0, 255).to(torch.uint8)[:, None]


def others(pairs: Path, out: Path) -> None:
    """The rows without people of files of `enlarging pairs`, with their covers."""
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(pairs.glob("[0-9]*.npz")):
        shard, aspect = path.stem.split("-")
        held, kin = dict(np.load(path)), scenes(int(shard))[aspect]
        each = len(held["motion"]) // len(kin)
        rows = [row for row in range(each * len(kin)) if kin[row // each].subject not in PEOPLE]
        made = {name: held[name][rows] for name in ("small", "large", "motion", "attributes")}
        drawn = [covers(kin[row // each], [_frame(kin[row // each], held["motion"][row])])[0] for row in rows]
        made |= {"cover": torch.stack(drawn).numpy(), "traits": np.zeros((len(rows), len(TRAITS)), np.float32)}
        np.savez(out / path.name, **made)


def _frame(scene: Scene, moved: np.ndarray) -> int:
    return int((motion(scene) - torch.from_numpy(moved)).abs().sum(1).argmin())


def _veiled(pair: dict[str, Tensor]) -> dict[str, Tensor]:
    """The pair with half of its small pictures so soft that nobody is to be made out beneath."""
    small = pair["small"].flatten(0, 1).permute(0, 3, 1, 2).float()
    soft = F.interpolate(F.avg_pool2d(small, 16), size=small.shape[2:], mode="bilinear")
    soft = soft.permute(0, 2, 3, 1).unflatten(0, pair["small"].shape[:2]).to(torch.uint8)
    is_veiled = torch.rand(len(soft), 1, 1, 1, 1) < 0.5
    return pair | {"small": torch.where(is_veiled, soft, pair["small"])}


def train(crowds: Path, rest: Path, run: Path, minutes: float) -> None:
    """The painter alone; the rest of `run`'s enlarger stays as it is."""
    torch.manual_seed(int(time.time()))
    model = Enlarger(EnlargerShape(traits=len(TRAITS)))
    held = load_file(run / "enlarger.safetensors")
    start_from = {name.removeprefix("painter."): value for name, value in held.items() if name.startswith("painter.")}
    model.painter.load_state_dict(start_from, strict=False)  # one that was told no traits has no weights for them
    optimiser = torch.optim.Adam(model.painter.parameters(), 3e-3, betas=(0.9, 0.98))
    start, log, seen = time.time(), (run / "painter.log").open("a"), [0.0, 0.0]
    sources = ahead(files(crowds, int(start))), ahead(files(rest, int(start)))
    for step in count(1):
        share = (time.time() - start) / (60 * minutes)
        optimiser.param_groups[0]["lr"] = rate(share, 3e-3)
        optimiser.zero_grad()
        for which, source in enumerate(sources):
            pair = next(source)
            if which:
                rows = torch.randperm(len(pair["motion"]))[:OTHERS]
                pair = {name: value[rows] for name, value in pair.items()}
            loss = painted(model, pair if which else _veiled(pair), PIXELS)
            loss.backward()
            seen[which] += (loss.item() - seen[which]) * max(0.02, 1 / step)
        optimiser.step()
        if step % 40 == 0:
            pace = step / (time.time() - start)
            line = f"step {step} share {share:.3f} people {seen[0]:.4f} others {seen[1]:.4f} {pace:.2f} steps/s"
            print(line, file=log, flush=True)
        if step % 100 == 0 or share >= 1:
            painter = {f"painter.{name}": value.contiguous() for name, value in model.painter.state_dict().items()}
            save_file(held | painter, run / "enlarger.safetensors")
        if share >= 1:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("people", "others", "train"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=30)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    match asked.verb:
        case "people":
            people(asked.folders[0], asked.files)
        case "others":
            others(*asked.folders)
        case "train":
            train(*asked.folders, asked.minutes)


if __name__ == "__main__":
    main()
