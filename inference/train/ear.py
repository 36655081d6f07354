"""Trains the reader of sounds that judges the generator, on synthesised scenes alone.

    python -m inference.train.hearing mels MELS --shards 150
    python -m inference.train.ear MELS --minutes 3 --out inference/weights/probe

MELS holds the log-mel frames of the corpus' sounds, whose scenes leave out the combinations kept for evaluation. Half
of them are degraded: smeared in time and pitch as a vocoder does, louder or softer by band, noisy.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from inference import weights
from inference.evaluation import ear
from inference.evaluation.ear import FRAME_RATE, FRAMES, SoundReader
from inference.generator.audio import MELS
from inference.train import world
from inference.train.corpus import scenes
from inference.train.probe import batches, impacts, near
from inference.train.world import Scene

HEARD: dict[str, tuple[str, ...]] = {
    "subject": tuple(world.SUBJECTS),
    "setting": world.SETTINGS,
    "weather": world.WEATHERS,
    "style": world.STYLES,
}


def lessons(folder: Path, amount: int) -> tuple[Tensor, list[Scene]]:
    """Mel frames float16 (N,384,64) of the first shards, and their scenes."""
    paths = sorted(folder.glob("[0-9]*.npy"))[:amount]
    if not paths:
        raise FileNotFoundError(f"{folder} holds no mel frames of inference.train.hearing")
    kin = [s for path in paths for found in [scenes(int(path.stem))] for s in (*found["wide"], *found["tall"])]
    return torch.from_numpy(np.concatenate([np.load(path) for path in paths])), kin


def degraded(mels: Tensor) -> Tensor:
    """Of (B,384,64), half smeared, coloured and noisy."""
    count = len(mels)
    smeared = F.avg_pool2d(mels[:, None], (5, 3), 1, (2, 1), count_include_pad=False)[:, 0]
    mels = mels.lerp(smeared, (torch.rand(count, 1, 1) - 0.3).clamp(0, 0.7))
    colour = F.interpolate(torch.randn(count, 1, 6), MELS, mode="linear", align_corners=True) * 0.12
    noise = 0.15 * torch.rand(count, 1, 1) * torch.randn_like(mels)
    some = (torch.rand(count, 1, 1) < 0.5).float()
    return mels + some * (colour + noise)


def fit(folder: Path, minutes: float, amount: int) -> SoundReader:
    """Learns until the processor's minutes are spent."""
    mels, kin = lessons(folder, amount)
    reader, mean = SoundReader(HEARD), 0.0
    wanted = {name: torch.tensor([values.index(getattr(s, name)) for s in kin]) for name, values in HEARD.items()}
    struck = torch.stack([near(impacts(scene), FRAME_RATE, FRAMES) for scene in kin])
    optimiser = torch.optim.AdamW(reader.parameters(), lr=3e-3, weight_decay=0.03)
    start = time.process_time()
    for step, picks in enumerate(batches(32, len(kin), random.Random(3))):
        done = (time.process_time() - start) / (60 * minutes)
        if done >= 1:
            break
        optimiser.param_groups[0]["lr"] = 3e-3 * min(1, (step + 1) / 30) * (0.5 + 0.5 * math.cos(math.pi * done))
        with torch.autocast("cpu", torch.bfloat16):
            logits, inner = reader(degraded(mels[picks].float()))
        losses = [F.cross_entropy(logits[n].float(), wanted[n][picks], label_smoothing=0.03) for n in HEARD]
        weight = torch.tensor(4.0)  # impacts are few among frames
        strike = F.binary_cross_entropy_with_logits(inner["impact"].float(), struck[picks], pos_weight=weight)
        loss = torch.stack(losses).sum() + 10 * strike
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        mean = loss.item() if not step else 0.98 * mean + 0.02 * loss.item()
        if step % 100 == 0:
            line = {"step": step, "sounds": len(kin), "done": round(done, 3), "loss": round(mean, 3)}
            print(json.dumps(line), flush=True)
    return reader.eval()


def publish(reader: SoundReader, folder: Path) -> None:
    """Writes the packed weights into the folder of the reader of pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "manifest.json"
    found = json.loads(path.read_text()) if path.exists() else {"model": "volary-probe", "files": {}, "config": {}}
    found["files"][ear.FILE] = weights.write(folder, ear.FILE, reader.state_dict())
    found["config"]["heard"] = HEARD
    path.write_text(json.dumps(found, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mels", type=Path)
    parser.add_argument("--minutes", type=float, default=3, help="of processor time")
    parser.add_argument("--shards", type=int, default=150)
    parser.add_argument("--out", type=Path, default=Path("inference/weights/probe"))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    publish(fit(asked.mels, asked.minutes, asked.shards), asked.out)


if __name__ == "__main__":
    main()
