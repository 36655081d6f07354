"""Puts the mark's short form into a sound; reading it is `hearing`'s part.

Loud tiles are changed least: the change is spread so that quiet ones carry most, each within MOST_DECIBEL, and the
whole keeps a signal-to-mark ratio of at least LEAST_RATIO dB.
"""

import numpy as np

from inference.watermark import tiles
from inference.watermark.payload import protect

LEAST_RATIO = 26.0
MOST_DECIBEL = 5.0
EVENNESS = 1.0
TRIALS = 16
MOST_RAISE = 1.4


def mark(sound: np.ndarray, sample_rate: int, short: int, key: bytes) -> np.ndarray:
    """The mono float32 sound with the 32-bit `short` in it, same length. Silence stays silence."""
    if sound.ndim != 1 or not 8000 <= sample_rate <= 192000:
        raise ValueError(f"sound is mono at 8000 to 192000 Hz, not {sound.shape} at {sample_rate}")
    sound = sound.astype(np.float32)
    if len(sound) < sample_rate // 8 or not np.any(sound):
        return sound
    working = tiles.resampled(sound, sample_rate, tiles.RATE)
    chips = tiles.layout(key).chips(protect(short, tiles.FORM))
    change = tiles.resampled(_change(working, chips), tiles.RATE, sample_rate)[: len(sound)]
    change = np.pad(change, (0, len(sound) - len(change)))
    change *= min(MOST_RAISE, 10 ** ((_ratio(sound, change) - LEAST_RATIO) / 20))
    return np.clip(sound + change, -1, 1).astype(np.float32)


def _change(working: np.ndarray, chips: np.ndarray) -> np.ndarray:
    """What the mark adds at tiles.RATE, a little louder than it may be."""
    transform = tiles.transform()
    spectrum = transform.stft(np.pad(working, (0, tiles.WINDOW)))
    energy = tiles.energies(spectrum)
    signs = chips[(np.arange(len(energy)) + transform.p_min) % tiles.PERIOD // tiles.HOPS]
    decibels = _decibels(energy, float(np.sum(np.abs(spectrum) ** 2)))
    factor = np.repeat(10 ** (signs * decibels / 20) - 1, tiles.BAND_BINS, axis=1)
    added = np.zeros_like(spectrum)
    added[tiles.FIRST_BIN : tiles.FIRST_BIN + factor.shape[1]] = factor.T
    return transform.istft(spectrum * added, k1=len(working)).astype(np.float32)


def _decibels(energy: np.ndarray, whole: float) -> np.ndarray:
    """How far each tile moves so that all of it together stays LEAST_RATIO below the sound; loud tiles move least."""
    shape = (energy / np.mean(energy) + 1e-6) ** (-EVENNESS / 2)
    lowest, highest = 0.0, 20.0
    for _ in range(TRIALS):
        strength = (lowest + highest) / 2
        moved = np.minimum(MOST_DECIBEL, strength * shape)
        within = np.sum(energy * (moved * np.log(10) / 20) ** 2) * 10 ** (LEAST_RATIO / 10) <= whole
        lowest, highest = (strength, highest) if within else (lowest, strength)
    return np.minimum(MOST_DECIBEL, lowest * shape)


def _ratio(sound: np.ndarray, change: np.ndarray) -> float:
    return 10 * float(np.log10((np.sum(sound**2) + 1e-20) / (np.sum(change**2) + 1e-20)))
