"""Keyed, reproducible randomness for the marks; SHAKE-256 and not a numpy generator, whose stream may change."""

import hashlib
import hmac

import numpy as np

MIN_KEY_BYTES = 16


def words(key: bytes, label: str, count: int) -> np.ndarray:
    """`count` uniform uint32 words for a purpose. Raises ValueError for a key that is too short."""
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"a mark key has at least {MIN_KEY_BYTES} bytes, not {len(key)}")
    seed = hmac.digest(key, label.encode(), "sha256")
    return np.frombuffer(hashlib.shake_256(seed).digest(4 * count), "<u4")


def signs(key: bytes, label: str, count: int) -> np.ndarray:
    """`count` fair +1/-1 values, float32."""
    return 1.0 - 2.0 * (words(key, label, count) & 1).astype(np.float32)


def order(key: bytes, label: str, count: int) -> np.ndarray:
    """A random permutation of range(count)."""
    return np.argsort(words(key, label, count), kind="stable")
