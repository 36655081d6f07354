"""Sound to and from latents: log-mel frames, a small learned autoencoder over them, and Griffin-Lim back to a wave."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RATE = 24000
HOP = 250  # 96 mel frames a second: eight a video frame's worth at 12 frames a second
WINDOW = 1024
MELS = 64
FRAMES_A_LATENT = 16  # six latents a second, two for each video latent
_FLOOR = 1e-5
_CENTRE, _SPREAD = -4.0, 4.0


@functools.cache
def mel_filters() -> Tensor:
    """Triangles on the mel scale of O'Shaughnessy, (MELS, WINDOW/2+1), 30 Hz to 11.5 kHz, each summing to one."""
    low, high = (2595 * math.log10(1 + hertz / 700) for hertz in (30, 11500))
    edges = 700 * (10 ** (torch.linspace(low, high, MELS + 2) / 2595) - 1)
    hertz = torch.linspace(0, RATE / 2, WINDOW // 2 + 1)
    rise = (hertz[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - hertz[None]) / (edges[2:] - edges[1:-1])[:, None]
    triangles = torch.minimum(rise, fall).clamp(min=0) + 1e-6
    return triangles / triangles.sum(1, keepdim=True)


def mel(wave: Tensor) -> Tensor:
    """Normalised log-mel frames (B,T,MELS), about -1..1, of waves (B,S) at 24 kHz; T = S / 250."""
    spectrum = torch.stft(wave, WINDOW, HOP, window=torch.hann_window(WINDOW), return_complex=True).abs()
    level = torch.log(mel_filters() @ spectrum[..., : wave.shape[-1] // HOP] + _FLOOR)
    return ((level - _CENTRE) / _SPREAD).transpose(1, 2)


def wave(mels: Tensor, rounds: int = 48) -> Tensor:
    """Waves (B,S) for mel frames (B,T,MELS) by fast Griffin-Lim (Perraudin 2013) from fixed phases: always the same."""
    level = torch.exp(mels.transpose(1, 2) * _SPREAD + _CENTRE)
    # A non-negative inverse of the filters: start from their transpose, refine multiplicatively.
    filters = mel_filters()
    size = filters.T @ level
    for _ in range(30):
        size = size * (filters.T @ (level / (filters @ size + 1e-8))) / (filters.sum(0)[:, None] + 1e-8)
    size = F.pad(size, (0, 1), mode="replicate")
    random = torch.Generator().manual_seed(0)
    phase = torch.exp(2j * math.pi * torch.rand(size.shape, generator=random))
    window, length = torch.hann_window(WINDOW), mels.shape[1] * HOP
    before = torch.zeros_like(phase)
    for _ in range(rounds):
        made = torch.istft(size * phase, WINDOW, HOP, window=window, length=length)
        now = torch.stft(made, WINDOW, HOP, window=window, return_complex=True)
        ahead = now + 0.99 * (now - before)
        phase, before = ahead / (ahead.abs() + 1e-8), now
    return torch.istft(size * phase, WINDOW, HOP, window=window, length=length)


@dataclass(frozen=True)
class AudioShape:
    latent: int = 24
    width: int = 192


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.wide = nn.Conv1d(width, width, 3, padding=1)
        self.narrow = nn.Linear(width, width)
        nn.init.zeros_(self.narrow.weight)
        nn.init.zeros_(self.narrow.bias)

    def forward(self, x: Tensor) -> Tensor:  # (B,T,C) -> same
        return x + self.narrow(F.silu(self.wide(self.norm(x).transpose(1, 2)).transpose(1, 2)))


def _fold(x: Tensor, time: int) -> Tensor:
    return x.reshape(x.shape[0], x.shape[1] // time, time * x.shape[2])


def _unfold(x: Tensor, time: int) -> Tensor:
    return x.reshape(x.shape[0], x.shape[1] * time, x.shape[2] // time)


class AudioAutoencoder(nn.Module):
    """16 mel frames to one latent in two steps of four, and back."""

    mean: Tensor
    spread: Tensor

    def __init__(self, shape: AudioShape) -> None:
        super().__init__()
        width = shape.width
        self.enter = nn.Linear(4 * MELS, width)
        self.into = nn.Sequential(_Residual(width), _Residual(width))
        self.down = nn.Linear(4 * width, width)
        self.leave = nn.Sequential(
            _Residual(width), _Residual(width), nn.LayerNorm(width), nn.Linear(width, shape.latent)
        )
        self.back = nn.Linear(shape.latent, width)
        self.low = nn.Sequential(_Residual(width), _Residual(width))
        self.up = nn.Linear(width, 4 * width)
        self.high = nn.Sequential(_Residual(width), _Residual(width), nn.LayerNorm(width), nn.Linear(width, 4 * MELS))
        self.register_buffer("mean", torch.zeros(shape.latent))
        self.register_buffer("spread", torch.ones(shape.latent))

    def raw(self, mels: Tensor) -> Tensor:  # (B,T,MELS) -> (B,T/16,C)
        return self.leave(self.down(_fold(self.into(self.enter(_fold(mels, 4))), 4)))

    def encode(self, mels: Tensor) -> Tensor:  # (B,T,MELS) -> (B,T/16,C) about unit variance
        return (self.raw(mels).float() - self.mean) / self.spread

    def decode(self, latents: Tensor) -> Tensor:  # (B,T/16,C) -> (B,T,MELS)
        return _unfold(self.high(_unfold(self.up(self.low(self.back(latents))), 4)), 4).float()
