"""Teaches the transformer to take few long steps: one step of the pupil lands where two of its teacher do (after the
progressive distillation of Salimans 2022, for velocities). Guidance stays what it was, so negative prompts still act.

    python -m inference.train.distilling PREPARED RUN --minutes 25
Teacher and first pupil are RUN's `average`; the pupil goes to RUN's `pupil`, which is resumed.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from inference.generator.noise import moving
from inference.generator.sampling import Recipe, times
from inference.generator.transformer import Condition, Transformer, TransformerShape
from inference.train.autoencoding import rate
from inference.train.flow import BATCH, Average, Batch, batch, read
from inference.train.muon import optimisers

FEW = Recipe(steps=4)
_Pair = tuple[Tensor, Tensor]


def spans(rng: random.Random, count: int) -> _Pair:
    """Beginnings and ends (count,) of steps that the few-step recipe takes, from noise or from a remix's level."""
    drawn = []
    for _ in range(count):
        moments = times(FEW, 1.0 if rng.random() < 0.75 else rng.uniform(0.2, 1.0))
        place = rng.randrange(len(moments) - 1)
        drawn.append((moments[place], moments[place + 1]))
    begin, end = torch.tensor(drawn).T
    return begin, end


def _wide(moment: Tensor, like: Tensor) -> Tensor:
    return moment.view(-1, *[1] * (like.dim() - 1))


def landed(model: Transformer, state: _Pair, span: _Pair, condition: Condition) -> _Pair:
    """Where one step of the model leads from `state` (video, audio)."""
    with torch.autocast("cpu", torch.bfloat16):
        seen, heard = model(*state, span[0], condition)
    return tuple(
        part + _wide(span[1] - span[0], part) * speed.float() for part, speed in zip(state, (seen, heard), strict=True)
    )  # type: ignore[return-value]


def _kept(state: _Pair, made: Batch) -> _Pair:
    """The state with what is given clean again, as sampling keeps it."""
    video = torch.where(made.condition.is_video_given[:, :, None, None, None], made.video, state[0])
    return video, torch.where(made.condition.is_audio_given[..., None], made.audio, state[1])


def loss(pupil: Transformer, teacher: Transformer, made: Batch, rng: random.Random) -> tuple[Tensor, Tensor]:
    """Mean squared difference, as velocities, between the pupil's step and the teacher's two; video and audio."""
    begin, end = spans(rng, len(made.video))
    noise = moving(made.motion, tuple(made.video.shape)), torch.randn_like(made.audio)
    mixed = [part.lerp(far, _wide(begin, part)) for part, far in zip((made.video, made.audio), noise, strict=True)]
    state = _kept((mixed[0], mixed[1]), made)
    with torch.no_grad():
        middle = (begin + end) / 2
        halfway = _kept(landed(teacher, state, (begin, middle), made.condition), made)
        goal = landed(teacher, halfway, (middle, end), made.condition)
    reached = landed(pupil, state, (begin, end), made.condition)
    free_video = (~made.condition.is_video_given)[:, :, None, None, None] * made.weight
    free_audio = (~made.condition.is_audio_given)[..., None].float()
    length = end - begin
    return tuple(
        ((((one - other) / _wide(length, one)) ** 2) * free).sum() / (free.sum() * one.shape[-1] + 1e-6)
        for one, other, free in zip(reached, goal, (free_video, free_audio), strict=True)
    )  # type: ignore[return-value]


def train(prepared: Path, run: Path, minutes: float, peak: float) -> None:
    torch.manual_seed(int(time.time()))
    corpus, vectors = read(prepared)
    teacher, pupil = Transformer(TransformerShape()).requires_grad_(False), Transformer(TransformerShape())
    teacher.load_state_dict(load_file(run / "average.safetensors"))
    begun = run / "pupil.safetensors"
    pupil.load_state_dict(load_file(begun if begun.exists() else run / "average.safetensors"))
    for block in (*teacher.blocks, *pupil.blocks):
        block.compile()
    average, both, rng = Average(pupil), optimisers([pupil], peak, 1e-3), random.Random(time.time())
    log, start, step, share, mean = (run / "distilling.log").open("a"), time.time(), 0, 0.0, [0.0, 0.0]
    while share < 1:
        for group in (group for optimiser in both for group in optimiser.param_groups):
            group["lr"] = rate(share, group["peak"])
        made = batch(corpus["wide" if step % 2 else "tall"], vectors, rng)
        parts = loss(pupil, teacher, made, rng)
        pupil.zero_grad(set_to_none=False)
        (parts[0] + 0.15 * parts[1]).backward()
        torch.nn.utils.clip_grad_norm_(pupil.parameters(), 1.0)
        for optimiser in both:
            optimiser.step()
        average.follow(pupil)
        step, share = step + 1, (time.time() - start) / (60 * minutes)
        mean = [m + (part.item() - m) * max(0.02, 1 / step) for m, part in zip(mean, parts, strict=True)]
        if step % 25 == 0 or share >= 1:
            pace = step * BATCH / (time.time() - start)
            print(
                f"step {step} share {share:.3f} video {mean[0]:.4f} audio {mean[1]:.4f} {pace:.1f}/s",
                file=log,
                flush=True,
            )
            save_file({name: weight.contiguous() for name, weight in average.weights.items()}, begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--peak", type=float, default=0.003)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    train(asked.prepared, asked.run, asked.minutes, asked.peak)


if __name__ == "__main__":
    main()
