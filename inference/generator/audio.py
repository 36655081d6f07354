"""Sound to and from latents: log-mel frames, a small learned autoencoder over them, a network that tells their
frequencies apart again, and Griffin-Lim back to a wave."""

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
FREQUENCIES = WINDOW // 2 + 1
HELD = 8  # last rounds of Griffin-Lim in which the mel frames are held
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
    return banded(levels(wave))


def levels(wave: Tensor) -> Tensor:
    """Logarithms of the magnitudes of every frequency (B,T,FREQUENCIES) of waves (B,S); T = S / 250."""
    spectrum = torch.stft(wave, WINDOW, HOP, window=torch.hann_window(WINDOW), return_complex=True).abs()
    return torch.log(spectrum[..., : wave.shape[-1] // HOP] + _FLOOR).transpose(1, 2)


def banded(loud: Tensor) -> Tensor:
    """The mel frames (B,T,MELS) of such `levels` (B,T,FREQUENCIES)."""
    level = torch.log(torch.exp(loud) @ mel_filters().T + _FLOOR)
    return (level - _CENTRE) / _SPREAD


def wave(mels: Tensor, loud: Tensor, rounds: int = 48) -> Tensor:
    """Waves (B,S) for mel frames (B,T,MELS) with such `levels` of every frequency (B,T,WINDOW/2+1), by fast
    Griffin-Lim (Perraudin 2013) from fixed phases: always the same. Its last rounds hold the mel frames instead of the
    levels, which have to give way where no wave has both."""
    wanted = F.pad(_loud(mels).transpose(1, 2), (0, 1), mode="replicate")
    size = F.pad(torch.exp(loud).transpose(1, 2), (0, 1), mode="replicate")
    random = torch.Generator().manual_seed(0)
    phase = torch.exp(2j * math.pi * torch.rand(size.shape, generator=random))
    window, length = torch.hann_window(WINDOW), mels.shape[1] * HOP
    before = torch.zeros_like(phase)
    for place in range(rounds):
        made = torch.istft(size * phase, WINDOW, HOP, window=window, length=length)
        now = torch.stft(made, WINDOW, HOP, window=window, return_complex=True)
        ahead = now + 0.99 * (now - before)
        phase, before = ahead / (ahead.abs() + 1e-8), now
        if place >= rounds - HELD:
            size = now.abs() * _between(wanted / (mel_filters() @ now.abs() + 1e-8)).clamp(max=8)
    return torch.istft(size * phase, WINDOW, HOP, window=window, length=length)


def _loud(mels: Tensor) -> Tensor:
    """Mel frames as mean magnitudes."""
    return torch.exp(mels * _SPREAD + _CENTRE)


def _between(bands: Tensor) -> Tensor:
    """What every frequency has of values (...,MELS,T) of the bands it lies in (...,WINDOW/2+1,T)."""
    filters = mel_filters()
    return filters.T @ bands / (filters.sum(0)[:, None] + 1e-8)


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


class Spectrum(nn.Module):
    """How loud every frequency is, from how loud the bands of the mel frames are: tones are narrow and noise is not."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enter = nn.Linear(MELS, width)
        self.blocks = nn.Sequential(*(_Residual(width) for _ in range(4)), nn.LayerNorm(width))
        self.leave = nn.Linear(width, FREQUENCIES)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, mels: Tensor) -> Tensor:  # (B,T,MELS) -> logarithms of magnitudes (B,T,FREQUENCIES)
        plain = torch.log(_between(_loud(mels.float()).transpose(1, 2)).transpose(1, 2) + _FLOOR)
        return plain + self.leave(self.blocks(self.enter(mels))).float()


def _fold(x: Tensor, time: int) -> Tensor:
    return x.reshape(x.shape[0], x.shape[1] // time, time * x.shape[2])


def _unfold(x: Tensor, time: int) -> Tensor:
    return x.reshape(x.shape[0], x.shape[1] * time, x.shape[2] // time)


class AudioAutoencoder(nn.Module):
    """16 mel frames to one latent in two steps of four, and back; and mel frames to a wave."""

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
        self.spectrum = Spectrum(width)
        self.register_buffer("mean", torch.zeros(shape.latent))
        self.register_buffer("spread", torch.ones(shape.latent))

    def raw(self, mels: Tensor) -> Tensor:  # (B,T,MELS) -> (B,T/16,C)
        return self.leave(self.down(_fold(self.into(self.enter(_fold(mels, 4))), 4)))

    def encode(self, mels: Tensor) -> Tensor:  # (B,T,MELS) -> (B,T/16,C) about unit variance
        return (self.raw(mels).float() - self.mean) / self.spread

    def decode(self, latents: Tensor) -> Tensor:  # (B,T/16,C) -> (B,T,MELS)
        return _unfold(self.high(_unfold(self.up(self.low(self.back(latents))), 4)), 4).float()

    def wave(self, mels: Tensor) -> Tensor:  # (B,T,MELS) -> (B,S)
        return wave(mels, self.spectrum(mels))
