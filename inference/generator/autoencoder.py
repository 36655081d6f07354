"""Video to and from latents: 16 x 16 x 4 fewer places, causal on the way in: a prefix keeps its latents.

The encoder looks at pictures of half the side, which is what latents of so few channels can hold; the decoder draws
those, and over them what only shows at twice their side."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SPATIAL = 16  # pixels a latent spans on each side
HALF = 2  # how much smaller the pictures are that the encoder looks at
TEMPORAL = 4  # frames a latent spans


@dataclass(frozen=True)
class VideoShape:
    """Widths of the autoencoder: channels of a latent, and of its stages from the coarsest to the finest."""

    latent: int = 8
    coarse: int = 224
    fine: int = 112
    pixel: int = 32
    detail: int = 48
    coarse_blocks: int = 2
    fine_blocks: int = 2


class TimeMix(nn.Module):
    """Three neighbouring frames into one, at each place; causal looks only back."""

    def __init__(self, width: int, is_causal: bool) -> None:
        super().__init__()
        self.mix = nn.Linear(3 * width, width)
        self.before, self.after = (2, 0) if is_causal else (1, 1)

    def forward(self, x: Tensor) -> Tensor:  # (B,T,H,W,C) -> same
        length = x.shape[1]
        first, last = x[:, :1], x[:, -1:]
        padded = torch.cat([first] * self.before + [x] + [last] * self.after, dim=1)
        return self.mix(torch.cat([padded[:, k : k + length] for k in range(3)], dim=-1))


class Place(nn.Module):
    """A 2-D convolution on every frame, channels last."""

    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(into, out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:  # (B,T,H,W,C) -> (B,T,H,W,C')
        batch, length = x.shape[:2]
        flat = x.flatten(0, 1).permute(0, 3, 1, 2)
        return self.conv(flat).permute(0, 2, 3, 1).unflatten(0, (batch, length))


class Block(nn.Module):
    """Residual block: space, then time."""

    def __init__(self, width: int, is_causal: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.place = Place(width, width)
        self.time = TimeMix(width, is_causal)
        nn.init.zeros_(self.time.mix.weight)
        nn.init.zeros_(self.time.mix.bias)

    def forward(self, x: Tensor) -> Tensor:  # (B,T,H,W,C) -> same
        return x + self.time(F.silu(self.place(self.norm(x))))


def fold(x: Tensor, time: int, side: int) -> Tensor:
    """Moves `time` frames and `side` x `side` places into channels: (B,T,H,W,C) -> (B,T/t,H/s,W/s,t*s*s*C)."""
    b, t, h, w, c = x.shape
    x = x.view(b, t // time, time, h // side, side, w // side, side, c)
    return x.permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(b, t // time, h // side, w // side, time * side * side * c)


def unfold(x: Tensor, time: int, side: int) -> Tensor:
    """The inverse of `fold`."""
    b, t, h, w, c = x.shape
    x = x.view(b, t, h, w, time, side, side, c // (time * side * side))
    return x.permute(0, 1, 4, 2, 5, 3, 6, 7).reshape(b, t * time, h * side, w * side, -1)


class VideoEncoder(nn.Module):
    def __init__(self, shape: VideoShape) -> None:
        super().__init__()
        self.enter = nn.Linear(2 * 16 * 3, shape.fine)
        self.fine = nn.Sequential(*[Block(shape.fine, True) for _ in range(shape.fine_blocks)])
        self.down = nn.Linear(8 * shape.fine, shape.coarse)
        self.coarse = nn.Sequential(*[Block(shape.coarse, True) for _ in range(shape.coarse_blocks)])
        self.leave = nn.Sequential(nn.LayerNorm(shape.coarse), nn.Linear(shape.coarse, shape.latent))

    def forward(self, frames: Tensor) -> Tensor:  # half the side: (B,T,H,W,3) in -1..1 -> (B,T/4,H/8,W/8,C)
        x = self.fine(self.enter(fold(frames, 2, 4)))
        return self.leave(self.coarse(self.down(fold(x, 2, 2))))


class VideoDecoder(nn.Module):
    def __init__(self, shape: VideoShape) -> None:
        super().__init__()
        self.enter = nn.Linear(shape.latent, shape.coarse)
        self.coarse = nn.Sequential(*[Block(shape.coarse, False) for _ in range(shape.coarse_blocks + 1)])
        self.up = nn.Linear(shape.coarse, 8 * shape.fine)
        self.fine = nn.Sequential(*[Block(shape.fine, False) for _ in range(shape.fine_blocks + 1)])
        self.bloom = nn.Linear(shape.fine, 8 * shape.pixel)
        self.pixel = Place(shape.pixel, shape.pixel)
        self.leave = Place(shape.pixel, 4 * 3)
        self.grow = nn.Linear(shape.pixel, 4 * shape.detail)
        self.first, self.second = Place(shape.detail, shape.detail), Place(shape.detail, shape.detail)
        self.finish = Place(shape.detail, 4 * 3)
        nn.init.zeros_(self.finish.conv.weight)
        nn.init.zeros_(self.finish.conv.bias)

    def forward(self, latents: Tensor) -> Tensor:  # (B,T,H,W,C) -> (B,4T,16H,16W,3) about -1..1
        x = self._seen(latents)
        fine = unfold(self.grow(F.silu(x)), 1, 2)
        fine = fine + self.first(F.silu(fine))
        fine = fine + self.second(F.silu(fine))
        return larger(self._small(x)) + unfold(self.finish(F.silu(fine)), 1, 2)

    def small(self, latents: Tensor) -> Tensor:  # (B,T,H,W,C) -> (B,4T,8H,8W,3) about -1..1
        """The pictures of half the side, which the encoder can be taught with."""
        return self._small(self._seen(latents))

    def _seen(self, latents: Tensor) -> Tensor:  # (B,T,H,W,C) -> (B,4T,4H,4W,C')
        x = self.coarse(self.enter(latents))
        x = self.fine(unfold(self.up(x), 2, 2))
        return unfold(self.bloom(x), 2, 2)

    def _small(self, x: Tensor) -> Tensor:  # (B,4T,4H,4W,C') -> (B,4T,8H,8W,3)
        return unfold(self.leave(F.silu(x + self.pixel(F.silu(x)))), 1, 2)


def larger(frames: Tensor) -> Tensor:  # (B,T,H,W,3) -> (B,T,2H,2W,3)
    flat = frames.flatten(0, 1).permute(0, 3, 1, 2)
    made = F.interpolate(flat, scale_factor=HALF, mode="bilinear", align_corners=False)
    return made.permute(0, 2, 3, 1).unflatten(0, frames.shape[:2])


def smaller(frames: Tensor) -> Tensor:  # (B,T,H,W,3) -> (B,T,H/2,W/2,3)
    made = F.avg_pool2d(frames.flatten(0, 1).permute(0, 3, 1, 2), HALF)
    return made.permute(0, 2, 3, 1).unflatten(0, frames.shape[:2])


class VideoAutoencoder(nn.Module):
    """Latents are normalised by `mean` and `spread` (C,) of the encoder's output, measured while training."""

    mean: Tensor
    spread: Tensor

    def __init__(self, shape: VideoShape) -> None:
        super().__init__()
        self.encoder = VideoEncoder(shape)
        self.decoder = VideoDecoder(shape)
        self.register_buffer("mean", torch.zeros(shape.latent))
        self.register_buffer("spread", torch.ones(shape.latent))

    def encode(self, frames: Tensor) -> Tensor:  # (B,T,H,W,3) in -1..1 -> (B,T/4,H/16,W/16,C)
        return self.latents(smaller(frames))

    def latents(self, small: Tensor) -> Tensor:  # half the side: (B,T,H,W,3) in -1..1 -> (B,T/4,H/8,W/8,C)
        return (self.encoder(small).float() - self.mean) / self.spread

    def decode(self, latents: Tensor) -> Tensor:  # (B,T,H,W,C) -> (B,4T,16H,16W,3) in -1..1
        return self.decoder(latents).float().clamp(-1, 1)
