"""Reads a clip's attributes and impacts from its pictures with small networks; knows nothing of any generator.

`inference.train.probe` trains them on renders alone. A segmenter finds the subject, a network reads cut-outs of it, one
the track it leaves, one the picture as a whole; their inner vectors are the space of Fréchet distances and identities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inference import weights
from inference.evaluation.observation import SLICES, TRACK, Observation, mirrored, observe, seen

FILE = "picture.safetensors"
RATE = 12
WHOLE = 432  # numbers of `Observation.whole`
Classes = dict[str, tuple[str, ...]]
TURNED = {"camera": {"pan left": "pan right", "pan right": "pan left"}}  # what a mirror makes of an attribute's value


@dataclass(frozen=True)
class Reading:
    """Of N clips: for each attribute the values' probabilities (N,V), the clips' vectors (N,176), the subjects' alone
    (N,64), and how likely an impact is at each frame (N,48)."""

    attributes: dict[str, np.ndarray]
    vectors: np.ndarray
    subjects: np.ndarray
    impacts: np.ndarray

    def values(self, classes: Classes) -> dict[str, list[str]]:
        """The likeliest value of each attribute for each clip."""
        return {name: [classes[name][place] for place in table.argmax(1)] for name, table in self.attributes.items()}


def _conv(wide: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(wide, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(True))


class Segmenter(nn.Module):
    """Which pixels of a frame are the subject's."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.near = nn.Sequential(_conv(48, width), _conv(width, width))
        self.far = nn.Sequential(_conv(width, 2 * width, 2), _conv(2 * width, 2 * width), _conv(2 * width, width))
        self.join = nn.Sequential(_conv(2 * width, width), nn.Conv2d(width, 16, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        """(N,3,H,W) in 0..1, sides multiples of 8, to logits (N,H,W)."""
        flat = F.pixel_unshuffle(pictures - 0.5, 4).contiguous(memory_format=torch.channels_last)
        near = self.near(flat)
        far = F.interpolate(self.far(near), scale_factor=2.0, mode="nearest")
        return F.pixel_shuffle(self.join(torch.cat([near, far], 1)).float(), 4)[:, 0]


class _Course(nn.Module):
    """A residual step along time on (B,C,T)."""

    def __init__(self, width: int, reach: int) -> None:
        super().__init__()
        self.steps = nn.Sequential(
            nn.BatchNorm1d(width), nn.ReLU(), nn.Conv1d(width, width, 3, padding=reach, dilation=reach),
            nn.BatchNorm1d(width), nn.ReLU(), nn.Conv1d(width, width, 1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.steps(x)


class Judge(nn.Module):
    """Attributes and impacts from observations."""

    mean: Tensor
    spread: Tensor

    def __init__(self, classes: Classes) -> None:
        super().__init__()
        self.cut = nn.Sequential(_conv(16, 48), _conv(48, 64, 2), _conv(64, 64), _conv(64, 96, 2), _conv(96, 96))
        self.places = nn.Conv2d(96, 16, 1)
        self.figure = nn.Sequential(nn.Linear(2 * 96 + 16 * 25, 64), nn.BatchNorm1d(64))
        self.enter = nn.Conv1d(2 * TRACK, 48, 1)
        self.course = nn.Sequential(*(_Course(48, reach) for reach in (1, 2, 4, 8)), nn.BatchNorm1d(48), nn.ReLU())
        self.impact = nn.Conv1d(48, 1, 3, padding=1)
        self.going = nn.Sequential(nn.Linear(96 + 5 * TRACK + 4 * TRACK, 32), nn.BatchNorm1d(32))
        self.slopes = nn.Sequential(_conv(4 * SLICES[0], 48), _conv(48, 48, 2), _conv(48, 64), _conv(64, 64, 2))
        self.drift = nn.Sequential(nn.Linear(128, 16), nn.BatchNorm1d(16))
        self.register_buffer("mean", torch.zeros(WHOLE))
        self.register_buffer("spread", torch.ones(WHOLE))
        self.scene = nn.Sequential(
            nn.Dropout(0.2), nn.Linear(WHOLE, 160), nn.BatchNorm1d(160), nn.ReLU(), nn.Dropout(0.3),
            nn.Linear(160, 64), nn.BatchNorm1d(64),
        )  # fmt: skip
        self.mix = nn.Sequential(nn.Linear(176, 96), nn.BatchNorm1d(96), nn.ReLU(), nn.Dropout(0.2))
        self.heads = nn.ModuleDict({name: nn.Linear(176 + 96, len(values)) for name, values in classes.items()})

    def forward(self, seen: Observation) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Of B observations with M cut-outs each: logits by attribute; and `vector` (B,176), `figure` (B,64) and
        `impact` logits (B,48)."""
        figure = self._figure(seen.cuts)
        steps = seen.track.transpose(1, 2)
        speed = 6 * F.pad(steps[:, :, 1:] - steps[:, :, :-1], (0, 1))
        course = self.course(self.enter(torch.cat([steps, speed], 1)))
        pace = [steps.std(2), speed.std(2), speed.abs().mean(2), steps[:, :, :6].mean(2), steps[:, :, -6:].mean(2)]
        reach = [steps.amax(2), steps.amin(2), steps.mean(2), speed.mean(2)]
        going = self.going(torch.cat([course.mean(2), course.amax(2), *pace, *reach], 1))
        slopes = self.slopes(F.pixel_unshuffle(seen.slices, 2)).float()
        drift = self.drift(torch.cat([slopes.mean((2, 3)), slopes.amax((2, 3))], 1))
        scene = self.scene(((seen.whole - self.mean) / self.spread).clamp(-6, 6))
        vector = torch.cat([figure, going, scene, drift], 1)
        inner = F.relu(vector)
        inner = torch.cat([inner, self.mix(inner)], 1)
        logits = {name: head(inner) for name, head in self.heads.items()}
        return logits, {"vector": vector, "figure": figure, "impact": self.impact(course)[:, 0]}

    def _figure(self, cuts: Tensor) -> Tensor:
        """(B,64) of cut-outs (B,M,4,40,40): what is there, and roughly where in the cut-out."""
        features = self.cut(F.pixel_unshuffle(cuts.flatten(0, 1) - 0.5, 2)).float()
        parts = [features.mean((2, 3)), features.amax((2, 3)), self.places(features).float().flatten(1)]
        return self.figure(torch.cat(parts, 1).unflatten(0, cuts.shape[:2]).mean(1))


class PictureReader(nn.Module):
    """The segmenter and the judge of what it finds."""

    def __init__(self, classes: Classes) -> None:
        super().__init__()
        self.classes = classes
        self.segmenter, self.judge = Segmenter(), Judge(classes)


def load(folder: Path) -> PictureReader:
    """The trained reader of a weight folder; raises WeightsError if a file is not the one its manifest pins."""
    try:
        classes = {name: tuple(values) for name, values in weights.manifest(folder)["config"]["classes"].items()}
        reader = PictureReader(classes)
        reader.load_state_dict(weights.load_safetensors(folder, FILE))
    except (KeyError, AttributeError, TypeError) as error:
        raise weights.WeightsError(f"{folder / 'manifest.json'} has no usable config: {error}") from error
    return reader.eval().requires_grad_(False)


def look(reader: PictureReader, frames: np.ndarray) -> Observation:
    """What is seen in one clip's frames uint8 (T,H,W,3) at 12 a second, T at least 48."""
    pictures = seen(frames)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        covers = torch.sigmoid(reader.segmenter(pictures))
    return observe(pictures, covers)


def read(reader: PictureReader, clips: list[np.ndarray], on_clip: Callable[[int], None] = lambda done: None) -> Reading:
    """Reads clips of frames uint8 (T,H,W,3), each of any size."""
    found = []
    for place, frames in enumerate(clips):
        found.append(look(reader, frames))
        on_clip(place + 1)
    return judge(reader, found)


def together(found: list[Observation]) -> Observation:
    """Observations of several clips as one of batches."""
    return Observation(
        **{each.name: torch.stack([getattr(o, each.name) for o in found]) for each in fields(Observation)}
    )


def judge(reader: PictureReader, found: list[Observation]) -> Reading:
    """The judgement of observations: of attributes and impacts the mean of what each clip and its mirror image say."""
    batch = together(found)
    with torch.inference_mode():
        (logits, inner), (turned, there) = reader.judge(batch), reader.judge(mirrored(batch))
    attributes = {}
    for name, table in logits.items():
        values = reader.classes[name]
        picks = [values.index(TURNED.get(name, {}).get(value, value)) for value in values]
        attributes[name] = ((table.softmax(1) + turned[name].softmax(1)[:, picks]) / 2).numpy()
    impacts = (torch.sigmoid(inner["impact"]) + torch.sigmoid(there["impact"])) / 2
    return Reading(attributes, inner["vector"].numpy(), inner["figure"].numpy(), impacts.numpy())
