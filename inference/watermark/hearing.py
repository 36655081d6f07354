"""Reads the sound mark from a sound alone. Not covered yet: change of tempo or pitch."""

import numpy as np
from scipy.ndimage import uniform_filter, uniform_filter1d

from inference.watermark import tiles
from inference.watermark.payload import protect, recover
from inference.watermark.reading import (
    FALSE_POSITIVE_RATE,
    NOTHING,
    Reading,
    chance_of,
    chance_of_best,
    chance_of_payload,
    merged,
    score,
)

FLOOR = 1e-5
MOST_EVIDENCE = 2.5
DECODED_OFFSETS = 4
RANGE_P_VALUE = 1e-3


def read(sound: np.ndarray, sample_rate: int, key: bytes) -> Reading:
    """Look for the mark of `key` in mono float32 sound; see `Reading` for what it claims."""
    if len(sound) < sample_rate // 2 or not np.any(sound):
        return NOTHING
    layout = tiles.layout(key)
    evidence = _evidence(tiles.resampled(sound, sample_rate, tiles.RATE))
    folds = _folds(evidence)
    pilots = np.stack([_pilot(fold, layout) for fold in folds])
    scores = np.array([score(pilot) for pilot in pilots])
    for offset in np.argsort(-scores)[:DECODED_OFFSETS].tolist():
        payload = recover(_soft(folds[offset], layout), tiles.FORM)
        if payload is not None:
            claimed = _claim(payload, offset, (evidence, folds[offset]), layout)
            if claimed is not None:
                return claimed
    return Reading(None, chance_of_best(scores, pilots), 0.0)


def _claim(payload: int, offset: int, found: tuple[np.ndarray, np.ndarray], layout: tiles.Layout) -> Reading | None:
    """The reading of a decoded payload; None if some payload could agree as well by chance."""
    evidence, fold = found
    coded = protect(payload, tiles.FORM)
    chips = layout.chips(coded)
    p_value = chance_of_payload(score(fold * chips), tiles.FORM, tiles.PERIOD)
    if p_value > FALSE_POSITIVE_RATE:
        return None
    agreement = float(np.mean(np.sign(_soft(fold, layout)) == coded))
    return Reading(payload, p_value, max(0.0, 2 * agreement - 1), _ranges(evidence, chips, offset))


def _evidence(working: np.ndarray) -> np.ndarray:
    """How far each tile starting at each hop stands out from its surroundings, (hops, BANDS)."""
    transform = tiles.transform()
    energy = tiles.energies(transform.stft(working))[-transform.p_min :]
    loudness = np.log(energy + FLOOR * np.mean(energy) + 1e-20)
    tile = uniform_filter1d(loudness, tiles.HOPS, axis=0, origin=-(tiles.HOPS // 2), mode="nearest")
    around = uniform_filter(tile, (3 * tiles.HOPS, 5), mode="nearest")
    apart = tile - around
    spread = np.sqrt(uniform_filter(apart**2, (5 * tiles.HOPS, 9), mode="nearest")) + 1e-6
    return np.clip(apart / spread, -MOST_EVIDENCE, MOST_EVIDENCE)


def _folds(evidence: np.ndarray) -> np.ndarray:
    """For every place of the first hop in the period, evidence summed over periods, (PERIOD, SYMBOLS, BANDS)."""
    folds = np.zeros((tiles.PERIOD, tiles.SYMBOLS, tiles.BANDS), np.float32)
    for offset in range(tiles.PERIOD):
        starts = np.arange(-offset % tiles.HOPS, len(evidence), tiles.HOPS)
        np.add.at(folds[offset], (starts + offset) // tiles.HOPS % tiles.SYMBOLS, evidence[starts])
    return folds


def _pilot(fold: np.ndarray, layout: tiles.Layout) -> np.ndarray:
    pilots = layout.bits < 0
    signed: np.ndarray = fold[pilots] * layout.signs[pilots]
    return signed


def _soft(fold: np.ndarray, layout: tiles.Layout) -> np.ndarray:
    """One standard score per coded bit."""
    carrying = layout.bits >= 0
    signed, bits = (fold * layout.signs)[carrying], layout.bits[carrying]
    sums = np.bincount(bits, signed, minlength=tiles.FORM.coded)
    return sums / np.sqrt(np.bincount(bits, np.square(signed), minlength=tiles.FORM.coded) + 1e-9)


def _ranges(evidence: np.ndarray, chips: np.ndarray, offset: int) -> tuple[tuple[float, float], ...]:
    """Stretches of about a second that hold the tiles that were read, merged where they touch."""
    window, step, ranges = 10 * tiles.HOPS, tiles.HOP / tiles.RATE, []
    for start in range(-offset % tiles.HOPS, max(1, len(evidence) - window // 2), window):
        hops = np.arange(start, min(start + window, len(evidence)), tiles.HOPS)
        expected = chips[(hops + offset) // tiles.HOPS % tiles.SYMBOLS]
        if chance_of(score(evidence[hops] * expected)) <= RANGE_P_VALUE:
            ranges.append((start * step, min(start + window, len(evidence)) * step))
    return merged(ranges)
