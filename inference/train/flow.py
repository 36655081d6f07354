"""Trains the transformer on prepared latents by rectified flow, with a wall-clock budget; resumes from its checkpoint.

    python -m inference.train.flow PREPARED RUN --minutes 55 --rank 0 --ranks 2 & ... --rank 1 --ranks 2
One process a core shares gradients once a step: on a busy machine far faster than one process of two threads,
which meet at every operation.
PREPARED holds the folders pictures, sounds and texts that inference.train.latents wrote.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from inference.generator.noise import moving
from inference.generator.plan import beats, trace
from inference.generator.text import TOKENS, TextEncoder, content_words, pieces
from inference.generator.transformer import Condition, Transformer, TransformerShape
from inference.train.autoencoding import rate
from inference.train.captions import captions
from inference.train.corpus import scenes
from inference.train.latents import CAPTIONS
from inference.train.muon import optimisers
from inference.train.plans import attributes, motion, traits
from inference.train.world import STYLES

BATCH = 40  # a process
AVERAGE = 0.99
CHANNELS = TransformerShape().video


@dataclass(frozen=True)
class Corpus:
    """All prepared clips of one aspect, in memory as float16; `pieces` are rows of `vectors`."""

    video: Tensor  # (N,T,H,W,C)
    still: Tensor  # (N,H,W,C)
    cover: Tensor  # (N,T,h,w) uint8
    audio: Tensor  # (N,A,C)
    sentences: Tensor  # (N,6,512)
    pieces: Tensor  # (N,6,20) long, 0 for none
    style: Tensor  # (N,)
    attributes: Tensor  # (N,10) long
    motion: Tensor  # (N,48,11)
    traits: Tensor  # (N,16), zeros where no person is


def prepared_shards(prepared: Path) -> list[int]:
    """The shards of which pictures, sounds and texts are there."""
    wanted = ("pictures/{:05d}-tall.npz", "pictures/{:05d}-wide.npz", "texts/{:05d}.npy")
    heard = [int(path.stem) for path in sorted((prepared / "sounds").glob("[0-9]*.npy"))]
    return [shard for shard in heard if all((prepared / name.format(shard)).exists() for name in wanted)]


def read(prepared: Path) -> tuple[dict[str, Corpus], Tensor]:
    """The corpus by aspect, and the vectors (V,512) of every word and pair, row 0 being none."""
    encoder, known = TextEncoder(), {"": 0}
    shards, found = prepared_shards(prepared), {}
    for aspect, half in (("wide", 0), ("tall", 1)):
        parts: list[list[Tensor]] = [[] for _ in range(10)]
        for shard in shards:
            kin = scenes(shard)[aspect]
            span = slice(0, len(kin)) if half == 0 else slice(-len(kin), None)
            made = np.load(prepared / f"pictures/{shard:05d}-{aspect}.npz")
            rows = [[piece_rows(line, known) for line in captions(scene, CAPTIONS)] for scene in kin]
            for part, values in zip(
                parts,
                (
                    made["latents"][..., :CHANNELS],
                    made["still"][..., :CHANNELS],
                    made["cover"],
                    np.load(prepared / f"sounds/{shard:05d}.npy")[span],
                    np.load(prepared / f"texts/{shard:05d}.npy")[span],
                    np.array(rows),
                    np.array([STYLES.index(scene.style) for scene in kin]),
                    np.array([attributes(scene) for scene in kin]),
                    np.stack([motion(scene).numpy() for scene in kin]),
                    np.stack([traits(scene).numpy() for scene in kin]),
                ),
                strict=True,
            ):
                part.append(torch.from_numpy(values))
        found[aspect] = Corpus(*(torch.cat(part) for part in parts))
    vectors = np.concatenate([np.zeros((1, 512), np.float32), encoder.vectors(list(known)[1:])])
    return found, torch.from_numpy(vectors)


def piece_rows(line: str, known: dict[str, int]) -> list[int]:
    """Rows (20) of the line's pieces in the table of vectors, 0 for none; new pieces are given the next rows."""
    rows = [known.setdefault(piece, len(known)) for piece in pieces(content_words(line))]
    return rows + [0] * (TOKENS - len(rows))


@dataclass(frozen=True)
class Batch:
    video: Tensor
    audio: Tensor
    weight: Tensor  # (B,T,H,W,1), more where the subject is
    motion: Tensor  # (B,48,11)
    condition: Condition


def batch(corpus: Corpus, vectors: Tensor, rng: random.Random) -> Batch:
    """Random clips with random captions; some begin with given latents, some lose their text or style."""
    picks = torch.tensor(rng.sample(range(len(corpus.video)), BATCH))
    which = torch.tensor([rng.randrange(CAPTIONS) for _ in range(BATCH)])
    video, audio = corpus.video[picks].float(), corpus.audio[picks].float()
    sentence, tokens = corpus.sentences[picks, which].float(), vectors[corpus.pieces[picks, which]]
    style = corpus.style[picks].clone()
    seen = torch.zeros(BATCH, video.shape[1], dtype=torch.bool)
    heard = torch.zeros(BATCH, audio.shape[1], dtype=torch.bool)
    is_planned = torch.ones(BATCH, dtype=torch.bool)
    for row in range(BATCH):
        said = rng.random()
        if said < 0.1:  # nothing at all, which guidance leads away from
            sentence[row], tokens[row], style[row], is_planned[row] = 0, 0, len(STYLES), False
        elif said < 0.25:
            sentence[row], tokens[row] = 0, 0
        elif said < 0.3:
            is_planned[row] = False
        if rng.random() < 0.4:
            style[row] = len(STYLES)
        start = rng.random()
        if start < 0.16:
            length = rng.choice((2, 4, 4, 6))
            seen[row, :length], heard[row, : 2 * length] = True, rng.random() < 0.85
        elif start < 0.26:
            seen[row, 0], video[row, 0] = True, corpus.still[picks[row]].float()
        elif start < 0.31:
            seen[row] = True  # only the sound is to be made
    cover = corpus.cover[picks].float() / 255
    weight = 1 + cover.repeat_interleave(2, 2).repeat_interleave(2, 3)[..., None]
    moves = corpus.motion[picks].clone()
    moves[..., :2] += 0.012 * torch.randn(BATCH, 1, 2)  # a plan that is made is never exact
    told = (trace(moves, *(side // 2 for side in video.shape[2:4])), beats(moves, audio.shape[1]))
    plan = (corpus.attributes[picks], *told, is_planned)
    likeness = corpus.traits[picks] * (torch.rand(BATCH, 1) < 0.7)
    condition = Condition(sentence, tokens, style, seen, heard, *plan, likeness)
    return Batch(video, audio, weight, moves, condition)


def loss(model: Transformer, made: Batch) -> tuple[Tensor, Tensor]:
    """Mean squared velocity error of video and of audio, where they were not given."""
    time = torch.sigmoid(torch.randn(BATCH) * 1.1 + 0.4)
    video_noise, audio_noise = moving(made.motion, made.video.shape), torch.randn_like(made.audio)
    keep_video, keep_audio = made.condition.is_video_given, made.condition.is_audio_given
    at = torch.where(keep_video, 0.0, time[:, None])
    video = made.video.lerp(video_noise, at[:, :, None, None, None])
    audio = made.audio.lerp(audio_noise, torch.where(keep_audio, 0.0, time[:, None])[..., None])
    with torch.autocast("cpu", torch.bfloat16):
        seen, heard = model(video, audio, time, made.condition)
    weight = made.weight * (~keep_video)[:, :, None, None, None]
    picture = (((seen.float() - video_noise + made.video) ** 2) * weight).sum() / (
        weight.sum() * video.shape[-1] + 1e-6
    )
    free = (~keep_audio)[..., None].float()
    sound = (((heard.float() - audio_noise + made.audio) ** 2) * free).sum() / (free.sum() * audio.shape[-1] + 1e-6)
    return picture, sound


class Average:
    """Weights averaged over the last few hundred steps, which is what is published."""

    def __init__(self, model: nn.Module) -> None:
        self.weights = {name: weight.clone() for name, weight in model.state_dict().items()}
        self.steps = 0

    def follow(self, model: nn.Module) -> None:
        self.steps += 1
        keep = min(AVERAGE, self.steps / (self.steps + 10))
        for name, weight in model.state_dict().items():
            self.weights[name].lerp_(weight, 1 - keep)


@contextmanager
def together(meeting: Path, rank: int, ranks: int) -> Iterator[None]:
    """Within, this process and the others of its training, where there are any, share gradients; `meeting` is a file
    that none has met by before."""
    if ranks == 1:
        yield
        return
    dist.init_process_group("gloo", init_method=f"file://{meeting.resolve()}", rank=rank, world_size=ranks)
    try:
        yield
    finally:
        dist.destroy_process_group()


def share_gradients(model: nn.Module, share: float) -> float:
    """Averages gradients and `share` over all processes, so that every one takes the same step; returns the share."""
    grads = [weight.grad for weight in model.parameters() if weight.grad is not None]
    flat = torch.cat([torch.tensor([share]), *(grad.flatten() for grad in grads)])
    if dist.is_initialized():
        dist.all_reduce(flat)
        flat /= dist.get_world_size()
    at = 1
    for grad in grads:
        grad.copy_(flat[at : at + grad.numel()].view_as(grad))
        at += grad.numel()
    return flat[0].item()


def train(prepared: Path, run: Path, minutes: float, peak: float, rank: int, compiled: bool) -> None:
    torch.manual_seed(0)
    corpus, vectors = read(prepared)
    model = Transformer(TransformerShape())
    if (run / "transformer.safetensors").exists():
        found = model.load_state_dict(load_file(run / "transformer.safetensors"), strict=False)
        print(f"fresh {found.missing_keys} unused {found.unexpected_keys}", flush=True)
    torch.manual_seed(1000 + rank + int(time.time()))
    if compiled:  # the network is bound by memory more than by arithmetic: fusing gives a quarter
        for block in model.blocks:
            block.compile()
    average, both, rng = Average(model), optimisers([model], peak, 2e-3), random.Random(time.time() + rank)
    log = (run / f"flow{rank}.log").open("a")
    print(
        f"{ {aspect: len(kin.video) for aspect, kin in corpus.items()} } clips, {len(vectors)} pieces, "
        f"{sum(weight.numel() for weight in model.parameters()) / 1e6:.2f} M parameters",
        file=log,
        flush=True,
    )
    start, step, share, seen, heard, saved = time.time(), 0, 0.0, 0.0, 0.0, time.time()
    while share < 1:
        for group in (group for optimiser in both for group in optimiser.param_groups):
            group["lr"] = rate(share, group["peak"])
        picture, sound = loss(model, batch(corpus["wide" if (step + rank) % 2 else "tall"], vectors, rng))
        model.zero_grad(set_to_none=False)
        (picture + 0.15 * sound).backward()
        share = share_gradients(model, (time.time() - start) / (60 * minutes))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in both:
            optimiser.step()
        average.follow(model)
        step += 1
        seen += (picture.item() - seen) * max(0.01, 1 / step)
        heard += (sound.item() - heard) * max(0.01, 1 / step)
        if step % 25 == 0:
            print(
                f"step {step} share {share:.3f} picture {seen:.4f} sound {heard:.4f} "
                f"{step * BATCH / (time.time() - start):.1f}/s",
                file=log,
                flush=True,
            )
        if rank == 0 and time.time() - saved > 150:
            saved = time.time()
            _save(model.state_dict(), average.weights, run)
    if rank == 0:
        _save(model.state_dict(), average.weights, run)


def _save(raw: dict[str, Tensor], average: dict[str, Tensor], run: Path) -> None:
    for name, weights in (("transformer", raw), ("average", average)):
        save_file({key: value.contiguous() for key, value in weights.items()}, run / f".{name}.safetensors")
        (run / f".{name}.safetensors").rename(run / f"{name}.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=55)
    parser.add_argument("--peak", type=float, default=0.012)
    parser.add_argument("--rank", type=int, default=0)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    with together(asked.run / "meeting", asked.rank, asked.ranks):
        train(asked.prepared, asked.run, asked.minutes, asked.peak, asked.rank, asked.compile)


if __name__ == "__main__":
    main()
