"""Frames in and out of the autoencoder's sizes: fitted without stretching, resampled in time, and enlarged."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

RATE = 12
WIDE = (128, 224)  # height and width of the landscape bucket; portrait is its transpose


def bucket(width: int, height: int) -> tuple[int, int]:
    """Height and width the model works in for an asked size."""
    return WIDE if width >= height else (WIDE[1], WIDE[0])


def covering(frames: Tensor, height: int, width: int) -> Tensor:
    """Frames (T,3,H,W) scaled to cover a size and cut to it around the middle."""
    scale = max(height / frames.shape[2], width / frames.shape[3])
    high, wide = max(height, round(frames.shape[2] * scale)), max(width, round(frames.shape[3] * scale))
    sized = F.interpolate(frames, size=(high, wide), mode="bicubic", antialias=scale < 1, align_corners=False)
    top, left = (high - height) // 2, (wide - width) // 2
    return sized[:, :, top : top + height, left : left + width]


def resized(frames: np.ndarray, height: int, width: int) -> np.ndarray:
    """Frames uint8 (T,H,W,3) covering a size, in chunks so that a long clip needs little memory."""
    if frames.shape[1:3] == (height, width):
        return frames
    out = np.empty((len(frames), height, width, 3), np.uint8)
    for start in range(0, len(frames), RATE):
        part = torch.from_numpy(frames[start : start + RATE]).permute(0, 3, 1, 2).float()
        sized = covering(part, height, width).clamp(0, 255).round().to(torch.uint8)
        out[start : start + RATE] = sized.permute(0, 2, 3, 1).numpy()
    return out


def resampled(frames: np.ndarray, rate: float) -> np.ndarray:
    """The frames nearest to each twelfth of a second; a still image stays one frame."""
    count = max(1, round(len(frames) / rate * RATE))
    picks = np.minimum((np.arange(count) + 0.5) * rate / RATE, len(frames) - 1).astype(int)
    return frames if len(frames) == 1 else frames[picks]


def to_unit(frames: np.ndarray) -> Tensor:
    """uint8 (T,H,W,3) to float (1,T,H,W,3) in -1..1."""
    return torch.from_numpy(frames).float()[None] / 127.5 - 1


def to_bytes(frames: Tensor) -> np.ndarray:
    """Float (T,H,W,3) in -1..1 to uint8."""
    return ((frames + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()
