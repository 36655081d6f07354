"""Makes the corpus's sound and trains the audio autoencoder on it.

python -m inference.train.hearing mels FOLDER --first 0 --shards 400 [--stride 1]
python -m inference.train.hearing train FOLDER RUN --minutes 4
python -m inference.train.hearing voices FOLDER RUN --minutes 8
python -m inference.train.hearing spectrum RUN --minutes 15      (draws its own sound)
python -m inference.train.hearing judge RUN      (what comes back of sounds that nothing was taught with)
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from inference.generator import audio
from inference.generator.audio import AudioAutoencoder, AudioShape
from inference.train.autoencoding import NOISE, rate
from inference.train.corpus import scenes
from inference.train.learning import learn
from inference.train.muon import optimisers
from inference.train.probe import HELD_OUT_SEEDS, held_out
from inference.train.sound import sound
from inference.train.world import Scene, person

BATCH = 64
SHARDS = 80  # of which the spectrum is learned, at most
_PEAKS = 0.008, 2e-3  # its learning rates, of matrices and of the rest


def write(folder: Path, shard: int) -> None:
    """The shard's log-mel frames, float16 (N,384,MELS), in the order of its clips: wide ones, then tall ones."""
    waves = torch.from_numpy(np.stack([sound(scene) for scene in _scenes(shard)]))
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


def spectrum(run: Path, shards: int, minutes: float) -> None:
    """Teaches the network between mel frames and a wave how loud every frequency is; the autoencoder stays."""
    torch.manual_seed(2)
    model = AudioAutoencoder(AudioShape())
    model.load_state_dict(load_file(run / "audio.safetensors"), strict=False)  # nothing of it may have been taught yet
    model.requires_grad_(False)
    model.spectrum.requires_grad_(True)
    learn(model, _heard(model, shards, int(time.time())), (run, "audio"), minutes, _PEAKS)


def _heard(model: AudioAutoencoder, shards: int, seed: int) -> Iterator[torch.Tensor]:
    """Losses of a second of each of many sounds, half of them as they come out of the autoencoder."""
    rng = random.Random(seed)
    waves = torch.stack([torch.from_numpy(sound(each)) for shard in range(shards) for each in _scenes(shard)])
    while True:
        first = rng.randrange(waves.shape[1] // audio.RATE * 4 - 3) * audio.RATE // 4
        picked = waves[torch.tensor(rng.sample(range(len(waves)), BATCH)), first : first + audio.RATE]
        mels, real = audio.mel(picked), audio.levels(picked)
        with torch.no_grad():
            half = model.encode(mels[: BATCH // 2])
            shown = torch.cat([model.decode(half + NOISE * torch.randn_like(half)), mels[BATCH // 2 :]])
        with torch.autocast("cpu", torch.bfloat16):
            made = model.spectrum(shown)
        yield (made - real).abs().mean() + 0.5 * (audio.banded(made) - mels).abs().mean()


def judge(run: Path, count: int) -> Iterator[dict]:
    """What becomes of sounds of scenes that nothing was taught with: how far levels and mel frames are from what they
    were, mean differences of logarithms, as they are and out of the autoencoder."""
    model = AudioAutoencoder(AudioShape()).eval().requires_grad_(False)
    model.load_state_dict(load_file(run / "audio.safetensors"))
    waves = torch.stack([torch.from_numpy(sound(each)) for each in held_out(count, HELD_OUT_SEEDS + 6_000_000)])
    mels, real = audio.mel(waves), audio.levels(waves)
    for name, shown in (("mel frames", mels), ("decoded", model.decode(model.encode(mels)))):
        made = model.wave(shown)
        yield {
            "from": name,
            "levels said": round((model.spectrum(shown) - real).abs().mean().item(), 3),
            "levels heard": round((audio.levels(made) - real).abs().mean().item(), 3),
            "mel heard": round((audio.mel(made) - shown).abs().mean().item(), 4),
        }


def _scenes(shard: int) -> list[Scene]:
    kin = scenes(shard)
    return [*kin["wide"], *kin["tall"]]


def _parted(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Mels of clips without and with people, of the first 150 shards."""
    found: dict[bool, list[np.ndarray]] = {False: [], True: []}
    for path in sorted(folder.glob("[0-9]*.npy"))[:150]:
        mels = np.load(path)
        is_person = np.array([person(scene) is not None for scene in _scenes(int(path.stem))])
        for which, parts in found.items():
            parts.append(mels[is_person == which])
    return torch.from_numpy(np.concatenate(found[False])), torch.from_numpy(np.concatenate(found[True]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("mels", "train", "voices", "spectrum", "judge"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--shards", type=int, default=400)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--count", type=int, default=60)
    asked = parser.parse_args()
    if asked.verb == "spectrum":
        torch.set_num_threads(1)
        spectrum(asked.folder, min(asked.shards, SHARDS), asked.minutes)
        return
    if asked.verb == "judge":
        for line in judge(asked.folder, asked.count):
            print(json.dumps(line))
        return
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
