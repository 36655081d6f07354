"""Where the sound mark lives: keyed gains on tiles of 96 ms by 62.5 Hz, a pattern that repeats every 2.7 s.

Tiles are loudness, not waveform: codecs keep it, and a reading needs no finer timing than a tile's width. This
module knows nothing of strength or decisions.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import gcd

import numpy as np
from scipy.signal import ShortTimeFFT, resample_poly
from scipy.signal.windows import hann

from inference.watermark import keyed
from inference.watermark.payload import Format

FORM = Format(bits=32, checksum=16, paths=4)
RATE = 16000
WINDOW = 1024
HOP = 256
HOPS = 6
SYMBOLS = 28
FIRST_BIN = 16
BAND_BINS = 4
BANDS = 96
PILOT_SHARE = 0.15
PERIOD = SYMBOLS * HOPS


@dataclass(frozen=True)
class Layout:
    """For one key, by symbol and band (SYMBOLS, BANDS): each tile's coded bit (-1 is the pilot) and sign."""

    bits: np.ndarray
    signs: np.ndarray

    def chips(self, coded: np.ndarray) -> np.ndarray:
        """The +1/-1 pattern (SYMBOLS, BANDS) that carries these coded bits and the pilot."""
        return self.signs * np.where(self.bits < 0, np.float32(1), coded[self.bits].astype(np.float32))


@lru_cache(maxsize=4)
def layout(key: bytes) -> Layout:
    """Assign every tile to the pilot or to a coded bit, by key alone."""
    count = SYMBOLS * BANDS
    places = keyed.order(key, "sound places", count)
    pilots = int(PILOT_SHARE * count)
    bits = np.full(count, -1)
    bits[places[pilots:]] = np.arange(count - pilots) % FORM.coded
    return Layout(bits.reshape(SYMBOLS, BANDS), keyed.signs(key, "sound signs", count).reshape(SYMBOLS, BANDS))


def transform() -> ShortTimeFFT:
    """The short-time Fourier transform that both sides use, at RATE."""
    return ShortTimeFFT(hann(WINDOW, sym=False), HOP, RATE)


def resampled(sound: np.ndarray, origin: int, target: int) -> np.ndarray:
    """The sound at another whole sample rate, float32, in time with the original."""
    if origin == target:
        return sound.astype(np.float32)
    common = gcd(origin, target)
    changed: np.ndarray = resample_poly(sound, target // common, origin // common).astype(np.float32)
    return changed


def energies(spectrum: np.ndarray) -> np.ndarray:
    """Energy of every band at every hop, (hops, BANDS), of a transform (bins, hops)."""
    used = np.abs(spectrum[FIRST_BIN : FIRST_BIN + BANDS * BAND_BINS]) ** 2
    summed: np.ndarray = used.reshape(BANDS, BAND_BINS, -1).sum(1).T
    return summed
