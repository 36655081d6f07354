"""Makes the corpus's sound and trains the audio autoencoder on it.

python -m inference.train.hearing mels FOLDER --first 0 --shards 400 [--stride 1]
python -m inference.train.hearing train FOLDER RUN --minutes 4
python -m inference.train.hearing voices FOLDER RUN --minutes 8
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from inference.generator import audio
from inference.generator.audio import AudioAutoencoder, AudioShape
from inference.train.autoencoding import NOISE, rate
from inference.train.corpus import scenes
from inference.train.muon import optimisers
from inference.train.sound import sound
from inference.train.world import person

BATCH = 64


def write(folder: Path, shard: int) -> None:
    """The shard's log-mel frames, float16 (N,384,MELS), in the order of its clips: wide ones, then tall ones."""
    kin = scenes(shard)
    waves = torch.from_numpy(np.stack([sound(scene) for scene in (*kin["wide"], *kin["tall"])]))
    np.save(folder / f".{shard:05d}.npy", audio.mel(waves).numpy().astype(np.float16))
    (folder / f".{shard:05d}.npy").rename(folder / f"{shard:05d}.npy")


def train(folder: Path, run: Path, minutes: float) -> None:
    torch.manual_seed(0)
    model, rng = AudioAutoencoder(AudioShape()), random.Random(0)
    corpus = torch.from_numpy(np.concatenate([np.load(path) for path in sorted(folder.glob("[0-9]*.npy"))[:150]]))
    if (run / "audio.safetensors").exists():
        model.load_state_dict(load_file(run / "audio.safetensors"))
    both, start, step, seen = optimisers([model], 0.014, 2e-3), time.time(), 0, 0.0
    while (share := (time.time() - start) / (60 * minutes)) < 1:
        mels = corpus[torch.tensor(rng.sample(range(len(corpus)), BATCH))].float()
        for group in (group for optimiser in both for group in optimiser.param_groups):
            group["lr"] = rate(share, group["peak"])
        with torch.autocast("cpu", torch.bfloat16):
            raw = model.raw(mels).float()
            with torch.no_grad():
                model.mean.lerp_(raw.mean((0, 1)), 0.02)
                model.spread.lerp_(raw.std((0, 1)), 0.02)
            unit = (raw - model.mean) / model.spread
            made = model.decode(unit + NOISE * torch.randn_like(unit))
        error = made - mels
        loss = error.abs().mean() + 0.5 * (error[:, 1:] - error[:, :-1]).abs().mean()
        model.zero_grad()
        loss.backward()
        for optimiser in both:
            optimiser.step()
        step, seen = step + 1, loss.item() if step == 0 else 0.98 * seen + 0.02 * loss.item()
        if step % 100 == 0:
            print(f"step {step} share {share:.2f} loss {seen:.4f} over {len(corpus)} clips", flush=True)
    save_file(model.state_dict(), run / "audio.safetensors")


def voices(folder: Path, run: Path, minutes: float) -> None:
    """Teaches a trained autoencoder the voices of people.

    The latents of clips without people are held where they were, so that a transformer trained on them still fits.
    """
    torch.manual_seed(1)
    was, model = AudioAutoencoder(AudioShape()).requires_grad_(False), AudioAutoencoder(AudioShape())
    for one in (was, model):
        one.load_state_dict(load_file(run / "audio.safetensors"))
    others, people = _parted(folder)
    both, start, step, seen = optimisers([model], 0.006, 1e-3), time.time(), 0, 0.0
    while (share := (time.time() - start) / (60 * minutes)) < 1:
        picks = [corpus[torch.randint(len(corpus), (BATCH // 2,))].float() for corpus in (others, people)]
        for group in (group for optimiser in both for group in optimiser.param_groups):
            group["lr"] = rate(share, group["peak"])
        mels = torch.cat(picks)
        with torch.autocast("cpu", torch.bfloat16):
            unit = model.encode(mels)
            moved = unit[: BATCH // 2] - was.encode(picks[0])
            made = model.decode(unit + NOISE * torch.randn_like(unit))
        error = made - mels
        loss = error.abs().mean() + 0.5 * (error[:, 1:] - error[:, :-1]).abs().mean() + 0.3 * moved.abs().mean()
        model.zero_grad()
        loss.backward()
        for optimiser in both:
            optimiser.step()
        step, seen = step + 1, loss.item() if step == 0 else 0.98 * seen + 0.02 * loss.item()
        if step % 50 == 0:
            halves = [part.abs().mean().item() for part in error.split(BATCH // 2)]
            line = f"others {halves[0]:.4f} people {halves[1]:.4f} moved {moved.abs().mean().item():.4f}"
            print(f"step {step} share {share:.2f} loss {seen:.4f} {line}", flush=True)
    save_file(model.state_dict(), run / "audio.safetensors")


def _parted(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Mels of clips without and with people, of the first 150 shards."""
    found: dict[bool, list[np.ndarray]] = {False: [], True: []}
    for path in sorted(folder.glob("[0-9]*.npy"))[:150]:
        kin, mels = scenes(int(path.stem)), np.load(path)
        is_person = np.array([person(scene) is not None for scene in (*kin["wide"], *kin["tall"])])
        for which, parts in found.items():
            parts.append(mels[is_person == which])
    return torch.from_numpy(np.concatenate(found[False])), torch.from_numpy(np.concatenate(found[True]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("mels", "train", "voices"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--shards", type=int, default=400)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.verb in ("train", "voices"):
        torch.set_num_threads(asked.threads)
        {"train": train, "voices": voices}[asked.verb](asked.folder, asked.run, asked.minutes)
        return
    torch.set_num_threads(1)
    for shard in range(asked.first, asked.shards, asked.stride):
        if not (asked.folder / f"{shard:05d}.npy").exists():
            write(asked.folder, shard)


if __name__ == "__main__":
    main()
