"""How a subject moves through a clip: its place, turn and phase per frame, and the moments it makes a sound."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import torch
from torch import Tensor

from inference.train.world import Scene

FRAME_RATE = 12
FRAMES = 48
ASPECTS = {False: 1.75, True: 4 / 7}
_GROUNDED = ("ball", "car", "cat", "dog", "person", "couple", "robot", "train")
_HEIGHTS = {"butterfly": 0.8, "fish": 0.95, "train": 1.15, "car": 1.05}


@dataclass(frozen=True)
class Motion:
    """Per frame (T,): centre x (0 is mid-frame), centre y (0 top, 1 bottom) in frame heights, turn in radians, phase
    in cycles, and the half-side of the subject's square; `events` are seconds of impacts or steps."""

    x: Tensor
    y: Tensor
    turn: Tensor
    phase: Tensor
    half: float
    floor: float
    events: tuple[float, ...]


def half_side(scene: Scene) -> float:
    """Half the side of the subject's square, in frame heights."""
    base = {("small", False): 0.22, ("large", False): 0.34, ("small", True): 0.16, ("large", True): 0.235}
    return base[scene.size, scene.portrait] * _HEIGHTS.get(scene.subject, 1.0)


def move(scene: Scene, start: float = 0.0) -> Motion:
    """The motion of the scene's subject over 4 seconds from `start` on; who crosses the picture goes on out of it."""
    rng = random.Random(scene.seed * 31 + 5)
    t = start + torch.arange(FRAMES) / FRAME_RATE
    half = half_side(scene)
    floor = 0.86 - (0.0 if not scene.portrait else 0.06)
    rest = floor - half * 0.88 if scene.subject in _GROUNDED or scene.subject == "boat" else 0.46
    if scene.setting in ("space", "underwater"):
        rest = 0.5
    path = _PATHS[scene.action](t, rng, _Stage(ASPECTS[scene.portrait] / 2, half, rest, scene))
    x, y, turn, phase, events = path
    if scene.direction == "left":
        x, turn = -x, -turn
    return Motion(
        x, y, turn, phase, half, floor, tuple(e - start for e in events if 0 <= e - start < FRAMES / FRAME_RATE)
    )


@dataclass(frozen=True)
class _Stage:
    reach: float  # half the frame's width
    half: float
    rest: float  # y of the subject at rest
    scene: Scene

    @property
    def run(self) -> float:
        """How far from the middle a crossing subject starts and ends: it stays at least half in frame."""
        return max(self.reach - 0.55 * self.half, 0.1)


_Path = tuple[Tensor, Tensor, Tensor, Tensor, list[float]]


def _cross(t: Tensor, rng: random.Random, stage: _Stage, share: float) -> Tensor:
    start = -stage.run * rng.uniform(0.75, 1.0) * share
    return start + (-2 * start) * t / 4


def _bounces(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    period, start = rng.uniform(0.75, 1.15), rng.uniform(0, 0.5)
    top = max(stage.rest - stage.half * 1.05, 0.2) * rng.uniform(0.75, 1)
    local = ((t + start) / period) % 1
    y = stage.rest - top * 4 * local * (1 - local)
    x = _cross(t, rng, stage, 0.6)
    return x, y, x / stage.half, t * 0, [k * period - start for k in range(1, 20)]


def _rolls(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    x = _cross(t, rng, stage, 1.0)
    return x, torch.full_like(t, stage.rest), x / stage.half, t * 0, []


def _falls(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    land = rng.uniform(1.0, 1.7)
    low = 0.86 - stage.half * 0.88
    y = low - (low + stage.half) * (1 - (t / land).clamp(max=1) ** 2)
    tilt = rng.uniform(-1.2, 1.2) * (t / land).clamp(max=1)
    return torch.full_like(t, rng.uniform(-0.4, 0.4) * stage.run), y, tilt, t, [land]


def _floats(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    start, pace = rng.uniform(0, 6.28), rng.uniform(1.3, 2.0)
    swing = 0.22 if stage.scene.subject == "boat" else 0.14
    y = stage.rest + 0.07 * torch.sin(pace * t + start)
    x = rng.uniform(-0.25, 0.25) * stage.run + 0.08 * torch.sin(0.7 * pace * t + start)
    return x, y, swing * torch.sin(pace * t + start + 0.7), t, []


def _rises(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    bottom = 0.86 - stage.half * 0.7
    share = (t / 4).clamp(max=1) ** (1.6 if stage.scene.subject == "rocket" else 1.0)
    y = bottom - (bottom - 0.05) * share
    return rng.uniform(-0.3, 0.3) * stage.run + 0.02 * torch.sin(3 * t), y, 0.04 * torch.sin(2.2 * t), t * 3, []


def _flies(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    start = rng.uniform(0, 6.28)
    y = 0.42 + rng.uniform(-0.06, 0.06) + 0.07 * torch.sin(2.4 * t + start)
    lean = math.pi / 2 if stage.scene.subject == "rocket" else 0.0
    tilt = lean + 0.15 * torch.cos(2.4 * t + start)
    flaps = 2.0
    events = [k / flaps for k in range(30)] if stage.scene.subject == "bird" else []
    return _cross(t, rng, stage, 1.0), y, tilt, t * flaps, events


def _circles(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    angle = rng.uniform(0, 6.28) + t * 2 * math.pi / rng.uniform(3.0, 4.0)
    wide = min(stage.run * 0.8, 0.42)
    x, y = wide * torch.cos(angle), 0.45 + 0.22 * torch.sin(angle)
    turn = angle + math.pi if stage.scene.subject == "rocket" else 0.35 * torch.sin(angle)
    return x, y, turn, t * 2, []


def _spins(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    turn = t * 2 * math.pi / rng.uniform(1.6, 2.6)
    return torch.zeros_like(t), torch.full_like(t, stage.rest), turn, t, []


def _walks(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    pace = rng.uniform(1.0, 1.2)
    y = stage.rest - 0.012 * torch.abs(torch.sin(2 * math.pi * pace * t))
    return _cross(t, rng, stage, 0.65), y, t * 0, t * pace, [k / (2 * pace) for k in range(30)]


def _runs(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    pace = rng.uniform(2.0, 2.4)
    hop = torch.abs(torch.sin(2 * math.pi * pace * t / 2))
    x = ((t / 4 * 2.2 + rng.uniform(0, 0.4)) % 1 - 0.5) * 2 * (stage.reach + stage.half)
    return x, stage.rest - 0.05 * hop, 0.06 * torch.cos(math.pi * pace * t), t * pace, [k / pace for k in range(32)]


def _jumps(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    period, start = rng.uniform(1.1, 1.4), rng.uniform(0, 0.6)
    local = ((t + start) / period) % 1
    air = (local * 1.6).clamp(max=1)
    top = max(stage.rest - stage.half, 0.2) * 0.75
    x = torch.full_like(t, rng.uniform(-0.3, 0.3) * stage.run)
    events = [k * period + period / 1.6 - start for k in range(-1, 14)]
    return x, stage.rest - top * 4 * air * (1 - air), 0.12 * torch.sin(math.pi * 2 * air), air, events


def _dances(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    beat = 2.0
    x = 0.09 * torch.sin(math.pi * beat * t / 2)
    hop = torch.abs(torch.sin(math.pi * beat * t))
    return x, stage.rest - 0.05 * hop, 0.3 * torch.sin(math.pi * beat * t / 2), t, [k / beat for k in range(26)]


def _rests(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    x = torch.full_like(t, rng.uniform(-0.25, 0.25) * stage.run)
    return x, stage.rest + 0.006 * torch.sin(3 * t), t * 0, torch.zeros_like(t), []


def _sails(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    _, y, turn, phase, events = _floats(t, rng, stage)
    return _cross(t, rng, stage, 0.9), y, turn, phase, events


def _swims(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    y = 0.48 + 0.08 * torch.sin(1.7 * t + rng.uniform(0, 6.28))
    return _cross(t, rng, stage, 0.9), y, 0.08 * torch.sin(3 * t), t * 1.5, []


def _drives(t: Tensor, rng: random.Random, stage: _Stage) -> _Path:
    x = _cross(t, rng, stage, 1.25)
    return x, stage.rest + 0.006 * torch.sin(20 * t), t * 0, x / (1.5 * stage.half), []


_PATHS = {
    "bounces": _bounces,
    "rolls": _rolls,
    "falls": _falls,
    "floats": _floats,
    "rises": _rises,
    "flies": _flies,
    "circles": _circles,
    "spins": _spins,
    "walks": _walks,
    "runs": _runs,
    "jumps": _jumps,
    "dances": _dances,
    "rests": _rests,
    "sails": _sails,
    "swims": _swims,
    "drives": _drives,
}
