"""Opens a likeness that was lent for one clip: the picture and the voice that a generator may be conditioned on.

Nothing of it is kept: it lives as long as the clip is being made. Whether this person may be in this clip was decided
before; without the lent key nothing opens. The picture is decoded in the limited child like any other file: that it
opens with its key says who sealed it, not that it is harmless.
"""

import numpy as np

from events.inference import LikenessReference
from inference.generator.asking import Reference
from inference.likeness.sealing import unbox
from inference.links import Links
from inference.media import Limits, MediaRefused, decode
from inference.refusal import LikenessUnreadable, Refused

MOST_BYTES = 32 << 20
LIMITS = Limits(file_bytes=MOST_BYTES, frames=1, frame_pixels=2048 * 2048, short_side=512, cpu_seconds=20)
RATES = (8_000, 96_000)
LEAST_SIDE = 32  # pixels
LEAST_SECONDS, MOST_SECONDS = 0.5, 60.0


def opened(lent: LikenessReference, links: Links) -> Reference:
    """The person as the generator takes them. Raises LikenessUnreadable where a link is gone, the key does not open
    what it should, or what it opens is no portrait and voice.
    """
    try:
        key = links.read(lent.key, 32)
        picture = unbox(key, links.read(lent.picture, MOST_BYTES), lent.picture_about.encode())
        voice = unbox(key, links.read(lent.voice, MOST_BYTES), lent.voice_about.encode())
    except Refused as refusal:
        raise LikenessUnreadable(f"{lent.likeness_id}: {refusal}") from refusal
    return Reference(_portrait(picture, lent), _speech(voice, lent), lent.rate)


def _portrait(data: bytes, lent: LikenessReference) -> np.ndarray:
    """(H, W, 3) uint8."""
    try:
        clip = decode(data, LIMITS)
    except MediaRefused as refused:
        raise LikenessUnreadable(f"{lent.likeness_id}: the picture: {refused.message}") from refused
    found = np.array(clip.frames)
    if len(found) != 1 or min(found.shape[1:3]) < LEAST_SIDE:
        message = f"{lent.likeness_id}: {len(found)} pictures of {found.shape[2]}x{found.shape[1]}, not one portrait"
        raise LikenessUnreadable(message)
    return found[0]


def _speech(data: bytes, lent: LikenessReference) -> np.ndarray:
    """Mono float32 (S,) in -1..1."""
    if not RATES[0] <= lent.rate <= RATES[1]:
        raise LikenessUnreadable(f"{lent.likeness_id}: a voice at {lent.rate} Hz")
    seconds = len(data) / 4 / lent.rate
    if len(data) % 4 or not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise LikenessUnreadable(f"{lent.likeness_id}: {len(data)} bytes of voice, {seconds:.2f} s")
    sound = np.frombuffer(data, "<f4").astype(np.float32)
    if not np.isfinite(sound).all():
        raise LikenessUnreadable(f"{lent.likeness_id}: the voice is not finite")
    return np.clip(sound, -1, 1)
