"""Puts the mark's short form into a sound; reading it is `hearing`'s part.

Loud tiles are changed least: the change is spread so that quiet ones carry most, each within MOST_DECIBEL, and the
whole keeps a signal-to-mark ratio of at least LEAST_RATIO dB.
"""

import numpy as np

from inference.watermark import tiles
from inference.watermark.payload import protect

LEAST_RATIO = 25.5
MOST_DECIBEL = 2.0
TRIALS = 12


def mark(sound: np.ndarray, sample_rate: int, short: int, key: bytes) -> np.ndarray:
    """The mono float32 sound with the 32-bit `short` in it, same length. Silence stays silence."""
    if sound.ndim != 1 or not 8000 <= sample_rate <= 192000:
        raise ValueError(f"sound is mono at 8000 to 192000 Hz, not {sound.shape} at {sample_rate}")
    sound = sound.astype(np.float32)
    if len(sound) < sample_rate // 8 or not np.any(sound):
        return sound
    working = tiles.resampled(sound, sample_rate, tiles.RATE)
    chips = tiles.layout(key).chips(protect(short, tiles.FORM))
    lowest, highest, change = 0.0, 20.0, np.zeros_like(sound)
    for _ in range(TRIALS):
        strength = (lowest + highest) / 2
        trial = tiles.resampled(_change(working, chips, strength), tiles.RATE, sample_rate)[: len(sound)]
        if _ratio(sound[: len(trial)], trial) >= LEAST_RATIO:
            lowest, change = strength, np.pad(trial, (0, len(sound) - len(trial)))
        else:
            highest = strength
    return np.clip(sound + change, -1, 1).astype(np.float32)


def _change(working: np.ndarray, chips: np.ndarray, strength: float) -> np.ndarray:
    """What the mark adds at tiles.RATE when a tile of mean loudness moves by `strength` dB."""
    transform = tiles.transform()
    spectrum = transform.stft(np.pad(working, (0, tiles.WINDOW)))
    energy = tiles.energies(spectrum)
    relative = energy / (np.mean(energy) + 1e-20)
    decibel = np.minimum(MOST_DECIBEL, strength / np.sqrt(relative + 1e-6))
    signs = chips[(np.arange(len(energy)) + transform.p_min) % tiles.PERIOD // tiles.HOPS]
    factor = np.repeat(10 ** (signs * decibel / 20) - 1, tiles.BAND_BINS, axis=1).T
    added = np.zeros_like(spectrum)
    added[tiles.FIRST_BIN : tiles.FIRST_BIN + len(factor)] = factor
    return transform.istft(spectrum * added, k1=len(working)).astype(np.float32)


def _ratio(sound: np.ndarray, change: np.ndarray) -> float:
    return 10 * float(np.log10((np.sum(sound**2) + 1e-20) / (np.sum(change**2) + 1e-20)))
