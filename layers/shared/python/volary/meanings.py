"""Vectors of meaning as they travel: half floats in base64, and their cosines without numpy.

The product's functions start without numpy; a few hundred products of 512 numbers take plain Python some milliseconds.
"""

import base64
import struct
from operator import mul

WIDTH = 512
Vector = tuple[float, ...]


def unpacked(vector: str) -> Vector:
    """512 numbers of length one."""
    return struct.unpack(f"<{WIDTH}e", base64.b64decode(vector))


def cosine(one: Vector, other: Vector) -> float:
    return float(sum(map(mul, one, other)))
