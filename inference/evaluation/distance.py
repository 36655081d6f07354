"""The Fréchet distance between two sets of vectors, each taken as a normal distribution (Dowson and Landau 1982)."""

from __future__ import annotations

import numpy as np


def frechet(one: np.ndarray, other: np.ndarray) -> float:
    """Of vectors (N,D) and (M,D): squared distance of the means plus what the covariances differ by, never negative.

    With few vectors the covariances are rank-deficient and the distance is too large, so compare only sets of like
    size. Raises ValueError for sets of unlike width or of fewer than two vectors.
    """
    if one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1] or min(len(one), len(other)) < 2:
        raise ValueError(f"vectors are {one.shape} and {other.shape}, not (N,D) and (M,D) with N and M at least 2")
    apart = one.mean(0, dtype=np.float64) - other.mean(0, dtype=np.float64)
    first, second = _covariance(one), _covariance(other)
    # tr(sqrt(A B)) is the sum of the singular values of sqrt(A) sqrt(B), which needs no root of a skew matrix.
    shared = np.linalg.svd(_root(first) @ _root(second), compute_uv=False).sum()
    return float(max(0.0, apart @ apart + np.trace(first) + np.trace(second) - 2 * shared))


def _covariance(vectors: np.ndarray) -> np.ndarray:
    centred = vectors.astype(np.float64) - vectors.mean(0, dtype=np.float64)
    return centred.T @ centred / (len(vectors) - 1)


def _root(matrix: np.ndarray) -> np.ndarray:
    values, axes = np.linalg.eigh(matrix)
    return (axes * np.sqrt(values.clip(min=0))) @ axes.T
