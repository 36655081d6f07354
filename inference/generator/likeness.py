"""What keeps a person recognisable, as numbers: the traits that a likeness is told to the generator with, and the
network that reads them off a reference. Who may be shown is decided elsewhere."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inference.generator import audio
from inference.generator.appearance import Looks
from inference.generator.asking import Reference
from inference.generator.portrait import Photographs, beside

# Each from -1 to 1. Appearance: skin and hair from dark to light, hair from ashen to red, from cropped to long, from
# flat to full, none to a full beard, without or with glasses, a long or a round face. Proportions: the head's size,
# how tall and how broad. Gait: how far legs and arms swing. Voice: low to high, long to short throat, slow to quick.
TRAITS = (
    "skin",
    "hair light",
    "hair red",
    "hair long",
    "hair full",
    "beard",
    "glasses",
    "round face",
    "head",
    "tall",
    "broad",
    "stride",
    "arm swing",
    "voice high",
    "voice bright",
    "voice quick",
)
FACE, FIGURE, VOICE = slice(0, 8), slice(8, 13), slice(13, 16)  # of TRAITS, by what shows them
SIDE = 64  # pixels of a portrait and of a figure as they are read
SECONDS = 2  # of a voice that are heard
PEOPLE = ("person", "couple")  # the subjects that have traits; of a couple the first


def somebody(seed: int, looks: Looks = MappingProxyType({})) -> tuple[float, ...]:
    """TRAITS drawn at random, the same for the same seed; half have no beard, and glasses are there or not. What is
    said of their `looks` is drawn from its range instead of from all that people have."""
    rng = random.Random(f"person {seed}")
    drawn = {name: rng.uniform(-1, 1) for name in TRAITS}
    drawn["beard"] = -1.0 if rng.random() < 0.5 else rng.random()
    drawn["glasses"] = 1.0 if rng.random() < 0.4 else -1.0
    for name, (low, high) in looks.items():
        drawn[name] = low + (drawn[name] + 1) / 2 * (high - low)
    return tuple(drawn.values())


@dataclass(frozen=True)
class LikenessShape:
    """Channels of the towers' first and last convolution."""

    width: int = 24
    deep: int = 128


def _tower(kind: type[nn.Conv1d] | type[nn.Conv2d], enter: int, shape: LikenessShape, leave: int) -> nn.Sequential:
    """Four strided convolutions, their mean, and a linear reading of it."""
    widths = (enter, shape.width, 2 * shape.width, 4 * shape.width, shape.deep)
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [kind(before, after, 5, stride=2, padding=2), nn.GroupNorm(4, after), nn.SiLU()]
    pool = nn.AdaptiveAvgPool1d(1) if kind is nn.Conv1d else nn.AdaptiveAvgPool2d(2)
    spots = 1 if kind is nn.Conv1d else 4
    return nn.Sequential(
        *layers, pool, nn.Flatten(), nn.Linear(spots * shape.deep, 128), nn.SiLU(), nn.Linear(128, leave)
    )


class LikenessEncoder(nn.Module):
    """Traits from what somebody looks and sounds like: face and hair from a portrait, proportions and gait from a whole
    figure, and voice from a recording. Learned from drawn people only: photographs are measured instead."""

    def __init__(self, shape: LikenessShape, photographs: Photographs | None = None) -> None:
        """Without `photographs` every portrait is taken for a drawing."""
        super().__init__()
        self.photographs = photographs
        self.face = _tower(nn.Conv2d, 3, shape, FACE.stop - FACE.start)
        self.figure = _tower(nn.Conv2d, 3, shape, FIGURE.stop - FIGURE.start)
        self.voice = _tower(nn.Conv1d, audio.MELS, shape, VOICE.stop - VOICE.start)

    @classmethod
    def beside(cls, folder: Path, shape: dict[str, int]) -> LikenessEncoder:
        """With the face models that lie beside a folder of weights. Raises WeightsChanged if they are not the pinned
        ones."""
        return cls(LikenessShape(**shape), beside(folder))

    def forward(self, portraits: Tensor, figures: Tensor, mels: Tensor) -> Tensor:
        """Portraits and figures (B,3,64,64) in -1..1 and mel frames (B,192,64) to traits (B,16), not yet bounded."""
        return torch.cat([self.face(portraits), self.figure(figures), self.voice(mels.transpose(1, 2))], dim=1)

    @torch.inference_mode()
    def read(self, reference: Reference) -> Tensor:
        """The traits (16) of one reference; those that nothing given shows are 0, which is the middle. A photographed
        portrait is told from a drawn one and measured; its figure, then a photograph too, says nothing."""
        traits = torch.zeros(len(TRAITS))
        measured = None if self.photographs is None else self.photographs.read(reference.portrait)
        if measured is not None:
            traits[FACE] = torch.from_numpy(measured).float()
        else:
            traits[FACE] = self.face(square(reference.portrait)[None])[0]
        if reference.figure is not None and measured is None:
            traits[FIGURE] = self.figure(square(reference.figure)[None])[0]
        if reference.voice is not None:
            traits[VOICE] = self.voice(heard(reference.voice, reference.sample_rate).transpose(1, 2))[0]
        return settled(traits)


def settled(traits: Tensor) -> Tensor:
    """Traits (16) within what people have: -1 to 1, glasses or none, and no beard or at least a little."""
    made = traits.clamp(-1, 1)
    glasses, beard = TRAITS.index("glasses"), TRAITS.index("beard")
    made[glasses] = 1.0 if traits[glasses] > 0 else -1.0
    made[beard] = -1.0 if traits[beard] < -0.4 else traits[beard].clamp(0, 1)
    return made


def square(picture: np.ndarray) -> Tensor:
    """A picture uint8 (H,W,3) as (3,64,64) in -1..1: padded with its rim to a square, not cut."""
    still = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
    high, wide = still.shape[2:]
    spare = [max(0, side - own) for own, side in ((wide, high), (high, wide))]
    edges = (spare[0] // 2, spare[0] - spare[0] // 2, spare[1] // 2, spare[1] - spare[1] // 2)
    whole = F.pad(still, edges, mode="replicate")
    return F.interpolate(whole, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)[0]


def heard(voice: np.ndarray, sample_rate: int) -> Tensor:
    """The mel frames (1,192,64) of a voice's first two seconds, at one loudness; a shorter one is said again."""
    count = round(len(voice) * audio.RATE / sample_rate)
    places = np.arange(count) * sample_rate / audio.RATE
    wave = np.interp(places, np.arange(len(voice)), voice).astype(np.float32)
    wave = np.resize(wave, SECONDS * audio.RATE)
    level = 0.1 / max(float(np.sqrt(np.mean(wave**2))), 1e-6)
    return audio.mel(torch.from_numpy(wave * level)[None])
