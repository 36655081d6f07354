"""Renders the corpus into shards of raw arrays, so that training never waits for drawing.

A shard holds as many landscape as portrait clips; held-out combinations never enter one.
    python -m inference.train.corpus FOLDER --first 0 --shards 400 [--stride 1]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from inference.train.render import render
from inference.train.world import Scene, draw, is_held_out

SHARD = 32
_SEEDS_A_SHARD = 1000


def scenes(shard: int) -> dict[str, list[Scene]]:
    """The shard's scenes by aspect, "wide" and "tall", the same for ever."""
    found: dict[str, list[Scene]] = {"wide": [], "tall": []}
    for seed in range(shard * _SEEDS_A_SHARD, (shard + 1) * _SEEDS_A_SHARD):
        scene = draw(seed)
        kin = found["tall" if scene.portrait else "wide"]
        if len(kin) < SHARD // 2 and not is_held_out(scene):
            kin.append(scene)
        if sum(len(kin) for kin in found.values()) == SHARD:
            break
    return found


def write(folder: Path, shard: int) -> None:
    """Frames uint8 (N,T,H,W,4) whose fourth channel is the subject's cover, one file an aspect."""
    for aspect, kin in scenes(shard).items():
        clips = []
        for scene in kin:
            frames, cover = render(scene)
            clips.append(torch.cat([frames, cover[..., None]], dim=-1).numpy())
        part = folder / f".{shard:05d}-{aspect}.npy"
        np.save(part, np.stack(clips))
        part.rename(folder / f"{shard:05d}-{aspect}.npy")


def missing(folder: Path, first: int, shards: int, stride: int) -> Iterator[int]:
    for shard in range(first, shards, stride):
        if not (folder / f"{shard:05d}-tall.npy").exists():
            yield shard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--shards", type=int, default=400)
    parser.add_argument("--stride", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    asked.folder.mkdir(parents=True, exist_ok=True)
    for shard in missing(asked.folder, asked.first, asked.shards, asked.stride):
        write(asked.folder, shard)


if __name__ == "__main__":
    main()
