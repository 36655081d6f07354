"""Parts a straightened head into skin, hair and what is behind it, by colour and place, from one picture alone.

Mixtures of colours are fitted to the picture, each class begun and held by where it can be on a head. It is told
nothing of hats, and hair before a ground of its own colour runs into it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SIDE = 64  # pixels of the parted picture, which is two faces wide and high
ABOVE = 0.65  # faces between the picture's upper edge and the top of the mesh
LUMA = np.array([0.299, 0.587, 0.114])
_PARTS = np.repeat(np.arange(3), (2, 1, 3))  # of which class each of the colours mixed is: skin, hair, ground
_ROUNDS = 8
_SLACK = np.diag([0.02, 0.01, 0.01])  # least variance of a mixed colour


@dataclass(frozen=True)
class Parted:
    """Shares (N,N) of skin, hair and ground at each pixel, and how much liker hair than skin its colour is alone."""

    skin: np.ndarray
    hair: np.ndarray
    ground: np.ndarray
    hairy: np.ndarray


def places() -> tuple[np.ndarray, np.ndarray]:
    """Across and down (N,N) of each pixel in faces: 0 in the middle and at the mesh's top, 1 at the chin."""
    row = (np.arange(SIDE) + 0.5) * 2 / SIDE
    across, down = np.meshgrid(row - 1, row - ABOVE)
    return across, down


def parted(colours: np.ndarray, oval: np.ndarray, clear: np.ndarray, seen: np.ndarray) -> Parted:
    """Of a head's colours (N,N,3) in 0..1. `oval` is the face, `clear` what of it is skin for sure and may teach skin's
    colours, `seen` what the picture shows at all; all bool (N,N)."""
    tones, held = _tones(colours), _prior(oval)
    taught = seen & (clear | ~oval)
    weights = _begun(tones[taught], held[:, taught])
    blobs = _fitted(tones[taught], weights)
    for _ in range(_ROUNDS):
        shares = _shares(tones, blobs, held * seen)
        shares = _smooth(shares) * held
        shares = _shares(tones, blobs, shares)
        parts = np.exp(_likely(tones, blobs)) + 1e-9
        split = parts / np.stack([parts[kind == _PARTS].sum(0) for kind in range(3)])[_PARTS]
        blobs = _fitted(tones[taught], (shares[_PARTS] * split)[:, taught])
    parts = np.exp(_likely(tones, blobs)) + 1e-9
    skin, hair = (parts[kind == _PARTS].sum(0) for kind in (0, 1))
    shares = shares * seen
    return Parted(shares[0], shares[1], shares[2], hair / (skin + hair))


def _tones(colours: np.ndarray) -> np.ndarray:
    """Colours (...,3) as log luma and two differences that stay where the light falls off."""
    luma = colours @ LUMA
    red = 2 * (colours[..., 0] - colours[..., 1]) / (luma + 0.1)
    yellow = 2 * (colours[..., 1] - colours[..., 2]) / (luma + 0.1)
    return np.stack([np.log(luma + 0.03), red, yellow], -1)


def _prior(oval: np.ndarray) -> np.ndarray:
    """How likely (3,N,N) skin, hair and ground are at each place of any head."""
    across, down = places()
    reach = np.hypot(across / 0.50, (down - 0.36) / 0.66)  # 1 at the skull's rim
    beside = np.interp(np.abs(across), [0.3, 0.45, 0.75, 1], [0.05, 0.25, 0.12, 0.03])
    crown = np.interp(reach, [0.75, 0.9, 1.02, 1.2, 1.4, 1.7], [0.05, 0.5, 0.65, 0.3, 0.1, 0.02])
    hair = np.where(down < 0.45, crown, beside * np.interp(down, [0.45, 1.35], [1, 0.6]))
    hair = np.where(oval, np.where(down < 0.22, 0.15, 0.03), hair)
    skin = np.where(oval, 0.93, np.interp(reach, [0.8, 1.0, 1.1], [0.5, 0.2, 0.03]))
    skin = np.where((down > 0.9) & (np.abs(across) < 0.35) & ~oval, 0.4, skin)
    ground = np.interp(reach, [0.9, 1.02, 1.2, 1.5, 2], [0.02, 0.1, 0.4, 0.8, 0.95])
    ground = np.where(oval, 0.01, np.where(down > 1.1, np.maximum(ground, 0.35), ground))
    whole = np.stack([skin, hair, ground])
    return whole / whole.sum(0)


def _begun(tones: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Weights (6,P) of the pixels for each colour: those of a class are begun at its darker and lighter pixels."""
    order = np.argsort(tones[:, 0])
    weights = []
    for kind in range(3):
        many = int((kind == _PARTS).sum())
        rank = np.empty(len(tones))
        rank[order] = np.cumsum(held[kind][order]) / max(held[kind].sum(), 1e-6)
        weights += [held[kind] * np.clip(1 - 0.8 * np.abs(rank * many - at - 0.5), 0.02, 1) for at in range(many)]
    return np.array(weights)


Blob = tuple[np.ndarray, np.ndarray, float, float]  # a mixed colour: its middle, precision, log volume, log share


def _fitted(tones: np.ndarray, weights: np.ndarray) -> list[Blob]:
    blobs = []
    for kind, weight in zip(_PARTS, weights, strict=True):
        whole = max(float(weight.sum()), 1e-6)
        middle = weight @ tones / whole
        off = tones - middle
        spread = (off * weight[:, None]).T @ off / whole + _SLACK
        share = np.log(whole / max(float(weights[kind == _PARTS].sum()), 1e-6))
        blobs.append((middle, np.linalg.inv(spread), float(np.linalg.slogdet(spread)[1]), float(share)))
    return blobs


def _likely(tones: np.ndarray, blobs: list[Blob]) -> np.ndarray:
    """Log densities (6,...) of the tones (...,3) under each mixed colour, its share of its class included."""
    rows = []
    for middle, precision, volume, share in blobs:
        off = tones - middle
        rows.append(share - 0.5 * volume - 0.5 * ((off @ precision) * off).sum(-1))
    return np.clip(np.array(rows), -60, 60)


def _shares(tones: np.ndarray, blobs: list[Blob], held: np.ndarray) -> np.ndarray:
    parts = np.exp(_likely(tones, blobs)) + 1e-9
    whole = np.stack([parts[kind == _PARTS].sum(0) for kind in range(3)]) * (held + 1e-6)
    return np.asarray(whole / whole.sum(0))


def _smooth(shares: np.ndarray) -> np.ndarray:
    """Each pixel's shares beside its neighbours': parts of a head hang together."""
    wide = np.pad(shares, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = (wide[:, :-2] + wide[:, 1:-1] + wide[:, 2:]) / 3
    return np.asarray((rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]) / 3)
