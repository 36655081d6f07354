"""How a long clip is made in windows that a network can see at once: plans, rates, sizes and seams; no network here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soxr

PREFIX_SECONDS = 1  # how much of what there is already a window is shown
SEAM_SECONDS = 0.05


@dataclass(frozen=True)
class Grid:
    """The steps that a network draws in: frames come as `time` × n + 1, sides in multiples of `space` pixels."""

    time: int
    space: int
    rate: int

    def frames(self, wanted: int) -> int:
        """The fewest frames that can be drawn and hold `wanted`."""
        return max(0, -(-(wanted - 1) // self.time)) * self.time + 1

    def known(self, there: int) -> int:
        """The most frames, up to a second's, that can be shown of `there`; 0 of none."""
        most = min(there, PREFIX_SECONDS * self.rate + 1)
        return (most - 1) // self.time * self.time + 1 if there else 0

    def drawn(self, width: int, height: int, max_pixels: int) -> tuple[int, int]:
        """Width and height to draw: covering the asked size's shape, not beyond `max_pixels` before rounding up."""
        scale = min(1.0, (max_pixels / (width * height)) ** 0.5)
        return tuple(max(2, round(-(-side * scale // self.space))) * self.space for side in (width, height))  # type: ignore[return-value]


@dataclass(frozen=True)
class Window:
    """`frames` to draw, the first `keep` of them known."""

    frames: int
    keep: int


def plan(grid: Grid, total: int, known: int, longest: int) -> Iterator[Window]:
    """Windows of at most `longest` frames until there are `total`, `known` of which are there already."""
    there = known
    while there < total:
        keep = grid.known(there)
        window = Window(grid.frames(min(longest, keep + total - there)), keep)
        yield window
        there += window.frames - keep


def resampled(frames: np.ndarray, rate: float, grid: Grid) -> np.ndarray:
    """The frames uint8 (T,H,W,3) nearest to each moment of the grid's rate; a still stays one frame."""
    if len(frames) == 1:
        return frames
    count = max(1, round(len(frames) / rate * grid.rate))
    return frames[np.minimum((np.arange(count) + 0.5) * rate / grid.rate, len(frames) - 1).astype(int)]


def wave(sound: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Float sound (S,) or (channels, S) as mono float32 at the `wanted` rate."""
    mono = np.asarray(sound, np.float32)
    mono = mono.mean(axis=0) if mono.ndim == 2 else mono
    return mono if rate == wanted else soxr.resample(mono, rate, wanted).astype(np.float32)


def lasting(sound: np.ndarray, samples: int) -> np.ndarray:
    """The sound cut or followed by silence to that many samples."""
    return np.pad(sound[:samples], (0, max(0, samples - len(sound))))


def continued(before: np.ndarray, after: np.ndarray, overlap: int, rate: int) -> np.ndarray:
    """`before`, then what of `after` lies beyond the `overlap` samples they share, with a cross-fade up to there."""
    seam = min(int(SEAM_SECONDS * rate), overlap, len(before))
    if seam == 0:
        return np.concatenate([before, after[overlap:]])
    fade = np.linspace(0, 1, seam, dtype=np.float32)
    mixed = before[-seam:] * (1 - fade) + after[overlap - seam : overlap] * fade
    return np.concatenate([before[:-seam], mixed, after[overlap:]])
