"""Proxies of smoothness, called proxies: how much pictures change from frame to frame, and how evenly they move.

Neither says that a clip is right: a still grey picture is perfectly consistent. They count only beside renders.
"""

from __future__ import annotations

import numpy as np

_SIDE = 8  # pixels of a block
_REACH = 4  # pixels a block may move in a frame


def grey(pictures: np.ndarray) -> np.ndarray:
    """Frames float (T,3,H,W) in 0..1 to grey (T,H,W)."""
    return pictures.mean(1)


def consistency(shades: np.ndarray) -> float:
    """Mean correlation (-1..1) of each frame's grey (T,H,W) with the next; 1 where two flat frames meet."""
    flat = shades.reshape(len(shades), -1) - shades.mean((1, 2))[:, None]
    norms = np.linalg.norm(flat, axis=1)
    together = (flat[1:] * flat[:-1]).sum(1)
    both = norms[1:] * norms[:-1]
    return float(np.where(both > 1e-6, together / np.maximum(both, 1e-6), 1.0).mean())


def flow(shades: np.ndarray) -> np.ndarray:
    """How each 8-pixel block of frames (T,H,W) moved to the next: (T-1,H/8,W/8,2) whole pixels down and across, by the
    least squared difference within four pixels; of equal ones the shortest."""
    high, wide = shades.shape[1] // _SIDE * _SIDE, shades.shape[2] // _SIDE * _SIDE
    before, after = shades[:-1, :high, :wide], shades[1:]
    padded = np.pad(after, ((0, 0), (_REACH, _REACH), (_REACH, _REACH)), mode="edge")
    moves = [(down, across) for down in range(-_REACH, _REACH + 1) for across in range(-_REACH, _REACH + 1)]
    moves.sort(key=lambda move: move[0] ** 2 + move[1] ** 2)
    costs = []
    for down, across in moves:
        moved = padded[:, _REACH + down : _REACH + down + high, _REACH + across : _REACH + across + wide]
        error = (moved - before) ** 2
        blocks = error.reshape(len(error), high // _SIDE, _SIDE, wide // _SIDE, _SIDE)
        costs.append(blocks.sum((2, 4)) + 1e-4 * len(costs))
    return np.array(moves)[np.argmin(np.stack(costs), axis=0)]


def jerk(shades: np.ndarray) -> float:
    """Flow smoothness: the mean length in pixels by which a block's motion changes from one frame to the next."""
    moved = flow(shades).astype(float)
    return float(np.linalg.norm(np.diff(moved, axis=0), axis=-1).mean())
