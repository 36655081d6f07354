"""Trains the video autoencoder on rendered clips, with a wall-clock budget; resumes from its checkpoint. What the
decoder draws at twice the side of these clips is taught by `decoding`.

python -m inference.train.autoencoding CLIPS RUN --minutes 35 [--decoder-only]
"""

from __future__ import annotations

import argparse
import math
import queue
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from inference.generator.autoencoder import VideoAutoencoder, VideoShape
from inference.train.muon import optimisers

T = TypeVar("T")
WINDOW = 16
BATCH = 8
NOISE = 0.07  # on unit latents: the decoder must forgive what the transformer gets slightly wrong


def windows(clips: Path, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of frames (B,T,H,W,3) in -1..1 and loss weights (B,T,H,W,1), of one aspect each."""
    rng = random.Random(seed)
    while True:
        files = sorted(clips.glob("[0-9]*.npy"))
        shard = np.load(rng.choice(files), mmap_mode="r")
        picks = []
        for _ in range(BATCH):
            start = 4 * rng.randrange((shard.shape[1] - WINDOW) // 4 + 1)
            picks.append(shard[rng.randrange(len(shard)), start : start + WINDOW])
        batch = torch.from_numpy(np.stack(picks)).float()
        yield batch[..., :3] / 127.5 - 1, 1 + 4 * batch[..., 3:] / 255


def ahead(items: Iterator[T], depth: int = 3) -> Iterator[T]:
    """The same items, prepared in a thread while the last one is being learned from."""
    ready: queue.Queue[T] = queue.Queue(depth)
    threading.Thread(target=lambda: [ready.put(item) for item in items], daemon=True).start()
    while True:
        yield ready.get()


def picture_loss(made: Tensor, real: Tensor, weight: Tensor) -> Tensor:
    """Weighted L1 of pixels, of their edges in space, and of their change in time."""
    error = made - real
    loss = (error.abs() * weight).mean()
    loss = loss + 0.8 * ((error[:, :, 1:] - error[:, :, :-1]).abs() * weight[:, :, 1:]).mean()
    loss = loss + 0.8 * ((error[:, :, :, 1:] - error[:, :, :, :-1]).abs() * weight[:, :, :, 1:]).mean()
    return loss + 0.4 * ((error[:, 1:] - error[:, :-1]).abs() * weight[:, 1:]).mean()


def unit_latents(model: VideoAutoencoder, frames: Tensor) -> Tensor:
    """Latents normalised by a running measure: a batch's own would hide how bright and coloured its clips are."""
    raw = model.encoder(frames).float()
    with torch.no_grad():
        model.mean.lerp_(raw.mean((0, 1, 2, 3)), 0.02)
        model.spread.lerp_(raw.std((0, 1, 2, 3)), 0.02)
    return (raw - model.mean) / model.spread


def rate(share: float, peak: float) -> float:
    """Learning rate after this share of the budget: short warm-up, cosine to nearly nothing."""
    return peak * min(1.0, share / 0.02 + 0.05) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(share, 1.0))))


def sheet(model: VideoAutoencoder, clips: Path, path: Path) -> float:
    """Writes real over rebuilt frames of a fixed shard; returns the PSNR of that shard in dB."""
    rows, errors = [], []
    for name in ("00000-wide.npy", "00000-tall.npy"):
        batch = torch.from_numpy(np.load(clips / name, mmap_mode="r")[:6, :, :, :, :3].copy()).float() / 127.5 - 1
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            made = model.decoder.small(model.latents(batch)).float().clamp(-1, 1)
        errors.append((made - batch).pow(2).mean().item())
        both = torch.cat([batch[:, 5::14], made[:, 5::14]], dim=2)
        both = F.pad(both, (0, 0, 0, 112 - both.shape[3])) if both.shape[3] < 112 else both
        rows += [torch.cat(list(clip), dim=1) for clip in both[:, :, :128]]
    image = torch.cat([torch.cat(rows[:6], 0), torch.cat([F.pad(r, (0, 0, 0, 0)) for r in rows[6:]], 0)], dim=1)
    Image.fromarray(((image + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()).save(path)
    return 10 * math.log10(4 / (sum(errors) / len(errors)))


def train(clips: Path, run: Path, minutes: float, decoder_only: bool) -> None:
    torch.manual_seed(0)
    model = VideoAutoencoder(VideoShape())
    state = run / "autoencoder.safetensors"
    if state.exists():
        model.load_state_dict(load_file(state))
    parameters = list((model.decoder if decoder_only else model).parameters())
    both = optimisers([model.decoder] if decoder_only else [model], 0.01 if not decoder_only else 0.006, 2e-3)
    start, log = time.time(), (run / "autoencoder.log").open("a")
    seen = saved = 0.0
    for step, (frames, weight) in enumerate(ahead(windows(clips, int(start))), start=1):
        share = (time.time() - start) / (60 * minutes)
        for group in (group for optimiser in both for group in optimiser.param_groups):
            group["lr"] = rate(share, group["peak"])
        with torch.autocast("cpu", torch.bfloat16):
            with torch.set_grad_enabled(not decoder_only):
                latents = model.latents(frames) if decoder_only else unit_latents(model, frames)
            noisy = latents + NOISE * torch.randn_like(latents)
            made = model.decoder.small(noisy)
        loss = picture_loss(made.float(), frames, weight)
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimiser in both:
            optimiser.step()
        seen = loss.item() if step == 1 else 0.98 * seen + 0.02 * loss.item()
        if step % 25 == 0:
            print(
                f"step {step} share {share:.3f} loss {seen:.4f} {step * BATCH / (time.time() - start):.1f}/s",
                file=log,
                flush=True,
            )
        if time.time() - saved > 200 or share >= 1:
            saved = time.time()
            save_file(model.state_dict(), state)
            print(f"step {step} psnr {sheet(model, clips, run / 'autoencoder.png'):.2f} dB", file=log, flush=True)
        if share >= 1:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=35)
    parser.add_argument("--decoder-only", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    asked.run.mkdir(parents=True, exist_ok=True)
    train(asked.clips, asked.run, asked.minutes, asked.decoder_only)


if __name__ == "__main__":
    main()
