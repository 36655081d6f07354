"""Opens a likeness that was lent for one clip: the picture and the voice that a generator may be conditioned on.

Nothing of it is kept: it lives as long as the clip is being made. Whether this person may be in this clip was decided
before; without the lent key nothing opens.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from events.inference import LikenessReference
from inference.likeness.sealing import unbox
from inference.links import Links

MOST_BYTES = 32 << 20


@dataclass(frozen=True)
class Lent:
    """`picture` (H, W, 3) uint8 of the person, `voice` mono float32 at `rate`."""

    likeness_id: str
    picture: np.ndarray
    voice: np.ndarray
    rate: int


def opened(reference: LikenessReference, links: Links) -> Lent:
    """Raises Refused where a link is gone or the key does not open what it should."""
    key = links.read(reference.key, 32)
    picture = unbox(key, links.read(reference.picture, MOST_BYTES), reference.picture_about.encode())
    voice = unbox(key, links.read(reference.voice, MOST_BYTES), reference.voice_about.encode())
    with Image.open(io.BytesIO(picture), formats=["PNG"]) as image:
        pixels = np.asarray(image.convert("RGB"))
    return Lent(reference.likeness_id, pixels, np.frombuffer(voice, "<f4"), reference.rate)
