"""Trains the planner on scenes by rectified flow, with a wall-clock budget; resumes.

python -m inference.train.planning PREPARED RUN --minutes 15
PREPARED is what inference.train.flow learns from.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from inference.generator.plan import MOTION, Hints, Plan, Planner, PlanShape, made, units
from inference.train.autoencoding import rate
from inference.train.flow import Average, read
from inference.train.muon import optimisers
from inference.train.plans import COUNTS, attributes, motion
from inference.train.world import Scene, draw, is_held_out

BATCH = 128
SPANS = 12
FREE_SEEDS, FREE = 200_000_000, 60_000  # scenes of which only the plan is made
_SET = (0.0, 0.3, 0.6, 0.9, 1.0, 1.0)  # shares of attributes that stand, as prompts say little or much


@dataclass(frozen=True)
class Plans:
    """Plans of one aspect to learn from: attributes (N,10), motion (N,48,11), and, where the scenes were drawn and
    encoded, their video (N,12,896) and first frames (N,896) as latents."""

    attributes: Tensor
    motion: Tensor
    video: Tensor | None = None
    still: Tensor | None = None


def scored(scenes: Iterable[Scene]) -> Plans:
    """Plans of scenes that nobody drew: what an attribute does to motion needs no picture, and many more combinations
    than the corpus has."""
    kin = [scene for scene in scenes if not is_held_out(scene)]
    return Plans(torch.tensor([attributes(scene) for scene in kin]), torch.stack([motion(scene) for scene in kin]))


def batch(plans: Plans, rng: random.Random, is_tall: bool) -> tuple[Plan, Hints]:
    """Plans with what they are to be made around: some attributes, and sometimes their own beginning or some of their
    video."""
    picks = torch.tensor(rng.choices(range(len(plans.motion)), k=BATCH))
    share = torch.tensor(rng.choices(_SET, k=BATCH))
    is_set, is_moved = torch.rand(BATCH, len(COUNTS)) < share[:, None], torch.zeros(BATCH, SPANS, dtype=torch.bool)
    seen, is_seen = torch.zeros(BATCH, SPANS, PlanShape().latent), torch.zeros(BATCH, SPANS, dtype=torch.bool)
    if plans.video is not None and plans.still is not None:
        seen = plans.video[picks].float()
        for row in range(BATCH):
            start = rng.random()
            if start < 0.4:
                is_seen[row] = True
            elif start < 0.8:
                is_seen[row, : rng.choice((1, 2, 4, 4))] = True
            else:
                seen[row, 0], is_seen[row, 0] = plans.still[picks[row]].float(), True
        seen = seen + 0.15 * torch.randn_like(seen)
    for row in range(BATCH):
        if rng.random() < 0.2:
            is_moved[row, : rng.choice((2, 4, 4, 6))], is_set[row] = True, True
    aspect = torch.full((BATCH,), int(is_tall))
    return Plan(plans.attributes[picks], plans.motion[picks]), Hints(aspect, seen, is_seen, is_set, is_moved)


def loss(planner: Planner, plan: Plan, hints: Hints) -> tuple[Tensor, Tensor]:
    """Mean squared velocity error of attributes and of motion, where they do not stand already."""
    bits, moves = units(plan, planner.shape.values)
    time = torch.sigmoid(torch.randn(BATCH) * 1.2 + 0.3)
    free = (~hints.is_set[..., None], ~hints.is_moved[..., None])
    noises = [torch.randn_like(part) for part in (bits, moves)]
    states = [
        part.lerp(noise, time[:, None, None] * mask)
        for part, noise, mask in zip((bits, moves), noises, free, strict=True)
    ]
    with torch.autocast("cpu", torch.bfloat16):
        speeds = planner(*states, time, hints)
    is_real = (torch.arange(bits.shape[2]) < torch.tensor(COUNTS)[:, None])[None] & free[0]
    errors = [
        (speed.float() - noise + part) ** 2 for speed, noise, part in zip(speeds, noises, (bits, moves), strict=True)
    ]
    moved = free[1].expand_as(moves)
    return (errors[0] * is_real).sum() / is_real.sum().clamp(min=1), (errors[1] * moved).sum() / moved.sum()


def material(prepared: Path) -> dict[tuple[str, str], Plans]:
    """By kind ("seen", "free") and aspect."""
    found = {}
    free = [draw(seed) for seed in range(FREE_SEEDS, FREE_SEEDS + FREE)]
    for aspect, corpus in read(prepared)[0].items():
        video, still = corpus.video.flatten(2), corpus.still.flatten(1)
        found["seen", aspect] = Plans(corpus.attributes, corpus.motion, video, still)
        found["free", aspect] = scored(scene for scene in free if scene.portrait == (aspect == "tall"))
    return found


def train(prepared: Path, run: Path, minutes: float, peak: float) -> None:
    torch.manual_seed(int(time.time()))
    plans = material(prepared)
    planner, rng = Planner(PlanShape()), random.Random(time.time())
    if (run / "planner.safetensors").exists():
        planner.load_state_dict(load_file(run / "planner.safetensors"))
    average, both = Average(planner), optimisers([planner], peak, 2e-3)
    for block in planner.blocks:
        block.compile()
    start, step, what, moves = time.time(), 0, 0.0, 0.0
    log = (run / "planner.log").open("a")
    while (share := (time.time() - start) / (60 * minutes)) < 1:
        for group in (group for optimiser in both for group in optimiser.param_groups):
            group["lr"] = rate(share, group["peak"])
        which = "seen" if step % 6 < 2 else "free", "tall" if step % 2 else "wide"
        what_lost, moves_lost = loss(planner, *batch(plans[which], rng, step % 2 == 1))
        planner.zero_grad(set_to_none=False)
        (what_lost + moves_lost).backward()
        torch.nn.utils.clip_grad_norm_(planner.parameters(), 1.0)
        for optimiser in both:
            optimiser.step()
        average.follow(planner)
        step += 1
        what += (what_lost.item() - what) * max(0.01, 1 / step)
        moves += (moves_lost.item() - moves) * max(0.01, 1 / step)
        if step % 50 == 0:
            pace = step * BATCH / (time.time() - start)
            print(f"step {step} share {share:.3f} what {what:.4f} moves {moves:.4f} {pace:.0f}/s", file=log, flush=True)
        if step % 600 == 0:
            save_file(
                {name: value.contiguous() for name, value in average.weights.items()}, run / "planner.safetensors"
            )
    save_file({name: value.contiguous() for name, value in average.weights.items()}, run / "planner.safetensors")


def kept(run: Path, count: int) -> dict[str, float]:
    """Over `count` unseen combinations, how far planned motion is from the renderer's for the same attributes: mean
    absolute differences of size, facing and impacts, and of how far zoom and pan go."""
    planner = Planner(PlanShape()).eval()
    planner.load_state_dict(load_file(run / "planner.safetensors"))
    allowed = torch.arange(PlanShape().values) < torch.tensor(COUNTS)[:, None]
    kin = [scene for scene in map(draw, range(90_000_000, 90_000_000 + 40 * count)) if is_held_out(scene)][:count]
    off = {"half": 0.0, "zoom": 0.0, "pan": 0.0, "facing": 0.0, "impact": 0.0}
    for scene in kin:
        hints = Hints(
            torch.tensor([int(scene.portrait)]), torch.zeros(1, SPANS, PlanShape().latent),
            *(torch.zeros(1, SPANS, dtype=torch.bool), torch.ones(1, len(COUNTS), dtype=torch.bool)),
            torch.zeros(1, SPANS, dtype=torch.bool),
        )  # fmt: skip
        start = Plan(torch.tensor([attributes(scene)]), torch.zeros(1, 48, 11))
        planned, drawn = made(planner, hints, (start, scene.seed), allowed).motion[0], motion(scene)
        for name in off:
            column = MOTION.index(name)
            one, other = planned[:, column], drawn[:, column]
            if name in ("pan", "zoom"):
                one, other = one[-1:] - one[:1], other[-1:] - other[:1]
            off[name] += (one.mean() - other.mean()).abs().item() / len(kin)
    return off


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--peak", type=float, default=0.012)
    parser.add_argument("--check", type=int, default=0, help="only print how far that many plans are off")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.check:
        print({name: round(value, 3) for name, value in kept(asked.run, asked.check).items()})
    else:
        train(asked.prepared, asked.run, asked.minutes, asked.peak)


if __name__ == "__main__":
    main()
