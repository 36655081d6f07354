"""Stages captures for evaluation, genuine ones and attacks, from a picture of a face and recordings of digits.

The picture is bent in three dimensions over the face's own mesh, the lips move with the speech, and the result is a
clip like a person's. It proves nothing of cameras, rooms and skins that were not staged; docs/model-card-likeness.md
says so. Never part of the model server.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from PIL import Image
from scipy.interpolate import griddata
from scipy.ndimage import gaussian_filter, map_coordinates, zoom
from scipy.signal import resample

from events.likeness import Turn
from inference.likeness.faces import Faces
from inference.likeness.geometry import mouth_opening, pose
from inference.likeness.voices import RATE

SIDE = 240
FRAME_RATE = 10.0
COARSE = 4
TURN_DEGREES: dict[Turn, tuple[float, float]] = {"left": (34, 0), "right": (-34, 0), "up": (0, -18), "down": (0, 18)}
GAPES = 0.085
SHUT = 0.045
OPENED = 0.03  # how much wider, as a share of the face's height, a mouth that speaks is read at least
STRAIGHT = 9.0
PAUSE, BREATH = (0.7, 1.1), (0.22, 0.36)  # seconds between groups of digits, and within one
CLOSEST = 0.05


@dataclass(frozen=True)
class Actor:
    """A face ready to be bent: `picture` (SIDE, SIDE, 3) float in [0, 255], `depth` and `hold` on a coarse grid."""

    picture: np.ndarray
    depth: np.ndarray  # towards the camera, in pixels from the axis that the head turns on
    hold: np.ndarray  # 1 where the head is, 0 in the background
    centre: tuple[float, float]
    lips: tuple[float, float, float]  # x and y of the mouth's middle, half its width
    height: float


@dataclass(frozen=True)
class Script:
    """What happens when: yaw, pitch and gape for every frame, and the sound of the same length at RATE."""

    yaw: np.ndarray
    pitch: np.ndarray
    gape: np.ndarray
    sound: np.ndarray
    onsets: tuple[float, ...]  # seconds at which the digits begin

    @property
    def frames(self) -> int:
        return len(self.yaw)


def actor(picture: np.ndarray, faces: Faces, rng: np.random.Generator) -> Actor | None:
    """A face picture (H, W, 3) uint8 on a made-up background; None where its face is unfit.

    A capture starts from a straight look with the mouth shut: pictures of another look are no person's first frame.
    And a person's lips are seen to move: where painted ones are not, the picture is no use.
    """
    canvas = _placed(picture, rng)
    found = faces.finder.nearby(canvas.astype(np.uint8))
    if not found:
        return None
    mesh = faces.read(canvas.astype(np.uint8), found[0]).mesh
    if mouth_opening(mesh) > SHUT or abs(pose(mesh)[0]) > STRAIGHT:
        return None
    if not _opens(canvas, mesh, faces):
        return None
    size = float(np.ptp(mesh[:, 1]))
    centre = (float(mesh[:, 0].mean()), float(mesh[:, 1].mean()))
    grid = np.stack(np.meshgrid(np.arange(0, SIDE, COARSE), np.arange(0, SIDE, COARSE)), -1).reshape(-1, 2)
    away = np.hypot((grid[:, 0] - centre[0]) / (0.62 * size), (grid[:, 1] - centre[1]) / (0.78 * size))
    rim = grid[(away > 1.25) & (away < 1.6)]
    points = np.concatenate([mesh[:, :2], rim])
    heights = np.concatenate([-mesh[:, 2], np.full(len(rim), -float(mesh[:, 2].max()) - 0.1 * size)])
    depth = griddata(points, heights, grid, "linear", fill_value=float(heights.min()))
    side = SIDE // COARSE
    depth = gaussian_filter(depth.reshape(side, side), 0.7) + 0.45 * size
    hold = gaussian_filter(np.clip((1.5 - away) / 0.35, 0, 1).reshape(side, side), 1.0)
    return Actor(
        canvas.astype(np.float32), depth.astype(np.float32), hold.astype(np.float32), centre, _lips(mesh), size
    )


def _opens(canvas: np.ndarray, mesh: np.ndarray, faces: Faces) -> bool:
    """Whether a mouth painted open on this picture is read as open: through beards and grain the mesh sees none."""
    size = float(np.ptp(mesh[:, 1]))
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    flat = np.zeros((1, 1), np.float32)
    who = Actor(canvas.astype(np.float32), flat, flat, (0.0, 0.0), _lips(mesh), size)
    open_wide = np.clip(_gaping(who, columns, rows, 1.0), 0, 255).astype(np.uint8)
    found = faces.finder.nearby(open_wide)
    return bool(found) and mouth_opening(faces.read(open_wide, found[0]).mesh) > mouth_opening(mesh) + OPENED


def _lips(mesh: np.ndarray) -> tuple[float, float, float]:
    left, right = mesh[61], mesh[291]
    return (float(left[0] + right[0]) / 2, float(mesh[13][1] + mesh[14][1]) / 2, float(right[0] - left[0]) * 0.5)


def script(
    turns: Sequence[Turn], digits: Sequence[np.ndarray], groups: Sequence[int], rng: np.random.Generator
) -> Script:
    """A person who turns the head in this order and then reads the digits, in groups; each digit is sound at RATE."""
    poses = [(0.0, 0.0)] * int(FRAME_RATE * rng.uniform(0.4, 0.7))
    for turn in turns:
        yaw, pitch = (each * rng.uniform(0.9, 1.1) for each in TURN_DEGREES[turn])
        ramp = np.concatenate([np.linspace(0, 1, 4), np.ones(3), np.linspace(1, 0, 4)])
        poses += [(yaw * share, pitch * share) for share in ramp] + [(0.0, 0.0)] * int(rng.integers(3, 5))
    sound = [np.zeros(int(len(poses) / FRAME_RATE * RATE), np.float32)]
    onsets, ends = list[float](), set(accumulate(groups[:-1]))
    for number, digit in enumerate(digits, 1):
        onsets.append(sum(map(len, sound)) / RATE)
        silence = rng.uniform(*(PAUSE if number in ends else BREATH))
        sound += [digit, np.zeros(int(RATE * silence), np.float32)]
    whole = np.concatenate(sound)
    total = int(np.ceil(len(whole) / RATE * FRAME_RATE))
    drift = gaussian_filter(rng.normal(0, 3, (2, total)), (0, 6))
    still = np.zeros((total - len(poses), 2))
    yaw_pitch = np.concatenate([np.array(poses).reshape(-1, 2), still]).T + drift
    whole = whole + rng.normal(0, 0.001, len(whole)).astype(np.float32)
    return Script(yaw_pitch[0], yaw_pitch[1], _gape(whole, total, rng), whole.astype(np.float32), tuple(onsets))


def retimed(old: Script, digits: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Other digits at RATE, each begun where the old script began one: sped up where there is too little room."""
    starts = [int(onset * RATE) for onset in old.onsets]
    whole = np.zeros(len(old.sound), np.float32)
    for digit, start, end in zip(digits, starts, [*starts[1:], len(whole)], strict=True):
        room = end - start - int(CLOSEST * RATE)
        fitted = digit if len(digit) <= room else np.asarray(resample(digit, room), np.float32)
        whole[start : start + len(fitted)] = fitted
    return np.asarray(whole + rng.normal(0, 0.001, len(whole)), np.float32)


def play(who: Actor, what: Script, rng: np.random.Generator) -> np.ndarray:
    """The clip (T, SIDE, SIDE, 3) uint8 of an actor playing a script."""
    light = 1 + 0.01 * gaussian_filter(rng.normal(0, 3, what.frames), 5)
    clip = np.empty((what.frames, SIDE, SIDE, 3), np.uint8)
    flows: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}
    for at in range(what.frames):
        angles = round(what.yaw[at]), round(what.pitch[at])
        if angles not in flows:
            flows[angles] = _flow(who, *angles)
        picture = _gaping(who, *flows[angles], what.gape[at]) * light[at]
        clip[at] = np.clip(picture + 1.5 * rng.standard_normal(picture.shape, np.float32), 0, 255)
    return clip


def waved_photo(who: Actor, what: Script, rng: np.random.Generator) -> np.ndarray:
    """A printed photograph that is turned in front of the camera: a plane, however it is held; no lips move."""
    clip = np.empty((what.frames, SIDE, SIDE, 3), np.uint8)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    for at in range(what.frames):
        wide, high = np.cos(np.radians(2 * what.yaw[at])), np.cos(np.radians(2 * what.pitch[at]))
        x = (columns - who.centre[0] - 0.4 * what.yaw[at]) / wide + who.centre[0]
        y = (rows - who.centre[1] - 0.4 * what.pitch[at]) / high + who.centre[1]
        picture = _sampled(who.picture, x, y)
        clip[at] = np.clip(picture + rng.normal(0, 1.5, picture.shape), 0, 255)
    return clip


def filmed_screen(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A clip shown on a screen and filmed again: softened, with the screen's lines aliased and its light beating."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    angle, period = rng.uniform(0.1, 0.5), rng.uniform(3.0, 6.0)
    grid = np.sin(2 * np.pi * (columns * np.cos(angle) + rows * np.sin(angle)) / period)
    beat = 1 + 0.04 * np.sin(2 * np.pi * rng.uniform(0.25, 0.45) * np.arange(len(clip)) + rng.uniform(0, 6))
    out = np.empty_like(clip)
    for at, frame in enumerate(clip):
        soft = gaussian_filter(frame.astype(np.float32), (0.6, 0.6, 0))
        out[at] = np.clip(soft * beat[at] * (1 + 0.05 * grid[..., None]) + rng.normal(0, 1.5, frame.shape), 0, 255)
    return out


def beside(clip: np.ndarray, other: np.ndarray) -> np.ndarray:
    """A second, smaller face in the upper corner of a clip."""
    small = np.asarray(Image.fromarray(other[0]).resize((SIDE // 2, SIDE // 2), Image.Resampling.LANCZOS))
    out = clip.copy()
    out[:, : SIDE // 2, SIDE // 2 :] = small
    out[:, :, : SIDE // 2] = np.stack([_narrowed(frame) for frame in clip])
    return out


def _narrowed(frame: np.ndarray) -> np.ndarray:
    small = Image.fromarray(frame).resize((SIDE // 2, SIDE // 2), Image.Resampling.LANCZOS)
    return np.pad(np.asarray(small), ((SIDE // 4, SIDE - SIDE // 4 - SIDE // 2), (0, 0), (0, 0)), mode="edge")


def _placed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture in the middle of a soft background of its own tone."""
    share = 0.86 * SIDE / max(picture.shape[:2])
    size = (max(8, round(picture.shape[1] * share)), max(8, round(picture.shape[0] * share)))
    scaled = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS), np.float32)
    room = gaussian_filter(rng.normal(0, 1, (SIDE, SIDE, 3)), (30, 30, 0))
    canvas = np.clip(scaled[:4].mean() + room / max(1e-6, float(room.std())) * 18, 20, 235)
    top, left = (SIDE - size[1]) // 2 + int(rng.integers(-8, 9)), (SIDE - size[0]) // 2 + int(rng.integers(-8, 9))
    edge = np.minimum.outer(*(np.minimum(np.arange(each), np.arange(each)[::-1]) for each in size[::-1]))
    mask = np.clip(edge / 10, 0, 1)[..., None]
    area = canvas[top : top + size[1], left : left + size[0]]
    canvas[top : top + size[1], left : left + size[0]] = mask * scaled + (1 - mask) * area
    return canvas


def _gape(sound: np.ndarray, total: int, rng: np.random.Generator) -> np.ndarray:
    """How wide the mouth is at each frame: it follows the loudness, a little early or late, never quite the same."""
    per = RATE / FRAME_RATE
    parts = [sound[max(0, int((at - 0.5) * per)) : int((at + 0.5) * per) + 1] for at in range(total)]
    level = np.array([np.sqrt(np.mean(part**2)) if len(part) else 0.0 for part in parts])
    level = np.clip(level / max(1e-6, float(np.percentile(level, 95))), 0, 1) ** 0.6
    level = np.where(level < 0.25, 0, level)
    return np.clip(gaussian_filter(level, 0.5) * rng.uniform(0.75, 1.2, total), 0, 1.2)


def _flow(who: Actor, yaw: float, pitch: float) -> tuple[np.ndarray, np.ndarray]:
    """Where in the straight picture every pixel of a turned head comes from; worked out on a coarse grid."""
    side = SIDE // COARSE
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) * COARSE
    a, b = np.radians(yaw), np.radians(pitch)
    x, y = columns.copy(), rows.copy()
    for _ in range(3):
        at = (np.clip(y / COARSE, 0, side - 1), np.clip(x / COARSE, 0, side - 1))
        depth, hold = map_coordinates(who.depth, at, order=1), map_coordinates(who.hold, at, order=1)
        off_x, off_y = x - who.centre[0], y - who.centre[1]
        x = columns - hold * (off_x * (np.cos(a) - 1) + depth * np.sin(a))
        y = rows - hold * (off_y * (np.cos(b) - 1) + depth * np.sin(b))
    fine = [zoom(each, COARSE, order=1, grid_mode=True, mode="nearest") for each in (x, y)]
    return fine[0], fine[1]


def _gaping(who: Actor, x: np.ndarray, y: np.ndarray, gape: float) -> np.ndarray:
    """The picture at these places, with the lips `gape` apart."""
    mouth_x, mouth_y, half = who.lips
    width = np.clip(1 - ((x - mouth_x) / (half * 1.15)) ** 2, 0, 1)
    opening = gape * GAPES * who.height * np.sqrt(width)
    below = y - mouth_y
    inside = (below > 0) & (below < opening)
    fading = np.clip(1.6 - below / (0.28 * who.height), 0, 1)
    from_y = np.where(below > 0, np.clip(below - opening * fading, 0, None), below)
    picture = _sampled(who.picture, x, mouth_y + from_y)
    picture[inside] = np.array([38.0, 18.0, 20.0])
    return picture


def _sampled(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bilinear, the edge repeated."""
    x, y = np.clip(x, 0, SIDE - 1.001), np.clip(y, 0, SIDE - 1.001)
    left, top = x.astype(np.int32), y.astype(np.int32)
    right_share, low_share = ((x - left)[..., None].astype(np.float32), (y - top)[..., None].astype(np.float32))
    upper = picture[top, left] * (1 - right_share) + picture[top, left + 1] * right_share
    lower = picture[top + 1, left] * (1 - right_share) + picture[top + 1, left + 1] * right_share
    return np.asarray(upper * (1 - low_share) + lower * low_share)
