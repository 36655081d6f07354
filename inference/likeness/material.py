"""What is kept of an accepted capture, in one packet: templates, a picture, a voice, and the capture itself.

Four bytes of length, a JSON header, then the parts in the header's order; `volary.vault.unpacked` reads it.
"""

import io
import json
from dataclasses import dataclass

import numpy as np
from PIL import Image

ROOM = 2.0  # a portrait's side, in faces
LEAST_SIDE = 64


@dataclass(frozen=True)
class Material:
    """`faces` (N, 128) of one person, `voice` (256,), `picture` (H, W, 3) uint8, a portrait with the face in its
    middle, `speech` mono float32 at `rate`."""

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


def portrait(frame: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    """The square of a frame (H, W, 3) around a face with this mesh (468, 3), edges repeated where it reaches out."""
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    side = max(LEAST_SIDE, round(ROOM * float((high - low).max())))
    left, top = (round(float(each) - side / 2) for each in (low + high) / 2)
    rows = np.clip(np.arange(top, top + side), 0, frame.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, frame.shape[1] - 1)
    return frame[rows[:, None], columns]


def _png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()
