"""Trains the reader of identity that generated people are judged by, on renders of people in scenes of their own.

python -m inference.train.recognition draw FOLDER --people 500
python -m inference.train.recognition train FOLDER WEIGHTS --minutes 5
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from inference import weights
from inference.evaluation.recognition import IdentityReader, meetings
from inference.generator.likeness import VOICE, somebody
from inference.train.autoencoding import rate

VIEWS = 3
BATCH = 48
PEAK = 2e-3
HEAT = 0.08  # of the softmax over the others of a batch
_FIRST = 7_000_000  # identities of its own: the encoder learned from others


def draw(folder: Path, people: int) -> None:
    """Files of up to 50 people, each in three scenes, uint8 (N,3,3,64,64)."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, people, 50):
        target = folder / f"{first:05d}.npy"
        if not target.exists():
            seen = torch.stack([meetings(_FIRST + first + place, VIEWS) for place in range(min(50, people - first))])
            np.save(folder / f".{target.name}", ((seen + 1) * 127.5).round().to(torch.uint8).numpy())
            (folder / f".{target.name}").rename(target)


def train(folder: Path, out: Path, minutes: float) -> None:
    """By telling two views of one person from views of the others in the batch; at first what is to be seen of them is
    learned sooner from their traits, which a linear layer that is not kept has to find in the vector. Goes on from what
    `out` holds."""
    torch.manual_seed(int(time.time()))
    held = torch.from_numpy(np.concatenate([np.load(path) for path in sorted(folder.glob("[0-9]*.npy"))]))
    kin = torch.tensor([somebody(_FIRST + place)[: VOICE.start] for place in range(len(held))])
    model, told = IdentityReader(), torch.nn.Linear(48, kin.shape[1])
    if (out / "manifest.json").exists():
        model = IdentityReader.load(out).train().requires_grad_(True)
    optimiser = torch.optim.AdamW([*model.parameters(), *told.parameters()], PEAK, weight_decay=0.05)
    start, seen, step = time.time(), 0.0, 0
    while (share := (time.time() - start) / (60 * minutes)) < 1:
        optimiser.param_groups[0]["lr"] = rate(share, PEAK)
        picks = torch.randperm(len(held))[:BATCH]
        pair = torch.rand(len(picks), VIEWS).argsort(1)[:, :2]
        views = held[picks[:, None], pair].flatten(0, 1).float() / 127.5 - 1
        vectors = model(varied(views)).unflatten(0, (-1, 2))
        logits = vectors[:, 0] @ vectors[:, 1].T / HEAT
        own = torch.arange(len(picks))
        near = F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)
        wrong = (told(vectors) - kin[picks][:, None]).square().mean()
        loss = near + 6 * wrong
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step, seen = step + 1, loss.item() if step == 0 else 0.98 * seen + 0.02 * loss.item()
        if step % 50 == 0:
            line = f"loss {seen:.4f} near {near.item():.3f} traits {wrong.item():.3f}"
            print(f"step {step} share {share:.2f} {line} over {len(held)} people", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    files = {"identity.safetensors": weights.write(out, "identity.safetensors", model.state_dict())}
    text = json.dumps({"model": "volary-identity-reader", "files": files, "config": {}}, indent=1)
    (out / "manifest.json").write_text(text + "\n")


def varied(views: Tensor) -> Tensor:
    """Views moved by a few pixels, in other light, with noise."""
    count = len(views)
    lines = torch.eye(2, 3).expand(count, 2, 3) * (1 + 0.06 * torch.randn(count, 1, 1))
    lines = torch.cat([lines[..., :2], 0.05 * torch.randn(count, 2, 1)], dim=2)
    grid = F.affine_grid(lines, list(views.shape), align_corners=False)
    moved = F.grid_sample(views, grid, padding_mode="border", align_corners=False)
    lit = moved * (1 + 0.12 * torch.randn(count, 1, 1, 1)) + 0.06 * torch.randn(count, 3, 1, 1)
    return lit + 0.04 * torch.randn_like(lit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("draw", "train"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.verb == "draw":
        draw(asked.folders[0], asked.people)
    else:
        train(*asked.folders, asked.minutes)


if __name__ == "__main__":
    main()
