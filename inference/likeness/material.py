"""What is kept of an accepted capture, in one packet: templates, a picture, a voice, and the capture itself.

Four bytes of length, a JSON header, then the parts in the header's order; `volary.vault.unpacked` reads it.
"""

import io
import json
from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Material:
    """`faces` (N, 128) of one person, `voice` (256,), `picture` (H, W, 3) uint8, `speech` mono float32 at `rate`."""

    faces: np.ndarray
    voice: np.ndarray
    picture: np.ndarray
    speech: np.ndarray
    rate: int
    capture: bytes


def packed(material: Material, model: str) -> bytes:
    """The packet in clear; it is sealed before it goes anywhere."""
    parts = {"picture": _png(material.picture), "voice": material.speech.astype("<f4").tobytes()}
    parts["capture"] = material.capture
    header = {
        "model": model,
        "face": [[round(float(value), 5) for value in face] for face in material.faces],
        "voice": [round(float(value), 5) for value in material.voice],
        "rate": material.rate,
        "parts": {name: len(data) for name, data in parts.items()},
    }
    head = json.dumps(header).encode()
    return len(head).to_bytes(4, "big") + head + b"".join(parts.values())


def _png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()
