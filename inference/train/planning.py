"""Trains the planner on scenes by rectified flow, with a wall-clock budget; resumes.

python -m inference.train.planning RUN --minutes 15
It learns from scenes that nobody draws: a plan needs no picture.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from inference.generator import premises
from inference.generator.autoencoder import TEMPORAL
from inference.generator.plan import (
    FRAMES,
    MOTION,
    Hints,
    Plan,
    Planner,
    PlanShape,
    apparent,
    made,
    measured,
    reckoned,
    units,
)
from inference.generator.windows import PREFIX
from inference.train.learning import learn
from inference.train.plans import ATTRIBUTES, COUNTS, attributes, motion
from inference.train.world import Scene, draw, is_held_out

BATCH = 128
FIRST, SCENES = 200_000_000, 60_000  # seeds of the scenes
_SET = (0.0, 0.3, 0.6, 0.9, 1.0, 1.0)  # shares of attributes that stand, as prompts say little or much
_OWN, _READ = (8, 16, 16, 24), (1, 1, 4, 16, 16, 48)  # frames that stand of a plan of ours, or were read from pictures
# Parts of a motion that are read together or not at all.
_PARTS = (("x", "y"), ("turn sin", "turn cos"), ("gait sin", "gait cos"), *((name,) for name in MOTION[6:]))
LATER = 0.5, 9.0  # seconds after its beginning at which a scene goes on
# How far off a tracker is in the mean where it is sure, in spreads (`inference.train.tracking judge`).
_MISREAD = {
    "x": 0.07, "y": 0.11, "turn sin": 0.14, "turn cos": 0.1, "gait sin": 0.12, "gait cos": 0.16, "half": 0.22,
    "pan": 0.17, "zoom": 0.05,
}  # fmt: skip
_JITTER = 0.3  # of it differs from frame to frame
_CHANGES = 2.0  # how much an error in how motion changes counts beside one in the motion
_RECOVERY = 12  # frames in which a scene comes back from where it was misread to be


@dataclass(frozen=True)
class Scenes:
    """Scenes of one aspect: attributes (N,10), motion (N,48,11), and motion from some moment LATER on (N,48,11)."""

    attributes: Tensor
    motion: Tensor
    later: Tensor


def plans(scenes: Iterable[Scene]) -> Scenes:
    """Without the combinations that are kept for evaluation."""
    kin = [scene for scene in scenes if not is_held_out(scene)]
    later = [motion(scene, random.Random(scene.seed).uniform(*LATER)) for scene in kin]
    what = torch.tensor([attributes(scene) for scene in kin])
    return Scenes(what, torch.stack([motion(scene) for scene in kin]), torch.stack(later))


def batch(found: Scenes, rng: random.Random, is_tall: bool) -> tuple[Plan, Hints]:
    """Plans and what of them stands: some attributes, and sometimes how they begin, as a plan of ours before or as it
    was read from pictures, which is not quite so."""
    picks = torch.tensor(rng.choices(range(len(found.motion)), k=BATCH))
    what, moves = found.attributes[picks], found.motion[picks]
    is_set = torch.rand(BATCH, len(COUNTS)) < torch.tensor(rng.choices(_SET, k=BATCH))[:, None]
    is_moved = torch.zeros(moves.shape, dtype=torch.bool)
    kinds = rng.choices(("free", "own", "read"), (0.55, 0.15, 0.3), k=BATCH)
    for row, kind in enumerate(kinds):
        if kind == "own":
            is_set[row], is_moved[row, : rng.choice(_OWN)] = True, True
        elif kind == "read":
            is_moved[row, : rng.choice(_READ)] = _readable(rng)
    goes_on = torch.tensor([kind != "free" for kind in kinds])[:, None, None]
    is_later = goes_on & (torch.rand(BATCH, 1, 1) < 0.6)
    moves = torch.where(is_later, found.later[picks], moves)
    stand = (moves[:, 0, MOTION.index(name)] for name in ("pan", "zoom"))
    moves = torch.where(goes_on, apparent(moves, *stand), moves)
    is_read = is_moved & torch.tensor([kind == "read" for kind in kinds])[:, None, None]
    hints = Hints(torch.full((BATCH,), int(is_tall)), is_set, is_moved)
    return Plan(what, misread(moves, is_read)), hints


def misread(moves: Tensor, is_read: Tensor) -> Tensor:
    """Motion (B,48,11) as it is told where it was read: off by as much as a tracker is, after which the truth goes on
    from there and comes back in a while. Told the truth at once, a planner would learn to leap to it."""
    scale = torch.tensor([_MISREAD.get(name, 0.0) for name in MOTION])
    whole = torch.distributions.Laplace(0.0, 1.0).sample((len(moves), 1, len(MOTION))) * scale
    since = (torch.arange(FRAMES)[:, None] - is_read.sum(1, keepdim=True) + 1).clamp(0, _RECOVERY) / _RECOVERY
    fading = 0.5 + 0.5 * torch.cos(torch.pi * since)
    jitter = _JITTER * scale * torch.randn_like(moves) * is_read
    return measured(reckoned(moves) + (whole * fading + jitter) * is_read.any(1, keepdim=True))


def _readable(rng: random.Random) -> Tensor:
    """Which numbers (11,) of a motion can be read."""
    read = [name for part in _PARTS if rng.random() < 0.75 for name in part]
    return torch.tensor([name in read for name in MOTION])


def loss(planner: nn.Module, plan: Plan, hints: Hints) -> tuple[Tensor, Tensor]:
    """Mean squared velocity error of attributes and of motion, where they do not stand already; motion's changes from
    frame to frame count as well, for a leap is what an eye sees of an error."""
    real = units(plan, PlanShape().values)
    time = torch.sigmoid(torch.randn(BATCH) * 1.2 + 0.3)[:, None, None]
    is_moved = hints.is_moved.unflatten(1, (-1, PlanShape().span)).flatten(2)
    stands = (hints.is_set[..., None].expand_as(real[0]), is_moved)
    noises = [torch.randn_like(part) for part in real]
    states = [
        torch.where(fixed, part, part.lerp(noise, time))
        for fixed, part, noise in zip(stands, real, noises, strict=True)
    ]
    with torch.autocast("cpu", torch.bfloat16):
        speeds = planner(*states, time[:, 0, 0], hints)
    is_value = (torch.arange(PlanShape().values) < torch.tensor(COUNTS)[:, None]).expand_as(real[0])
    counts = (is_value & ~stands[0], ~stands[1])
    errors = [
        (speed.float() - noise + part) * some
        for speed, noise, part, some in zip(speeds, noises, real, counts, strict=True)
    ]
    changes = errors[1].unflatten(2, (PlanShape().span, -1)).flatten(1, 2).diff(dim=1)
    what, moves = (error.square().sum() / some.sum().clamp(min=1) for error, some in zip(errors, counts, strict=True))
    return what, moves + _CHANGES * changes.square().sum() / counts[1].sum().clamp(min=1)


def losses(planner: nn.Module, seed: int) -> Iterator[Tensor]:
    """Of batches without end, wide and tall in turn."""
    rng, scenes = random.Random(seed), [draw(seed) for seed in range(FIRST, FIRST + SCENES)]
    kin = [plans(scene for scene in scenes if scene.portrait == is_tall) for is_tall in (False, True)]
    for step in count():
        yield sum(loss(planner, *batch(kin[step % 2], rng, step % 2 == 1)))


def train(run: Path, minutes: float, peak: float) -> None:
    torch.manual_seed(int(time.time()))
    planner, path = Planner(PlanShape()), run / "planner.safetensors"
    if path.exists():
        planner.load_state_dict(load_file(path))
    for block in planner.blocks:
        block.compile()
    learn(planner, losses(planner, int(time.time())), (run, "planner"), minutes, (peak, peak / 6))


def kept(run: Path, amount: int) -> dict[str, float]:
    """Over `amount` unseen combinations, how far planned motion is from the renderer's for the same attributes: mean
    absolute differences of size, facing and impacts, and of how far zoom and pan go."""
    planner = Planner(PlanShape()).eval()
    planner.load_state_dict(load_file(run / "planner.safetensors"))
    allowed = torch.arange(PlanShape().values) < torch.tensor(COUNTS)[:, None]
    kin = [scene for scene in map(draw, range(90_000_000, 90_000_000 + 40 * amount)) if is_held_out(scene)][:amount]
    off = {"half": 0.0, "zoom": 0.0, "pan": 0.0, "facing": 0.0, "impact": 0.0}
    for scene in kin:
        everything = torch.ones(1, len(COUNTS), dtype=torch.bool)
        hints = Hints(
            torch.tensor([int(scene.portrait)]), everything, torch.zeros(1, FRAMES, len(MOTION), dtype=torch.bool)
        )
        start = Plan(torch.tensor([attributes(scene)]), torch.zeros(1, FRAMES, len(MOTION)))
        planned, drawn = made(planner, hints, (start, scene.seed), allowed).motion[0], motion(scene)
        for name in off:
            column = MOTION.index(name)
            one, other = planned[:, column], drawn[:, column]
            if name in ("pan", "zoom"):
                one, other = one[-1:] - one[:1], other[-1:] - other[:1]
            off[name] += (one.mean() - other.mean()).abs().item() / len(kin)
    return off


def joins(run: Path, amount: int, is_exact: bool) -> dict[str, float]:
    """Over `amount` unseen combinations whose second window goes on with the end of the first, told exactly or as a
    tracker might: how much further than in the frame before the subject goes in the frame between, the median in frame
    heights, and the share that leap by a tenth of one."""
    torch.manual_seed(0)
    planner = Planner(PlanShape()).eval()
    planner.load_state_dict(load_file(run / "planner.safetensors"))
    allowed = torch.arange(PlanShape().values) < torch.tensor(COUNTS)[:, None]
    kin = [scene for scene in map(draw, range(91_000_000, 91_000_000 + 40 * amount)) if is_held_out(scene)][:amount]
    leaps = []
    for scene in kin:
        nothing = premises.said(ATTRIBUTES, {}, scene.portrait)
        before = Plan(torch.tensor([attributes(scene)]), motion(scene)[None])
        premise = premises.goes_on(nothing, before, PREFIX)
        told = premise.start.motion if is_exact else misread(premise.start.motion, premise.hints.is_moved)
        plan = made(planner, premise.hints, (replace(premise.start, motion=told), scene.seed), allowed)
        steps = plan.motion[0, :, :2].diff(dim=0).norm(dim=-1)
        leaps.append((steps[TEMPORAL * PREFIX - 1] - steps[TEMPORAL * PREFIX - 2]).abs().item())
    return {"median": sorted(leaps)[amount // 2], "leaps": sum(leap > 0.1 for leap in leaps) / amount}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--peak", type=float, default=0.012)
    parser.add_argument("--check", type=int, default=0, help="only print how far that many plans are off")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.check:
        run, amount = asked.run, asked.check
        for found in (kept(run, amount), joins(run, amount, True), joins(run, amount, False)):
            print({name: round(value, 3) for name, value in found.items()})
    else:
        train(asked.run, asked.minutes, asked.peak)


if __name__ == "__main__":
    main()
