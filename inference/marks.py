"""Looks for our mark in a file behind a link or in frames and sound already decoded. Torch-free."""

import numpy as np

from events.inference import DetectMark, MarkReading
from events.moderation import Span
from inference.links import Links
from inference.media import Decoded, Limits, MediaRefused, decode
from inference.refusal import InvalidMedia, MediaTooLarge
from inference.watermark import Reading, read_picture, read_sound

LIMITS = Limits()


def detect(links: Links, request: DetectMark, key: bytes) -> MarkReading:
    """Fetch, decode in the limited child, read. Raises Refused."""
    return read(opened(links.read(request.get, LIMITS.file_bytes)), key)


def opened(data: bytes, limits: Limits = LIMITS) -> Decoded:
    """A file's frames and sound. Raises InvalidMedia or MediaTooLarge, whatever the file does."""
    try:
        return decode(data, limits)
    except MediaRefused as refused:
        raise (MediaTooLarge if refused.code == "media_too_large" else InvalidMedia)(refused.message) from refused


def read(clip: Decoded, key: bytes) -> MarkReading:
    """The picture's 64-bit record as hex, and the sound's 32-bit short form."""
    picture = read_picture(clip.frames, clip.frame_rate, key)
    return MarkReading(
        payload=_hex(picture, 16),
        p_value=picture.p_value,
        confidence=picture.confidence,
        ranges=tuple(Span(start=start, end=end) for start, end in picture.ranges),
        sound_payload=_hex(_sound(clip.sound, clip.sample_rate, key), 8),
    )


def _sound(sound: np.ndarray, sample_rate: int, key: bytes) -> Reading | None:
    return read_sound(sound, sample_rate, key) if len(sound) else None


def _hex(reading: Reading | None, digits: int) -> str | None:
    return None if reading is None or reading.payload is None else f"{reading.payload:0{digits}x}"
