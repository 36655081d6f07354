"""What a file from outside may ask of us, what we take out of it, and how it is refused."""

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from events.inference import MediaFacts

Code = Literal["invalid_media", "media_too_large"]


class MediaRefused(ValueError):
    """A file that is broken, of a kind we do not read, or beyond the limits; `code` is the wire's error code."""

    def __init__(self, code: Code, message: str):
        super().__init__(message)
        self.code: Code = code
        self.message = message


@dataclass(frozen=True)
class Limits:
    """Bounds on a file (refused beyond) and on what is taken out of it (reduced to fit).

    `frames` and `short_side` reduce: every n-th frame is kept, and frames are scaled down. `child_bytes` is the
    child's address space, of which libraries map about half.
    """

    file_bytes: int = 512 * 2**20
    seconds: float = 130.0
    frame_pixels: int = 4096 * 2304
    clip_pixels: int = 12_000_000_000
    streams: int = 8
    frames: int = 960
    short_side: int = 288
    output_bytes: int = 768 * 2**20
    child_bytes: int = 768 * 2**20
    cpu_seconds: int = 120
    wall_seconds: float = 180.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not value > 0:
                raise ValueError(f"limit {name} is {value}, not above 0")


@dataclass(frozen=True)
class Decoded:
    """Frames (T, H, W, 3) uint8 at a steady `frame_rate` and mono float32 sound (empty where there is none).

    `facts` describe the file as it came, before anything was left out. A still picture is one frame at rate 1.
    """

    frames: np.ndarray
    frame_rate: float
    sound: np.ndarray
    sample_rate: int
    facts: MediaFacts


def bound(what: str, value: float, most: float) -> None:
    """Refuse a file that goes beyond a limit. Raises MediaRefused (media_too_large)."""
    if value > most:
        raise MediaRefused("media_too_large", f"{value:,.10g} {what}, more than {most:,.10g}")


def fitting(width: int, height: int, short_side: int) -> tuple[int, int]:
    """The size that keeps the shape, has its short side within `short_side` and its long one within four times that."""
    share = min(1.0, short_side / min(width, height), 4 * short_side / max(width, height))
    return max(2, round(width * share)), max(2, round(height * share))
