"""Hears impacts, and what else a scene's sound says, with a small network trained on synthesised scenes alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inference import weights
from inference.evaluation.picture import Classes
from inference.generator.audio import HOP, MELS, RATE, mel

FILE = "ear.safetensors"
SECONDS = 4
FRAMES = SECONDS * RATE // HOP
FRAME_RATE = RATE // HOP


@dataclass(frozen=True)
class Hearing:
    """Of N sounds: for each attribute the values' probabilities (N,V), the sounds' vectors (N,64), and how likely an
    impact is at each of 96 frames a second (N,384)."""

    attributes: dict[str, np.ndarray]
    vectors: np.ndarray
    impacts: np.ndarray

    def values(self, classes: Classes) -> dict[str, list[str]]:
        """The likeliest value of each attribute for each sound."""
        return {name: [classes[name][place] for place in table.argmax(1)] for name, table in self.attributes.items()}


class _Step(nn.Module):
    def __init__(self, width: int, reach: int) -> None:
        super().__init__()
        self.steps = nn.Sequential(
            nn.BatchNorm1d(width), nn.ReLU(), nn.Conv1d(width, width, 5, padding=2 * reach, dilation=reach),
            nn.BatchNorm1d(width), nn.ReLU(), nn.Conv1d(width, width, 1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.steps(x)


class SoundReader(nn.Module):
    """Log-mel frames with their rise, dilated convolutions, an impact at each frame, and pools for the whole."""

    def __init__(self, classes: Classes, width: int = 64) -> None:
        super().__init__()
        self.classes = classes
        self.enter = nn.Conv1d(2 * MELS, width, 5, padding=2)
        self.steps = nn.Sequential(*(_Step(width, reach) for reach in (1, 2, 4, 8)), nn.BatchNorm1d(width), nn.ReLU())
        self.impact = nn.Conv1d(width, 1, 3, padding=1)
        self.whole = nn.Sequential(nn.Linear(3 * width + 2 * MELS, 64), nn.BatchNorm1d(64))
        self.heads = nn.ModuleDict({name: nn.Linear(64, len(values)) for name, values in classes.items()})

    def forward(self, mels: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Of mel frames (B,T,64): logits by attribute; and `vector` (B,64) and `impact` logits (B,T)."""
        levels = mels.transpose(1, 2)
        rise = F.pad(levels[:, :, 1:] - levels[:, :, :-1], (1, 0))
        steps = self.steps(self.enter(torch.cat([levels, 2 * rise], 1)))
        pools = [steps.mean(2), steps.amax(2), steps.std(2), levels.mean(2), levels.std(2)]
        vector = self.whole(torch.cat(pools, 1))
        logits = {name: head(F.relu(vector)) for name, head in self.heads.items()}
        return logits, {"vector": vector, "impact": self.impact(steps)[:, 0]}


def load(folder: Path) -> SoundReader:
    """The trained reader of a weight folder; raises WeightsError if a file is not the one its manifest pins."""
    try:
        classes = {name: tuple(values) for name, values in weights.manifest(folder)["config"]["heard"].items()}
        reader = SoundReader(classes)
        reader.load_state_dict(weights.load_safetensors(folder, FILE))
    except (KeyError, AttributeError, TypeError) as error:
        raise weights.WeightsError(f"{folder / 'manifest.json'} has no usable config: {error}") from error
    return reader.eval().requires_grad_(False)


def hear(reader: SoundReader, waves: list[np.ndarray]) -> Hearing:
    """Hears the first four seconds of mono waves (S,) at 24 kHz; raises ValueError for a shorter one."""
    short = [len(wave) for wave in waves if len(wave) < SECONDS * RATE]
    if short:
        raise ValueError(f"a sound has {short[0]} samples, fewer than {SECONDS * RATE}")
    parts = torch.from_numpy(np.stack([wave[: SECONDS * RATE] for wave in waves])).float()
    with torch.inference_mode():
        found = [reader(mel(part)) for part in parts.split(32)]
    attributes = {n: torch.cat([logits[n].softmax(1) for logits, _ in found]).numpy() for n in reader.classes}
    vectors = torch.cat([inner["vector"] for _, inner in found]).numpy()
    return Hearing(attributes, vectors, torch.cat([torch.sigmoid(inner["impact"]) for _, inner in found]).numpy())
