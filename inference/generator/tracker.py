"""Reads given frames: where their subject is and how it moves, what the camera does, and what is seen, each with how
far it is to be doubted. It is how a plan can go on from a picture or a clip that the generator did not plan."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inference.generator.plan import MOTION, measured
from inference.generator.transformer import wave_code

SIDES = (64, 112)  # what it looks at, in pixels, the shorter side first
SURE = math.log(0.35)  # doubt below which motion counts as seen, in the spreads of the plan's units
CERTAIN = 0.7  # probability from which an attribute counts as seen


@dataclass(frozen=True)
class TrackerShape:
    """Sizes of the tracker: channels of its three stages and their blocks, places it attends to, and its width."""

    channels: tuple[int, int, int] = (20, 40, 80)
    blocks: tuple[int, int, int] = (1, 2, 2)
    looks: int = 6
    width: int = 128
    depth: int = 2
    attributes: int = 10
    values: int = 16


@dataclass(frozen=True)
class Track:
    """What is read of T frames: motion (B,T,11) in the units of MOTION, `apparent` from where the camera stands at
    the first frame; the logarithm of its mean error in spreads (B,T,11); and logits of attributes (B,10,16)."""

    motion: Tensor
    doubt: Tensor
    logits: Tensor

    def is_sure(self) -> Tensor:
        """Which numbers of the motion were seen (B,T,11)."""
        return self.doubt < SURE

    def seen(self) -> Tensor:
        """The value of each attribute (B,10) long, -1 where none is certain."""
        share, value = self.logits.softmax(-1).max(-1)
        return torch.where(share > CERTAIN, value, -1)


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.silu(self.first(F.silu(x))))


class Tracker(nn.Module):
    """A convolution over every frame, a few places of it attended to, and a transformer over time."""

    def __init__(self, shape: TrackerShape) -> None:
        super().__init__()
        self.shape, width = shape, shape.width
        stages, before = [], 3
        for channels, count in zip(shape.channels, shape.blocks, strict=True):
            stages += [nn.Conv2d(before, channels, 5, 2, 2), *(_Residual(channels) for _ in range(count))]
            before = channels
        self.look = nn.Sequential(*stages)
        self.place = nn.Linear(64, before)  # where a place lies
        self.where = nn.Conv2d(before, shape.looks, 1)
        self.gather = nn.Linear(shape.looks * (before + 2) + before, width)
        layer = nn.TransformerEncoderLayer(width, 4, 4 * width, 0.0, F.silu, batch_first=True, norm_first=True)
        self.follow = nn.TransformerEncoder(layer, shape.depth, nn.LayerNorm(width), enable_nested_tensor=False)
        self.move = nn.Linear(width, 2 * len(MOTION))
        self.tell = nn.Linear(2 * width, shape.attributes * shape.values)

    def forward(self, frames: Tensor) -> Track:
        # (B,T,3,h,w) in -1..1, 64 x 112 or 112 x 64, at most 48 frames a twelfth of a second apart
        seen = self._frames(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
        times = wave_code(torch.arange(frames.shape[1], device=seen.device), self.shape.width, 100)
        steps = self.follow(seen + times.to(seen)).float()
        moves, doubt = self.move(steps).float().chunk(2, dim=-1)
        whole = torch.cat([steps.mean(1), steps.amax(1)], dim=-1)
        logits = self.tell(whole).float().unflatten(-1, (-1, self.shape.values))
        return Track(measured(moves), doubt.clamp(-4, 2), logits)

    def _frames(self, frames: Tensor) -> Tensor:
        # (N,3,h,w) -> (N,width)
        x = self.look(frames.contiguous(memory_format=torch.channels_last))
        high, wide = x.shape[2:]
        down = ((torch.arange(high, device=x.device) + 0.5) / high - 0.5).expand(wide, high).T
        across = ((torch.arange(wide, device=x.device) + 0.5) / wide - 0.5).expand(high, wide) * wide / high
        code = torch.cat([wave_code(64 * part, 32, 100) for part in (down, across)], dim=-1).to(x)
        x = F.silu(x + self.place(code).permute(2, 0, 1))
        share = self.where(x).flatten(2).softmax(-1)
        what = torch.einsum("nkp,ncp->nkc", share, x.flatten(2)).flatten(1)
        at = torch.einsum("nkp,pd->nkd", share, torch.stack([across, down], -1).flatten(0, 1).to(share)).flatten(1)
        return self.gather(torch.cat([what, at, x.mean((2, 3))], dim=-1))


def looked_at(pictures: Tensor) -> Tensor:
    """Frames (T,H,W,3) in -1..1 as the tracker looks at them (1,T,3,h,w)."""
    short, long = SIDES
    size = (long, short) if pictures.shape[1] > pictures.shape[2] else (short, long)
    return F.interpolate(pictures.permute(0, 3, 1, 2), size, mode="area")[None]
