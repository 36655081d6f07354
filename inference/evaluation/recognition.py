"""Whether a person given by reference is recognised in the generated clip, by a reader of identity that was trained on
renders only and shares nothing with the generator's own encoder. It says nothing of photographs.

Figures are cosines in the reader's space: of two renders of one person in different scenes, of renders of two people,
and of a reference's renders with the clip generated for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inference import weights
from inference.evaluation.identity import compare
from inference.generator.asking import Ask
from inference.generator.likeness import somebody
from inference.generator.pipeline import Generator
from inference.generator.plan import MOTION
from inference.train.likeness import HELD_OUT, photograph
from inference.train.plans import motion
from inference.train.render import render
from inference.train.world import draw

SIDE = 64
EDGE = 1.08  # how far of the subject's square is looked at
PROMPTS = (
    "a person in blue walks through a sunny meadow",
    "a person in red dances in a room",
    "a large person in green walks in the city by day",
    "a person in white rests in the desert",
)
_LOOKS = 6  # frames of a clip that are read
_VIEWS = 3  # renders of a reference


class IdentityReader(nn.Module):
    """A picture of a person on their own square, (B,3,64,64) in -1..1, to a unit vector (B,48) of who they are."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise((3, 32, 64, 96, 128)):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.GroupNorm(8, after), nn.GELU()]
        self.seen = nn.Sequential(*layers)
        self.out = nn.Sequential(nn.Flatten(), nn.Linear(128 * 16, 192), nn.GELU(), nn.Linear(192, 48))

    def forward(self, pictures: Tensor) -> Tensor:
        return F.normalize(self.out(self.seen(pictures)), dim=1)

    @classmethod
    def load(cls, folder: Path) -> IdentityReader:
        """Raises WeightsError for weights that are not those of the folder's manifest."""
        model = cls()
        model.load_state_dict(weights.load_safetensors(folder, "identity.safetensors"))
        return model.eval().requires_grad_(False)


def cut_out(frames: Tensor, moved: Tensor) -> Tensor:
    """Frames uint8 (T,H,W,3) with the motion (T,11) of their subject, to its square upright, (T,3,64,64) in -1..1."""
    high, wide = frames.shape[1:3]
    part = {name: moved[:, place, None, None] for place, name in enumerate(MOTION)}
    axis = (torch.arange(SIDE) + 0.5) / SIDE * 2 * EDGE - EDGE
    v, u = (side * part["half"] for side in torch.meshgrid(axis, axis, indexing="ij"))
    u = u * part["facing"]
    x = (part["turn cos"] * u - part["turn sin"] * v + part["x"]) * part["zoom"] * high / wide
    y = (part["turn sin"] * u + part["turn cos"] * v + part["y"] - 0.55) * part["zoom"] + 0.05
    pictures = frames.permute(0, 3, 1, 2).float() / 127.5 - 1
    return F.grid_sample(pictures, torch.stack([x, y], -1) * 2, padding_mode="border", align_corners=False)


def meetings(seed: int, views: int) -> Tensor:
    """One person in so many scenes of their own, each (3,64,64), stacked."""
    traits, pictures, at = somebody(seed), [], 40_000_000 + seed * 1000
    while len(pictures) < views:
        at += 1
        scene = draw(at)
        if scene.subject == "person" and scene.time != "night":
            pick = [5 + at % 38]
            pictures.append(cut_out(render(scene, 2, pick, traits)[0], motion(scene)[pick])[0])
    return torch.stack(pictures)


@dataclass(frozen=True)
class Recognition:
    """Cosines as median and quartiles, the areas under the curve of same against different, and of how many clips the
    nearest reference is their own."""

    same: dict[str, float]
    different: dict[str, float]
    auc: float
    generated: dict[str, float]
    generated_other: dict[str, float]
    generated_auc: float
    nearest: float
    clips: int


def measure(generator: Generator, reader: IdentityReader, people: int, on_line: Callable[[str], None]) -> Recognition:
    """Of so many people never trained on: as rendered, and as generated from a portrait, a figure and a voice."""
    seeds = [HELD_OUT + place for place in range(people)]
    with torch.inference_mode():
        views = torch.stack([reader(meetings(seed, _VIEWS)) for seed in seeds])  # (N,V,48)
        made = []
        for place, seed in enumerate(seeds):
            made.append(_generated(generator, reader, place, seed))
            on_line(f"{place + 1} of {people}: {float(views[place].mean(0) @ made[-1]):.3f} with its own reference")
    return _compared(views, torch.stack(made))


def _generated(generator: Generator, reader: IdentityReader, place: int, seed: int) -> Tensor:
    reference = photograph(somebody(seed), seed)
    ask = Ask(PROMPTS[place % len(PROMPTS)], 1, 448, 256, seed=place, style="photographic", likenesses=(reference,))
    clip, plan = generator.explained(ask, lambda share: None)
    picks = torch.linspace(0, len(clip.frames) - 1, _LOOKS).long()
    seen = reader(cut_out(torch.from_numpy(clip.frames)[picks], plan.motion[0, picks]))
    return F.normalize(seen.mean(0), dim=0)


def _compared(views: Tensor, made: Tensor) -> Recognition:
    """Of views (N,V,D) of each reference and the mean view (N,D) of what was generated for it."""
    count = len(views)
    is_own = torch.eye(count, dtype=torch.bool)
    between = torch.einsum("ivd,jwd->ijvw", views, views)
    apart = ~torch.eye(views.shape[1], dtype=torch.bool)
    renders = compare(_flat(between[is_own][:, apart]), _flat(between[~is_own]))
    cosines = made @ F.normalize(views.mean(1), dim=1).T
    clips = compare(_flat(cosines[is_own]), _flat(cosines[~is_own]))
    nearest = float((cosines.argmax(1) == torch.arange(count)).float().mean())
    return Recognition(
        renders.same, renders.different, renders.auc, clips.same, clips.different, clips.auc, nearest, count
    )


def _flat(values: Tensor) -> np.ndarray:
    return values.flatten().numpy()
