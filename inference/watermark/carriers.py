"""Where the picture mark lives: keyed signs on mid-frequency cosines of the whole frame, in eight slots of 0.25 s.

Cosines span the frame whatever its size, so scale and aspect do not move them; a slot's signs change every quarter
second and repeat every two, so a still background cancels out of a reading and any two seconds hold a whole mark.
This module knows nothing of amplitude, masking or decisions.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from inference.watermark import keyed
from inference.watermark.payload import Format

FORM = Format(bits=64, checksum=24, paths=8)
GRID = 128
BAND = (10, 116)
SLOT_SECONDS = 0.25
SLOTS = 8
PILOT_SHARE = 0.125
WORKING_SIDE = 256


@dataclass(frozen=True)
class Layout:
    """For one key, by slot and cosine (SLOTS, N): each chip's coded bit (-1 is the pilot) and sign."""

    bits: np.ndarray
    signs: np.ndarray

    def chips(self, coded: np.ndarray) -> np.ndarray:
        """The +1/-1 pattern (S, N) that carries these coded bits and the pilot."""
        return self.signs * np.where(self.bits < 0, np.float32(1), coded[self.bits].astype(np.float32))


@lru_cache(maxsize=1)
def band() -> tuple[np.ndarray, np.ndarray]:
    """Row and column indices (N,) of the cosines that carry the mark."""
    rows, columns = np.mgrid[0:GRID, 0:GRID]
    radius = np.hypot(rows, columns)
    inside = (radius >= BAND[0]) & (radius < BAND[1])
    return rows[inside], columns[inside]


@lru_cache(maxsize=4)
def layout(key: bytes) -> Layout:
    """Assign every cosine of every slot to the pilot or to a coded bit, by key alone."""
    count = SLOTS * len(band()[0])
    places = keyed.order(key, "picture places", count)
    pilots = int(PILOT_SHARE * count)
    bits = np.full(count, -1)
    bits[places[pilots:]] = np.arange(count - pilots) % FORM.coded
    return Layout(bits.reshape(SLOTS, -1), keyed.signs(key, "picture signs", count).reshape(SLOTS, -1))


@lru_cache(maxsize=16)
def cosines(size: int) -> np.ndarray:
    """The first GRID cosines over `size` samples, (size, GRID) float32, each of mean square 1."""
    angles = np.pi * (np.arange(size)[:, None] + 0.5) * np.arange(GRID) / size
    return (np.sqrt(2.0) * np.cos(angles)).astype(np.float32)


def luma(frame: np.ndarray) -> np.ndarray:
    """Luma of one uint8 frame (H, W, 3) as float32, box-reduced by a whole number towards WORKING_SIDE."""
    image = Image.fromarray(frame).convert("L")
    factor = max(1, min(image.size) // WORKING_SIDE)
    return np.asarray(image.reduce(factor) if factor > 1 else image, np.float32)


def analyse(picture: np.ndarray) -> np.ndarray:
    """Coefficients (GRID, GRID) of a luma picture (h, w), scaled as an orthonormal transform of a GRID x GRID one."""
    height, width = picture.shape
    return (cosines(height).T @ picture @ cosines(width)) * np.float32(GRID / (height * width))


def synthesise(coefficients: np.ndarray, height: int, width: int) -> np.ndarray:
    """The picture (height, width) whose coefficients on unit-mean-square cosine products these are."""
    picture: np.ndarray = cosines(height) @ coefficients @ cosines(width).T
    return picture


def slot_weights(seconds: float) -> np.ndarray:
    """How much of each slot's pattern shows at a time (S,); neighbours cross-fade at constant power."""
    place = seconds / SLOT_SECONDS
    slot, within, half = int(place), place - int(place), 0.125
    weights = np.zeros(SLOTS, np.float32)
    if within < half:
        angle, other = np.pi / 4 * (1 + within / half), slot - 1
    elif within > 1 - half:
        angle, other = np.pi / 4 * (1 + (1 - within) / half), slot + 1
    else:
        angle, other = np.pi / 2, slot
    weights[other % SLOTS] = np.cos(angle)
    weights[slot % SLOTS] = np.sin(angle)
    return weights
