"""Puts the mark into frames before they are first encoded; reading it is `detection`'s part.

The strength follows the picture: where local detail is high the mark may be stronger by the same share of
structural similarity, and the whole clip keeps PSNR >= 42 dB whatever it shows.
"""

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, uniform_filter

from inference.watermark import carriers
from inference.watermark.payload import protect

LEAST_PSNR = 42.5
SIMILARITY_LOSS = 0.03
SIMILARITY_FLOOR = 29.0
MOST_VARIANCE = 900.0
SPECTRAL_TILT = 0.1


def mark(frames: np.ndarray, frame_rate: float, record: int, key: bytes) -> np.ndarray:
    """Frames (T, H, W, 3) uint8 with the 64-bit `record` in them, same shape; the input is left alone."""
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or not len(frames):
        raise ValueError(f"frames are (T, H, W, 3) uint8, not {frames.shape} {frames.dtype}")
    if not frame_rate > 0:
        raise ValueError(f"frame rate {frame_rate} is not above 0")
    patterns = _patterns(carriers.layout(key), protect(record, carriers.FORM), frames)
    allowed = np.stack([_allowed(carriers.luma(frame)) for frame in frames])
    allowed *= min(1.0, 255 / 10 ** (LEAST_PSNR / 20) / float(np.sqrt(np.mean(allowed**2))))
    marked = np.empty_like(frames)
    for index, frame in enumerate(frames):
        weights = carriers.slot_weights((index + 0.5) / frame_rate)
        marked[index] = _add(frame, np.tensordot(weights, patterns, 1), allowed[index])
    return marked


def _patterns(layout: carriers.Layout, coded: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """One set of coefficients per slot, (S, GRID, GRID), each a picture of mean square 1."""
    sampled = frames[:: max(1, len(frames) // 8)]
    power = np.mean([carriers.analyse(carriers.luma(frame)) ** 2 for frame in sampled], axis=0)
    power = gaussian_filter(power, 4, mode="nearest")[carriers.band()]
    amplitude = (power + 4.0) ** (SPECTRAL_TILT / 2)
    patterns = np.zeros((carriers.SLOTS, carriers.GRID, carriers.GRID), np.float32)
    patterns[:, *carriers.band()] = layout.chips(coded) * amplitude / np.sqrt(np.sum(amplitude**2))
    return patterns


def _allowed(picture: np.ndarray) -> np.ndarray:
    """The mark's standard deviation that costs the same structural similarity everywhere, shaped like the luma."""
    mean = uniform_filter(picture, 5)
    variance = np.clip(uniform_filter(picture * picture, 5) - mean * mean, 0, MOST_VARIANCE)
    return np.sqrt(SIMILARITY_LOSS * (gaussian_filter(variance, 1) + SIMILARITY_FLOOR)).astype(np.float32)


def _add(frame: np.ndarray, coefficients: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """The frame plus the pattern at the allowed strength, equal in red, green and blue: only luma changes."""
    height, width, _ = frame.shape
    strength = np.asarray(Image.fromarray(allowed).resize((width, height), Image.Resampling.BILINEAR))
    change = np.rint(carriers.synthesise(coefficients, height, width) * strength).astype(np.int16)
    return np.clip(frame + change[..., None], 0, 255).astype(np.uint8)
