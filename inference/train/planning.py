"""Trains the planner on scenes and their captions by rectified flow, with a wall-clock budget; resumes.

python -m inference.train.planning PREPARED RUN --minutes 15
PREPARED is what inference.train.flow learns from.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from inference.generator.plan import Hints, Plan, Planner, PlanShape, made, units
from inference.generator.text import TextEncoder
from inference.train.autoencoding import rate
from inference.train.corpus import scenes
from inference.train.flow import Average, Corpus, piece_rows, prepared_shards, read
from inference.train.muon import optimisers
from inference.train.plans import ATTRIBUTES, COUNTS
from inference.train.wordings import wording

BATCH = 128
WAYS = 3  # of saying a scene in wider words, beside its captions
SPANS = 12
STYLE = list(ATTRIBUTES).index("style")


def widened(prepared: Path, read_in: tuple[dict[str, Corpus], Tensor]) -> tuple[dict[str, Corpus], Tensor]:
    """The corpus with `WAYS` wider wordings of every scene beside its captions, and the vectors of their pieces too."""
    corpora, vectors = read_in
    encoder, known, found = TextEncoder(1), {"": 0}, {}
    for aspect, corpus in corpora.items():
        kin = [scene for shard in prepared_shards(prepared) for scene in scenes(shard)[aspect]]
        lines = [[wording(scene, rng) for _ in range(WAYS)] for scene in kin for rng in [random.Random(scene.seed)]]
        fresh = [[piece_rows(line, known) for line in said] for said in lines]
        sentences = encoder.sentences([line for said in lines for line in said]).reshape(len(kin), WAYS, -1)
        rows = torch.tensor(fresh)
        rows = torch.where(rows > 0, rows + len(vectors) - 1, 0)
        both = torch.cat([corpus.sentences, torch.from_numpy(sentences).half()], 1), torch.cat([corpus.pieces, rows], 1)
        found[aspect] = replace(corpus, sentences=both[0], pieces=both[1])
    return found, torch.cat([vectors, torch.from_numpy(encoder.vectors(list(known)[1:]))])


def batch(corpus: Corpus, vectors: Tensor, rng: random.Random, is_tall: bool) -> tuple[Plan, Hints]:
    """Plans with what they are to be made from: words, and sometimes their own beginning or some of their video."""
    picks = torch.tensor(rng.choices(range(len(corpus.video)), k=BATCH))
    which = torch.tensor([rng.randrange(corpus.sentences.shape[1]) for _ in range(BATCH)])
    sentence, tokens = corpus.sentences[picks, which].float(), vectors[corpus.pieces[picks, which]]
    is_set, is_moved = torch.zeros(BATCH, len(COUNTS), dtype=torch.bool), torch.zeros(BATCH, SPANS, dtype=torch.bool)
    seen, is_seen = corpus.video[picks].float().flatten(2), torch.zeros(BATCH, SPANS, dtype=torch.bool)
    for row in range(BATCH):
        if rng.random() < 0.1:
            sentence[row], tokens[row] = 0, 0
        elif rng.random() < 0.08:
            sentence[row] = 0
        if rng.random() < 0.3:
            is_set[row, STYLE] = True
        start = rng.random()
        if start < 0.12:
            is_seen[row] = True
        elif start < 0.24:
            is_seen[row, : rng.choice((1, 2, 4, 4))] = True
        elif start < 0.3:
            seen[row, 0], is_seen[row, 0] = corpus.still[picks[row]].float().flatten(), True
        elif start < 0.42:
            is_moved[row, : rng.choice((2, 4, 4, 6))], is_set[row] = True, True
    seen = seen + 0.15 * torch.randn_like(seen)
    aspect = torch.full((BATCH,), int(is_tall))
    plan = Plan(corpus.attributes[picks], corpus.motion[picks])
    return plan, Hints(sentence, tokens, aspect, seen, is_seen, is_set, is_moved)


def loss(planner: Planner, plan: Plan, hints: Hints) -> tuple[Tensor, Tensor]:
    """Mean squared velocity error of attributes and of motion, where they do not stand already."""
    bits, motion = units(plan, planner.shape.values)
    time = torch.sigmoid(torch.randn(BATCH) * 1.2 + 0.3)
    free = (~hints.is_set[..., None], ~hints.is_moved[..., None])
    noises = [torch.randn_like(part) for part in (bits, motion)]
    states = [
        part.lerp(noise, time[:, None, None] * mask)
        for part, noise, mask in zip((bits, motion), noises, free, strict=True)
    ]
    with torch.autocast("cpu", torch.bfloat16):
        speeds = planner(*states, time, hints)
    is_real = (torch.arange(bits.shape[2]) < torch.tensor(COUNTS)[:, None])[None] & free[0]
    errors = [
        (speed.float() - noise + part) ** 2 for speed, noise, part in zip(speeds, noises, (bits, motion), strict=True)
    ]
    moved = free[1].expand_as(motion)
    return (errors[0] * is_real).sum() / is_real.sum(), (errors[1] * moved).sum() / moved.sum()


def train(prepared: Path, run: Path, minutes: float, peak: float) -> None:
    torch.manual_seed(int(time.time()))
    corpus, vectors = widened(prepared, read(prepared))
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
        attributes, motion = loss(planner, *batch(corpus["tall" if step % 2 else "wide"], vectors, rng, step % 2 == 1))
        planner.zero_grad(set_to_none=False)
        (attributes + motion).backward()
        torch.nn.utils.clip_grad_norm_(planner.parameters(), 1.0)
        for optimiser in both:
            optimiser.step()
        average.follow(planner)
        step += 1
        what += (attributes.item() - what) * max(0.01, 1 / step)
        moves += (motion.item() - moves) * max(0.01, 1 / step)
        if step % 50 == 0:
            pace = step * BATCH / (time.time() - start)
            print(f"step {step} share {share:.3f} what {what:.4f} moves {moves:.4f} {pace:.0f}/s", file=log, flush=True)
        if step % 600 == 0:
            save_file(
                {name: value.contiguous() for name, value in average.weights.items()}, run / "planner.safetensors"
            )
    save_file({name: value.contiguous() for name, value in average.weights.items()}, run / "planner.safetensors")


def accuracy(prepared: Path, run: Path, count: int) -> dict[str, float]:
    """How often each attribute that a caption says in full is planned, over `count` unseen combinations."""
    from inference.train.captions import english_whole
    from inference.train.plans import attributes
    from inference.train.world import draw, is_held_out

    planner, encoder = Planner(PlanShape()).eval(), TextEncoder(1)
    planner.load_state_dict(load_file(run / "planner.safetensors"))
    scenes = [s for s in map(draw, range(90_000_000, 90_000_000 + 40 * count)) if is_held_out(s)][:count]
    right = torch.zeros(len(COUNTS))
    for scene in scenes:
        text = encoder.encode(english_whole(scene))
        blank = Hints(
            torch.zeros(1, 512), torch.zeros(1, 20, 512), torch.tensor([int(scene.portrait)]),
            torch.zeros(1, SPANS, 896),
            *(torch.zeros(1, n, dtype=torch.bool) for n in (SPANS, len(COUNTS), SPANS)),
        )  # fmt: skip
        told = replace(
            blank, sentence=torch.from_numpy(text.sentence)[None], tokens=torch.from_numpy(text.tokens)[None]
        )
        start = Plan(torch.zeros(1, len(COUNTS), dtype=torch.long), torch.zeros(1, 48, 11))
        plan = made(planner, told, blank, (start, scene.seed), COUNTS)
        right += (plan.attributes[0] == torch.tensor(attributes(scene))).float()
    return dict(zip(ATTRIBUTES, (right / len(scenes)).tolist(), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--peak", type=float, default=0.012)
    parser.add_argument("--check", type=int, default=0, help="only print how often attributes of that many are right")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.check:
        print({name: round(value, 3) for name, value in accuracy(asked.prepared, asked.run, asked.check).items()})
    else:
        train(asked.prepared, asked.run, asked.minutes, asked.peak)


if __name__ == "__main__":
    main()
