"""Turns rendered shards into what the transformer learns from: latents, covers and caption vectors.

python -m inference.train.latents texts TEXTS --shards 400
python -m inference.train.latents pictures CLIPS OUT --run RUN [--remove]
python -m inference.train.latents sounds MELS OUT --run RUN
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from inference.generator.audio import AudioAutoencoder, AudioShape
from inference.generator.autoencoder import TEMPORAL, VideoAutoencoder, VideoShape
from inference.generator.text import TextEncoder
from inference.train.captions import captions
from inference.train.corpus import SHARD, scenes

CAPTIONS = 6


def texts(out: Path, shards: int) -> None:
    """Sentence vectors float16 (N,6,512) a shard; the captions themselves are made again when needed."""
    encoder = TextEncoder(threads=1)
    for shard in range(shards):
        if (out / f"{shard:05d}.npy").exists():
            continue
        kin = scenes(shard)
        lines = [line for scene in (*kin["wide"], *kin["tall"]) for line in captions(scene, CAPTIONS)]
        vectors = encoder.sentences(lines).reshape(SHARD, CAPTIONS, -1)
        np.save(out / f"{shard:05d}.npy", vectors.astype(np.float16))


def pictures(clips: Path, out: Path, run: Path, remove: bool) -> None:
    """Latents (N,T,H,W,C), latents of the first frame standing still (N,H,W,C), and covers by token (N,T,h,w)."""
    model = VideoAutoencoder(VideoShape())
    model.load_state_dict(load_file(run / "autoencoder.safetensors"))
    for path in sorted(clips.glob("[0-9]*.npy")):
        target = out / f"{path.stem}.npz"
        if target.exists():
            continue
        shard = torch.from_numpy(np.load(path))
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            frames = shard[..., :3].float() / 127.5 - 1
            latents = torch.cat([model.latents(part) for part in frames.split(4)])
            still = model.latents(frames[:, :1].expand(-1, TEMPORAL, -1, -1, -1))[:, 0]
        cover = F.max_pool3d(shard[..., 3].float(), (TEMPORAL, 16, 16))
        np.savez(target, latents=_half(latents), still=_half(still), cover=cover.numpy().astype(np.uint8))
        if remove:
            path.unlink()


def sounds(mels: Path, out: Path, run: Path) -> None:
    """Audio latents float16 (N,24,C) a shard."""
    model = AudioAutoencoder(AudioShape())
    model.load_state_dict(load_file(run / "audio.safetensors"))
    for path in sorted(mels.glob("[0-9]*.npy")):
        if not (out / path.name).exists():
            with torch.no_grad():
                np.save(out / path.name, _half(model.encode(torch.from_numpy(np.load(path)).float())))


def _half(values: Tensor) -> np.ndarray:
    return values.float().numpy().astype(np.float16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("texts", "pictures", "sounds"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--run", type=Path)
    parser.add_argument("--shards", type=int, default=400)
    parser.add_argument("--remove", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    asked.folders[-1].mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(asked.threads)
    match asked.verb:
        case "texts":
            texts(asked.folders[0], asked.shards)
        case "pictures":
            pictures(asked.folders[0], asked.folders[1], asked.run, asked.remove)
        case "sounds":
            sounds(asked.folders[0], asked.folders[1], asked.run)


if __name__ == "__main__":
    main()
