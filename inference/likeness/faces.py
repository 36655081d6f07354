"""Finds faces in pictures, lays a mesh of 468 points on them and describes whose they are. It judges nothing.

BlazeFace and FaceMesh (Apache-2.0) run under LiteRT; the descriptor is dlib's residual network (CC0) in torch, from
weights with pinned digests. Known to be weaker on children and on darker skin (docs/model-card-likeness.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from PIL import Image
from torch import Tensor

from inference.likeness.geometry import inverse, moved, patch, similarity
from inference.safety.frames import FAR, NEAR, Detector
from inference.safety.packaged import own_file
from inference.weights import load_safetensors

MESH_SIDE, MESH_REACH = 192, 1.5
CHIP_SIDE, CHIP_PADDING = 150, 0.25
# Where dlib's 150x150 training pictures have the eyes' four corners and the nose's foot, before padding.
CHIP_POINTS = (263, 362, 33, 133, 2)
CHIP_PLACES = np.array(
    [
        [0.8595674, 0.2134981],
        [0.6460604, 0.2289674],
        [0.120575, 0.2137274],
        [0.334085, 0.2290642],
        [0.4901123, 0.6277975],
    ]
)
MEAN_COLOUR = (122.782, 117.001, 104.298)
BLOCKS = (
    *("conv32_1", "conv32_2", "conv32_3", "conv64_down", "conv64_1", "conv64_2", "conv64_3"),
    *("conv128_down", "conv128_1", "conv128_2", "conv256_down", "conv256_1", "conv256_2", "conv256_down_out"),
)


@dataclass(frozen=True)
class Found:
    """One face: `box` is (left, top, width, height) and `points` (6, 2) eyes, nose, mouth, ears, in pixels."""

    box: np.ndarray
    points: np.ndarray
    score: float


@dataclass(frozen=True)
class Face:
    """A face with its mesh (468, 3) in pixels and how surely a face is there at all."""

    found: Found
    mesh: np.ndarray
    presence: float


class Finder:
    """Both BlazeFace detectors: the near one for captures, the far one for crowds as well."""

    def __init__(self, folder: Path) -> None:
        self.near = _interpreter(own_file(folder, NEAR.file))
        self.far = _interpreter(own_file(folder, FAR.file))

    def nearby(self, frame: np.ndarray, line: float = 0.5) -> list[Found]:
        """Faces of a frame (H, W, 3) uint8 that fill a good part of it, the surest first."""
        return _apart(_candidates(NEAR, self.near, frame, line))

    def all(self, frame: np.ndarray, line: float = 0.5) -> list[Found]:
        """Faces of any size, the surest first."""
        far = _candidates(FAR, self.far, frame, line)
        return _apart(sorted([*_candidates(NEAR, self.near, frame, line), *far], key=lambda each: -each.score))


class Meshes:
    """Finder and mesh together, for whoever need not know whose face it is."""

    def __init__(self, weights: Path) -> None:
        """Reads `weights`/safety and `weights`/likeness. Raises WeightsChanged."""
        self.finder = Finder(weights / "safety")
        self.mesh_model = _interpreter(own_file(weights / "likeness", "face_landmark.tflite"))

    def read(self, frame: np.ndarray, found: Found) -> Face:
        """The mesh of one found face."""
        (left, top, width, height), points = found.box, found.points
        turn = math.atan2(points[1][1] - points[0][1], points[1][0] - points[0][0])
        share = MESH_SIDE / (MESH_REACH * max(width, height, 1.0))
        rotation = share * np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        centre = np.array([left + width / 2, top + height / 2])
        upright = np.column_stack([rotation, MESH_SIDE / 2 - rotation @ centre])
        mesh, presence = self._meshed(patch(frame, upright, MESH_SIDE))
        flat = moved(mesh[:, :2], inverse(upright))
        return Face(found, np.column_stack([flat, mesh[:, 2] / share]), presence)

    def _meshed(self, upright: np.ndarray) -> tuple[np.ndarray, float]:
        outputs = _run(self.mesh_model, upright.astype(np.float32)[None] / 255)
        mesh = next(each for each in outputs if each.size == 1404).reshape(468, 3)
        logit = float(next(each for each in outputs if each.size == 1).ravel()[0])
        return mesh, 1 / (1 + math.exp(-max(-50.0, min(50.0, logit))))


class Faces(Meshes):
    """Finder, mesh and descriptor together."""

    def __init__(self, weights: Path) -> None:
        """Reads `weights`/safety and `weights`/likeness. Raises WeightsChanged or WeightsError."""
        super().__init__(weights)
        self.descriptor = Descriptor(load_safetensors(weights / "likeness", "face.safetensors"))

    def describe(self, frame: np.ndarray, face: Face) -> np.ndarray:
        """128 numbers; two of one person are near each other in Euclidean distance."""
        return self.descriptor.of(chip(frame, face.mesh))


class Descriptor:
    """dlib's face descriptor; `weights` as face.safetensors names them, filters first by output."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        self.weights = weights

    @torch.inference_mode()
    def of(self, upright: np.ndarray) -> np.ndarray:
        """128 numbers for a chip (150, 150, 3) uint8."""
        x = torch.tensor(upright, dtype=torch.float32).permute(2, 0, 1)[None]
        x = (x - torch.tensor(MEAN_COLOUR)[:, None, None]) / 256
        x = F.max_pool2d(F.relu(self._layer(x, "conv32_down", 2, padded=False)), 3, 2)
        for name in BLOCKS:
            x = self._halving(x, name) if "down" in name else self._keeping(x, name)
        return (self.weights["fc"] @ x.mean((2, 3))[0]).numpy()

    def _layer(self, x: Tensor, name: str, stride: int, *, padded: bool = True) -> Tensor:
        w = self.weights
        y = F.conv2d(x, w[f"{name}/conv/filters"], w[f"{name}/conv/bias"], stride, int(padded))
        return y * w[f"{name}/scale/weights"][:, None, None] + w[f"{name}/scale/biases"][:, None, None]

    def _keeping(self, x: Tensor, name: str) -> Tensor:
        return F.relu(self._layer(F.relu(self._layer(x, f"{name}/conv1", 1)), f"{name}/conv2", 1) + x)

    def _halving(self, x: Tensor, name: str) -> Tensor:
        y = self._layer(F.relu(self._layer(x, f"{name}/conv1", 2, padded=False)), f"{name}/conv2", 1)
        z = F.avg_pool2d(x, 2, 2)
        y = F.pad(y, (0, z.shape[3] - y.shape[3], 0, z.shape[2] - y.shape[2]))
        return F.relu(y + F.pad(z, (0, 0, 0, 0, 0, y.shape[1] - z.shape[1])))


def chip(frame: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    """The upright (150, 150, 3) picture of a face that descriptor, sharpness and light are read from."""
    places = (CHIP_PLACES + CHIP_PADDING) / (1 + 2 * CHIP_PADDING) * CHIP_SIDE
    return patch(frame, similarity(mesh[list(CHIP_POINTS), :2], places), CHIP_SIDE)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """How far apart two descriptors are: under 0.5 they are taken for one person here."""
    return float(np.linalg.norm(one - other))


def _interpreter(model: bytes):  # type: ignore[no-untyped-def]
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def _run(interpreter, pixels: np.ndarray) -> list[np.ndarray]:  # type: ignore[no-untyped-def]
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
    interpreter.invoke()
    return [interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()]


def _candidates(detector: Detector, interpreter, frame: np.ndarray, line: float) -> list[Found]:  # type: ignore[no-untyped-def]
    """Every anchor over `line`, the surest first."""
    longest, side = max(frame.shape[:2]), detector.side
    corner = np.array([(longest - frame.shape[1]) // 2, (longest - frame.shape[0]) // 2])
    square = Image.new("RGB", (longest, longest))
    square.paste(Image.fromarray(np.ascontiguousarray(frame)), tuple(corner.tolist()))
    pixels = np.asarray(square.resize((side, side), Image.Resampling.BILINEAR), np.float32)
    outputs = _run(interpreter, (pixels / 127.5 - 1)[None])
    logits = next(each for each in outputs if each.shape[-1] == 1)[0, :, 0]
    scores = 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
    boxes, anchors = next(each for each in outputs if each.shape[-1] == 16)[0], _anchors(detector)
    return [
        _found(boxes[at] / side, anchors[at], longest, corner, float(scores[at]))
        for at in np.argsort(-scores)
        if scores[at] >= line
    ]


def _found(values: np.ndarray, anchor: np.ndarray, longest: int, corner: np.ndarray, score: float) -> Found:
    centre, size = anchor + values[:2], values[2:4]
    box = np.concatenate([(centre - size / 2) * longest - corner, size * longest])
    return Found(box, (anchor + values[4:16].reshape(6, 2)) * longest - corner, score)


def _anchors(detector: Detector) -> np.ndarray:
    return np.array(
        [
            ((column + 0.5) / cells, (row + 0.5) / cells)
            for cells, each in detector.grids
            for row in range(cells)
            for column in range(cells)
            for _ in range(each)
        ]
    )


def _apart(candidates: list[Found]) -> list[Found]:
    """Without those that overlap a surer one by more than a third."""
    kept: list[Found] = []
    for each in candidates:
        if all(_overlap(each.box, other.box) < 1 / 3 for other in kept):
            kept.append(each)
    return kept


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """The shared area over the smaller one's, so that a face inside a face counts as the same."""
    least = np.minimum(one[:2] + one[2:], other[:2] + other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(np.prod(np.clip(least, 0, None)))
    return shared / max(1e-6, min(float(np.prod(one[2:])), float(np.prod(other[2:]))))
