"""Brings a mono wave to the loudness of ITU-R BS.1770 that players expect, without clipping."""

from __future__ import annotations

import numpy as np

TARGET = -16.0  # LUFS
CEILING = 0.97


def _weighting(hertz: np.ndarray) -> np.ndarray:
    """Power gain of the K filter per frequency: a +4 dB shelf above 1.5 kHz and a 38 Hz high-pass (BS.1770-4, annex 1),
    from their analogue prototypes, so that any sample rate will do."""
    s = 2j * np.pi * np.maximum(hertz, 1e-3)
    w, gain, q = 2 * np.pi * 1681.97, 10 ** (3.99984 / 20), 0.7071752
    shelf = (gain * s**2 + (gain**0.4996667 * w / q) * s + w**2) / (s**2 + (w / q) * s + w**2)
    w, q = 2 * np.pi * 38.13547, 0.5003270
    return np.abs(shelf * s**2 / (s**2 + (w / q) * s + w**2)) ** 2


def loudness(wave: np.ndarray, rate: int) -> float:
    """Gated loudness in LUFS of a mono wave (S,); -inf for silence."""
    block, hop = int(0.4 * rate), int(0.1 * rate)
    if len(wave) < block:
        wave = np.pad(wave, (0, block - len(wave)))
    filtered = _filtered(wave, rate)
    energy = np.cumsum(np.concatenate([[0.0], filtered.astype(np.float64) ** 2]))
    starts = np.arange(0, len(wave) - block + 1, hop)
    power = (energy[starts + block] - energy[starts]) / block
    loud = power[power > 10 ** ((-70 + 0.691) / 10)]
    if not len(loud):
        return float("-inf")
    kept = loud[loud > 0.1 * loud.mean()]
    return float(-0.691 + 10 * np.log10(kept.mean()))


def _filtered(wave: np.ndarray, rate: int) -> np.ndarray:
    spectrum = np.fft.rfft(wave)
    return np.fft.irfft(spectrum * np.sqrt(_weighting(np.fft.rfftfreq(len(wave), 1 / rate))), len(wave))


def normalised(wave: np.ndarray, rate: int) -> np.ndarray:
    """The wave at `TARGET` LUFS; peaks beyond `CEILING` are rounded off, and what that costs is made up once."""
    for _ in range(3):
        level = loudness(wave, rate)
        if not np.isfinite(level):
            return wave.astype(np.float32)
        wave = _rounded(wave * 10 ** ((TARGET - level) / 20))
    return wave.astype(np.float32)


def _rounded(wave: np.ndarray) -> np.ndarray:
    """Soft clipping above 0.6: the identity below, never beyond the ceiling."""
    knee = 0.6
    over = np.maximum(np.abs(wave) - knee, 0)
    room = CEILING - knee
    return np.sign(wave) * (np.minimum(np.abs(wave), knee) + room * np.tanh(over / room))
