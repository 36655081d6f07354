"""Plane geometry of faces: fitting a similarity, cutting an upright patch, and angles of a face mesh. No models."""

import math

import numpy as np
from PIL import Image

LEFT_EYE, RIGHT_EYE, FOREHEAD, CHIN = 33, 263, 10, 152  # outer corners, as the picture shows them
UPPER_LIP, LOWER_LIP = 13, 14  # inner edges


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The (2, 3) map of rotation, scale and shift that takes points (N, 2) nearest to others, by least squares."""
    middle, aim = source.mean(axis=0), target.mean(axis=0)
    from_middle, from_aim = source - middle, target - aim
    along = (from_middle * from_aim).sum()
    across = (from_middle[:, 0] * from_aim[:, 1] - from_middle[:, 1] * from_aim[:, 0]).sum()
    size = (from_middle**2).sum()
    if size <= 0:
        raise ValueError(f"{len(source)} points in one place fit no map")
    turn = np.array([[along, -across], [across, along]]) / size
    return np.column_stack([turn, aim - turn @ middle])


def inverse(map_: np.ndarray) -> np.ndarray:
    """The (2, 3) map that undoes one."""
    turn = np.linalg.inv(map_[:, :2])
    return np.column_stack([turn, -turn @ map_[:, 2]])


def moved(points: np.ndarray, map_: np.ndarray) -> np.ndarray:
    """Points (N, 2) through a (2, 3) map."""
    return points @ map_[:, :2].T + map_[:, 2]


def patch(frame: np.ndarray, map_: np.ndarray, side: int) -> np.ndarray:
    """The (side, side, 3) uint8 picture that `map_` takes a frame (H, W, 3) to; black outside of it."""
    back = inverse(map_).ravel()
    picture = Image.fromarray(np.ascontiguousarray(frame))
    return np.asarray(picture.transform((side, side), Image.Transform.AFFINE, back, Image.Resampling.BILINEAR))


def pose(mesh: np.ndarray) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a mesh (468, 3).

    Yaw is positive where the nose points to the picture's right, pitch where it points down.
    """
    across = mesh[RIGHT_EYE] - mesh[LEFT_EYE]
    down = mesh[CHIN] - mesh[FOREHEAD]
    across, down = across / np.linalg.norm(across), down / np.linalg.norm(down)
    out = np.cross(across, down)
    out = out / np.linalg.norm(out)
    yaw, pitch = math.atan2(-out[0], abs(out[2])), math.atan2(-out[1], abs(out[2]))
    return math.degrees(yaw), math.degrees(pitch), math.degrees(math.atan2(across[1], across[0]))


def mouth_opening(mesh: np.ndarray) -> float:
    """The gap between the lips as a share of the face's height."""
    height = float(np.linalg.norm(mesh[CHIN] - mesh[FOREHEAD]))
    return float(np.linalg.norm(mesh[LOWER_LIP] - mesh[UPPER_LIP])) / max(height, 1e-6)
