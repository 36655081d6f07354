"""Draws the world behind the subject anew, once for many frames: a flow from the blurred picture to a crisp one.

What a clip's latents hold is too little to say where each leaf and each window is. So a picture of the world alone has
latents of its own, more than ten times as many, and a transformer of its own that draws them around what was decoded;
`staging.py` hangs the picture behind every frame as the camera stands. It knows no motion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inference.generator.plan import grounds
from inference.generator.transformer import Block, TransformerShape, wave_code

FOLD = 2  # pixels on a side that the autoencoder takes as one
CELL = 8  # pixels on a side of a latent
STEPS = 10
_PIXEL = 3 * FOLD * FOLD
_BOUND = 2.5  # of the autoencoder's numbers
_SPREAD = 1.46  # of them on worlds
_WAVES = (0.5, 1.0, 2.0)
_TOLD = 3 * CELL * CELL + 2 + 5 * 2 * len(_WAVES)  # of each cell: pixels, two masks, places in the world and on screen


@dataclass(frozen=True)
class BackdropShape:
    """The autoencoder's `widths` at each halving and its `channels`; the transformer's `width` and `depth`;
    `attributes` and `values` are the plan's."""

    widths: tuple[int, ...] = (48, 96, 160)
    channels: int = 16
    width: int = 192
    depth: int = 8
    attributes: int = 10
    values: int = 16


@dataclass(frozen=True)
class Given:
    """What is known of B pictures of the world: `blurred` (B,3,H,W) in -1..1; `hidden` (B,1,H,W), 1 where the subject
    may stand in it; `sharp` (B,3,H,W), which holds where `is_sharp` (B,1,H,W) is 1; attributes (B,10), motion (B,11).
    """

    blurred: Tensor
    hidden: Tensor
    sharp: Tensor
    is_sharp: Tensor
    attributes: Tensor
    motion: Tensor


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:  # (B,C,H,W) -> same
        return x + self.second(F.silu(self.first(F.silu(_even(x)))))


def _even(x: Tensor) -> Tensor:
    """Channels (B,C,H,W) brought to one spread at each place."""
    return F.layer_norm(x.permute(0, 2, 3, 1), x.shape[1:2]).permute(0, 3, 1, 2)


def _chain(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*[_Residual(width) for _ in range(count)])


class StillAutoencoder(nn.Module):
    """Pictures (B,3,H,W) in -1..1 to latents (B,C,H/8,W/8) of about unit spread, and back."""

    def __init__(self, shape: BackdropShape) -> None:
        super().__init__()
        widths = shape.widths
        self.enter = nn.Conv2d(_PIXEL, widths[0], 3, padding=1)
        self.before = nn.ModuleList([_chain(width, 1 + (place > 0)) for place, width in enumerate(widths)])
        self.down = nn.ModuleList([nn.Conv2d(a, b, 2, 2) for a, b in pairwise(widths)])
        self.code = nn.Conv2d(widths[-1], shape.channels, 1)
        self.back = nn.Conv2d(shape.channels, widths[-1], 3, padding=1)
        self.after = nn.ModuleList([_chain(width, 2) for width in widths])
        self.up = nn.ModuleList([nn.Conv2d(b, 4 * a, 1) for a, b in pairwise(widths)])
        self.leave = nn.Conv2d(widths[0], _PIXEL, 3, padding=1)

    def encode(self, pictures: Tensor) -> Tensor:
        x = self.enter(F.pixel_unshuffle(pictures, FOLD).contiguous(memory_format=torch.channels_last))
        for blocks, shrink in zip(self.before, [*self.down, None], strict=True):
            x = blocks(x)
            x = x if shrink is None else shrink(x)
        return _BOUND / _SPREAD * torch.tanh(self.code(_even(x)).float() / _BOUND)

    def decode(self, latents: Tensor) -> Tensor:
        x = self.back(latents * _SPREAD)
        for place in reversed(range(len(self.after))):
            x = self.after[place](x)
            if place:
                x = F.pixel_shuffle(self.up[place - 1](x), 2)
        return F.pixel_shuffle(self.leave(F.silu(_even(x))), FOLD).float()


class Backdrop(nn.Module):
    """The autoencoder, and a transformer over its latents."""

    def __init__(self, shape: BackdropShape) -> None:
        super().__init__()
        self.shape, width = shape, shape.width
        self.still = StillAutoencoder(shape)
        self.attribute = nn.Parameter(0.02 * torch.randn(shape.attributes * shape.values, width))
        self.clock = nn.Sequential(nn.Linear(128, width), nn.SiLU(), nn.Linear(width, width))
        self.tell = nn.Linear(width, 6 * width)
        self.state_in = nn.Linear(shape.channels, width)
        self.told_in = nn.Sequential(nn.Linear(_TOLD + shape.channels, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList([Block(TransformerShape(width=width)) for _ in range(shape.depth)])
        self.out = nn.Linear(width, shape.channels)
        for zero in (self.tell, self.out):
            nn.init.zeros_(zero.weight)
            nn.init.zeros_(zero.bias)
        with torch.no_grad():
            self.tell.bias.view(6, width)[[2, 5]] = 1.0

    def forward(self, state: Tensor, time: Tensor, told: Tensor, attributes: Tensor) -> Tensor:
        """The velocity of latents (B,N,C) at `time` (B,), 0 noise .. 1 drawn, with what is `told` of every cell
        (B,N,240)."""
        rows = torch.arange(self.shape.attributes, device=state.device) * self.shape.values
        what = self.attribute[attributes + rows].sum(1) + self.clock(wave_code(time * 1000, 128, 10000))
        changes = self.tell(F.silu(what)).unflatten(-1, (6, -1))
        x = self.state_in(state) + self.told_in(told)
        for block in self.blocks:
            x = block(x, changes)
        return self.out(F.layer_norm(x.float(), x.shape[-1:]))

    def told(self, given: Given) -> Tensor:
        """What every cell is told (B,N,240): its pixels and latents as they are known, how well, and where it lies."""
        base = known(given)
        masks = F.avg_pool2d(torch.cat([given.hidden, given.is_sharp], dim=1), CELL)
        parts = [F.pixel_unshuffle(base, CELL), self.still.encode(base), masks, _places(given.motion, masks.shape[2:])]
        return torch.cat(parts, dim=1).flatten(2).transpose(1, 2)


def _places(motion: Tensor, size: torch.Size) -> Tensor:
    """Waves (B,30,H,W) of where each cell lies in the world behind the subject (B,11) and on the screen."""
    high, wide = size
    world = [part.unflatten(1, (high, wide)) for part in grounds(motion, high, wide)]
    lines = [torch.linspace(-0.5, 0.5, side, device=motion.device) for side in (high, wide)]
    screen = [part.expand(len(motion), -1, -1) for part in torch.meshgrid(*lines, indexing="ij")]
    at = torch.stack([*world, *screen], dim=1)
    return torch.cat([f(2 * math.pi * k * at) for k in _WAVES for f in (torch.sin, torch.cos)], dim=1)


def known(given: Given) -> Tensor:
    """The picture (B,3,H,W) before anything is drawn: the blurred one, and what is known to be sharp."""
    return torch.where(given.is_sharp > 0, given.sharp, given.blurred)


@torch.inference_mode()
def drawn(model: Backdrop, given: Given, seed: int) -> Tensor:
    """The world as it is drawn, (B,3,H,W) in -1..1; what was known to be sharp stays."""
    high, wide = (side // CELL for side in given.blurred.shape[2:])
    random = torch.Generator().manual_seed(seed % 2**63)
    state = torch.randn(len(given.blurred), high * wide, model.shape.channels, generator=random)
    with torch.autocast(state.device.type, torch.bfloat16):
        told = model.told(given)
        for now, then in pairwise(torch.linspace(0, 1, STEPS + 1).tolist()):
            time = torch.full((len(state),), now)
            state = state + (then - now) * model(state, time, told, given.attributes)
        picture = model.still.decode(state.transpose(1, 2).unflatten(2, (high, wide))).clamp(-1, 1)
    return torch.where(given.is_sharp > 0, given.sharp, picture)
