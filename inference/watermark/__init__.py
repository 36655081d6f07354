"""The invisible mark of every clip: a 64-bit record id in the picture and its 32-bit short form in the sound.

What is covered and what is not is in docs/watermark.md. Needs numpy, scipy and Pillow, never torch.
"""

import numpy as np

from inference.watermark import detection, hearing, picture, sound
from inference.watermark.reading import Reading

ALGORITHM = "org.volary.mark.1"

__all__ = ["ALGORITHM", "Reading", "mark_picture", "mark_sound", "read_picture", "read_sound"]


def mark_picture(frames: np.ndarray, frame_rate: float, record: int, key: bytes) -> np.ndarray:
    """Frames (T, H, W, 3) uint8 with `record` (64 bits) in them; do it before the first encode."""
    return picture.mark(frames, frame_rate, record, key)


def read_picture(frames: np.ndarray, frame_rate: float, key: bytes) -> Reading:
    """Look for a mark of `key` in frames (T, H, W, 3) uint8 of any size."""
    return detection.read(frames, frame_rate, key)


def mark_sound(samples: np.ndarray, sample_rate: int, short: int, key: bytes) -> np.ndarray:
    """Mono float32 sound with `short` (32 bits: the record's first eight hex digits) in it, same length."""
    return sound.mark(samples, sample_rate, short, key)


def read_sound(samples: np.ndarray, sample_rate: int, key: bytes) -> Reading:
    """Look for a mark of `key` in mono float32 sound."""
    return hearing.read(samples, sample_rate, key)
