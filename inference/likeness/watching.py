"""Watches a capture's picture: faces, poses, lips, light, and traces of a screen or a print. It decides nothing.

What the traces catch is in docs/model-card-likeness.md: a flat picture that is turned, a pattern of lines as a screen
leaves one, and brightness that beats. A good screen, filmed well, leaves none of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from events.likeness import Turn
from inference.likeness.faces import Face, Faces, chip
from inference.likeness.geometry import mouth_opening, pose

PER_SECOND = 10
CROWD_EVERY = 5  # every so many looks also for small faces
YAW, PITCH = 10.0, 8.0  # degrees from the person's own straight look that count as a turn
LOOKS_IN_A_TURN = 2
SURE, PRESENT = 0.6, 0.5
TRACKED = 0.3  # presence of a face that was there a moment ago; of background it is 0.05 at most
TRUSTED = 0.8  # presence from which the mesh's angles count; of a face that is half lost it reads a straight one
SIDEWAYS = 0.7  # yaw as a share of pitch that makes a look a turn: turns nod (1.3 and more), nods hardly turn (0.34)
RIGID = (10, 152, 234, 454, 33, 133, 362, 263, 1, 2, 4, 5, 6, 168, 195, 197, 127, 356, 93, 323, 58, 288)


@dataclass(frozen=True)
class Look:
    """One sampled frame: its time, how many faces it shows, and of a lone face the mesh and its measures."""

    second: float
    faces: int
    face: Face | None = None
    yaw: float = 0
    pitch: float = 0
    mouth: float = 0
    light: float = 0
    contrast: float = 0
    sharpness: float = 0


@dataclass(frozen=True)
class Watched:
    """Every look at a capture and the frames they were taken of (N, H, W, 3)."""

    looks: tuple[Look, ...]
    frames: np.ndarray

    @property
    def lone(self) -> list[Look]:
        return [look for look in self.looks if look.face is not None]


def watch(frames: np.ndarray, frame_rate: float, faces: Faces) -> Watched:
    """Look at a clip (T, H, W, 3) ten times a second."""
    step = max(1.0, frame_rate / PER_SECOND)
    places = [round(at * step) for at in range(int((len(frames) - 1) / step) + 1)]
    chosen = np.asarray(frames[places])
    looks: list[Look] = []
    for at, place in enumerate(places):
        before = looks[-1].face if looks else None
        looks.append(_look(chosen[at], place / frame_rate, (faces, before), crowd=at % CROWD_EVERY == 0))
    return Watched(tuple(looks), chosen)


def turns(looks: Sequence[Look]) -> list[Turn]:
    """The head turns of a capture in their order; left is the person's own left, the picture's right.

    Looks at which the mesh hardly sees a face say neither that the head turned nor that it came back.
    """
    if not looks:
        return []
    straight_yaw, straight_pitch = straight(looks)
    found: list[Turn] = []
    run: tuple[Turn | None, int] = (None, 0)
    for look in (each for each in looks if each.face is not None and each.face.presence >= TRUSTED):
        now = _turned(look.yaw - straight_yaw, look.pitch - straight_pitch)
        run = (now, run[1] + 1 if now == run[0] else 1)
        if now and run[1] == LOOKS_IN_A_TURN:
            found.append(now)
    return [turn for at, turn in enumerate(found) if at == 0 or turn != found[at - 1]]


def straight(looks: Sequence[Look]) -> tuple[float, float]:
    """Yaw and pitch of the person's own straight look: where the head is most of the time."""
    return float(np.median([look.yaw for look in looks])), float(np.median([look.pitch for look in looks]))


def frontal(looks: Sequence[Look], count: int) -> list[int]:
    """Places of the looks nearest to straight, spread over the capture."""
    yaw, pitch = straight(looks)
    off = np.array([abs(look.yaw - yaw) + abs(look.pitch - pitch) + 200 * look.mouth for look in looks])
    parts = np.array_split(np.arange(len(looks)), min(count, len(looks)))
    return [int(part[np.argmin(off[part])]) for part in parts]


def flatness(looks: Sequence[Look]) -> float:
    """How far turned faces are from a flat picture that was tilted: median residual as a share of the face's size.

    A plane seen from elsewhere is an affine map of itself; a head is not, because the nose stands out.
    """
    yaw, pitch = straight(looks)
    reference = _upright(looks[frontal(looks, 1)[0]])
    turned = [look for look in looks if abs(look.yaw - yaw) > YAW or abs(look.pitch - pitch) > PITCH]
    if not turned:
        return 0.0
    return float(np.median([_residual(reference, _upright(look)) for look in turned]))


def pattern(watched: Watched) -> float:
    """The strongest line pattern in a face's surroundings: peak over median of the spectrum, in decibels."""
    found = []
    for look, frame in list(zip(watched.looks, watched.frames, strict=True))[:: max(1, len(watched.looks) // 8)]:
        if look.face is not None:
            found.append(_peak(_grey(chip(frame, look.face.mesh))))
    return float(np.median(found)) if found else 0.0


def beat(frames: np.ndarray) -> float:
    """How much the brightness of the whole picture beats from look to look, in grey levels after slow changes."""
    level = frames[:, ::8, ::8].astype(np.float32).mean(axis=(1, 2, 3))
    if len(level) < 5:
        return 0.0
    return float(np.std(np.diff(level, 2)) / np.sqrt(6))


def _look(frame: np.ndarray, second: float, seeing: tuple[Faces, Face | None], *, crowd: bool) -> Look:
    """`seeing` are the models and the face of the look before: detectors lose a face that is turned far, and the mesh
    still finds it where it was a tenth of a second ago.
    """
    faces, before = seeing
    candidates = faces.finder.all(frame, SURE) if crowd else faces.finder.nearby(frame)
    # A detector sees faces in curtains, too; the mesh, which looks closer, says whether there is one.
    found = [face for each in candidates if (face := faces.read(frame, each)).presence >= PRESENT]
    if not found and before is not None:
        found = [face for face in [faces.read(frame, before.found)] if face.presence >= TRACKED]
    if len(found) != 1:
        return Look(second, len(found))
    face, count = found[0], 1
    yaw, pitch, _ = pose(face.mesh)
    grey = _grey(chip(frame, face.mesh))
    middle = grey[25:125, 25:125]
    return Look(
        second, count, face, yaw, pitch, mouth_opening(face.mesh), float(middle.mean()), float(middle.std()),
        sharpness(grey),
    )  # fmt: skip


def sharpness(grey: np.ndarray) -> float:
    """Edges of a chip (150, 150) against its contrast: the spread of its Laplacian over that of its greys."""
    laplacian = (
        -4 * grey[1:-1, 1:-1] + grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    )  # fmt: skip
    return float(laplacian.std() / max(1.0, float(grey.std())))


def _turned(yaw: float, pitch: float) -> Turn | None:
    if abs(yaw) < YAW and abs(pitch) < PITCH:
        return None
    # In degrees and not in shares of the lines: whoever holds the head low or the phone askew nods as they turn.
    if abs(yaw) >= max(YAW, SIDEWAYS * abs(pitch)):
        return "left" if yaw > 0 else "right"
    return "down" if pitch > 0 else "up"


def _upright(look: Look) -> np.ndarray:
    assert look.face is not None  # noqa: S101 - callers pass lone looks
    points = look.face.mesh[list(RIGID), :2]
    return (points - points.mean(axis=0)) / max(1e-6, float(points.std()))


def _residual(reference: np.ndarray, seen: np.ndarray) -> float:
    basis = np.column_stack([reference, np.ones(len(reference))])
    fitted = basis @ np.linalg.lstsq(basis, seen, rcond=None)[0]
    return float(np.sqrt(((fitted - seen) ** 2).sum(axis=1).mean()))


def _peak(grey: np.ndarray) -> float:
    """Faces have smooth spectra; a grid of pixels or of print dots adds sharp peaks away from the middle."""
    window = np.hanning(grey.shape[0])[:, None] * np.hanning(grey.shape[1])[None]
    power = np.abs(np.fft.fft2((grey - grey.mean()) * window)) ** 2
    side = len(grey)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
    rings = np.digitize(frequency, np.arange(0.1, 0.5, 0.04))
    peaks = [_over(power[rings == ring]) for ring in range(1, 10)]
    return float(max(peaks))


def _over(ring: np.ndarray) -> float:
    return float(10 * np.log10(max(1e-9, float(ring.max())) / max(1e-9, float(np.median(ring)))))


def _grey(picture: np.ndarray) -> np.ndarray:
    return np.asarray(picture.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32))
