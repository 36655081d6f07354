"""Reads the picture mark from frames alone: no original, no time base but the frame rate, any scale or aspect.

Covered: re-encoding, scaling, aspect, frame rate, trimming. Not covered yet: crop, rotation, flip, perspective.
"""

import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter1d

from inference.watermark import carriers
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

FINE = 4
PERIOD = carriers.SLOTS * FINE
FINE_SECONDS = carriers.SLOT_SECONDS / FINE
POWER_FLOOR = 0.5
MOST_EVIDENCE = 3.0
DECODED_OFFSETS = 4
RANGE_P_VALUE = 1e-4


def read(frames: np.ndarray, frame_rate: float, key: bytes) -> Reading:
    """Look for the mark of `key` in frames (T, H, W, 3) uint8; see `Reading` for what it claims."""
    if not frame_rate > 0:
        raise ValueError(f"frame rate {frame_rate} is not above 0")
    return judge(evidence(frames, frame_rate), key) if len(frames) else NOTHING


def judge(found: np.ndarray, key: bytes) -> Reading:
    """What `evidence` says under one key."""
    layout = carriers.layout(key)
    folds = _folds(found)
    pilots = np.stack([_pilot(folds, offset, layout) for offset in range(PERIOD)])
    scores = np.array([score(pilot) for pilot in pilots])
    for offset in np.argsort(-scores)[:DECODED_OFFSETS].tolist():
        payload = recover(_soft(folds, offset, layout), carriers.FORM)
        if payload is not None:
            claimed = _claim(payload, offset, (found, folds), layout)
            if claimed is not None:
                return claimed
    return Reading(None, chance_of_best(scores, pilots), 0.0)


def _claim(payload: int, offset: int, found: tuple[np.ndarray, np.ndarray], layout: carriers.Layout) -> Reading | None:
    """The reading of a decoded payload; None if some payload could agree as well by chance."""
    steps, folds = found
    coded = protect(payload, carriers.FORM)
    chips = layout.chips(coded)
    p_value = chance_of_payload(score(_slots(folds, offset) * chips), carriers.FORM, PERIOD)
    if p_value > FALSE_POSITIVE_RATE:
        return None
    agreement = float(np.mean(np.sign(_soft(folds, offset, layout)) == coded))
    return Reading(payload, p_value, max(0.0, 2 * agreement - 1), _ranges(steps, chips, offset))


def evidence(frames: np.ndarray, frame_rate: float) -> np.ndarray:
    """Whitened coefficients (J, N) in steps of FINE_SECONDS, what stays still for a period taken out; needs no key."""
    rows, columns = carriers.band()
    each = [carriers.analyse(carriers.luma(frame))[rows, columns] for frame in frames]
    overlap = _overlap(len(frames), frame_rate)
    steps, filled = overlap @ np.stack(each), overlap.sum(1, keepdims=True)
    moving = steps - filled * _still(steps, filled)
    return np.clip(moving / np.sqrt(_power(moving) + POWER_FLOOR), -MOST_EVIDENCE, MOST_EVIDENCE)


def _overlap(count: int, frame_rate: float) -> np.ndarray:
    """Which share of each fine step (J,) every frame (T,) fills, (J, T) float32."""
    starts = np.arange(count) / frame_rate / FINE_SECONDS
    steps = np.arange(int(np.ceil(count / frame_rate / FINE_SECONDS - 1e-9)))[:, None]
    ends = starts + 1 / frame_rate / FINE_SECONDS
    return np.clip(np.minimum(ends, steps + 1) - np.maximum(starts, steps), 0, None).astype(np.float32)


def _still(steps: np.ndarray, filled: np.ndarray) -> np.ndarray:
    """The mean over the period around each step; zero for a clip shorter than two slots, which has no mean to trust."""
    if len(steps) < 2 * FINE:
        return np.zeros_like(steps)
    window = min(PERIOD, len(steps))
    total = uniform_filter1d(steps, window, axis=0, mode="reflect")
    return total / np.maximum(uniform_filter1d(filled, window, axis=0, mode="reflect"), 1e-6)


def _power(moving: np.ndarray) -> np.ndarray:
    """Local mean square over time and neighbouring cosines, (J, N)."""
    inside = np.zeros((carriers.GRID, carriers.GRID), np.float32)
    band = carriers.band()
    inside[band] = 1
    weight = gaussian_filter(inside, 2)[band]
    squares = uniform_filter1d(np.square(moving), FINE, axis=0, mode="nearest")
    plane = np.zeros_like(inside)
    for index, row in enumerate(squares):
        plane[band] = row
        squares[index] = gaussian_filter(plane, 2)[band] / weight
    return squares


def _folds(steps: np.ndarray) -> np.ndarray:
    """Evidence summed over periods, (PERIOD, N)."""
    folds = np.zeros((PERIOD, steps.shape[1]), np.float32)
    np.add.at(folds, np.arange(len(steps)) % PERIOD, steps)
    return folds


def _slots(folds: np.ndarray, offset: int) -> np.ndarray:
    """Sums by slot (S, N) when the first step lies `offset` steps into the period."""
    return np.roll(folds, offset, axis=0).reshape(carriers.SLOTS, FINE, -1).sum(1)


def _pilot(folds: np.ndarray, offset: int, layout: carriers.Layout) -> np.ndarray:
    pilots = layout.bits < 0
    signed: np.ndarray = _slots(folds, offset)[pilots] * layout.signs[pilots]
    return signed


def _soft(folds: np.ndarray, offset: int, layout: carriers.Layout) -> np.ndarray:
    """One standard score per coded bit."""
    carrying = layout.bits >= 0
    signed = (_slots(folds, offset) * layout.signs)[carrying]
    bits, coded = layout.bits[carrying], carriers.FORM.coded
    sums = np.bincount(bits, signed, minlength=coded)
    return sums / np.sqrt(np.bincount(bits, np.square(signed), minlength=coded) + 1e-9)


def _ranges(steps: np.ndarray, chips: np.ndarray, offset: int) -> tuple[tuple[float, float], ...]:
    """Stretches whose one-second windows hold the chips that were read, merged where they touch."""
    window, ranges = 4 * FINE, []
    for start in range(0, max(1, len(steps) - window // 2), window):
        end = len(steps) if len(steps) < start + window + window // 2 else start + window
        expected = chips[(np.arange(start, end) + offset) % PERIOD // FINE]
        if chance_of(score(steps[start:end] * expected)) <= RANGE_P_VALUE:
            ranges.append((start * FINE_SECONDS, end * FINE_SECONDS))
    return merged(ranges)
