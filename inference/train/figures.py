"""The subjects of the world as layered shapes in one square, facing right; colours and place come later."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from inference.train import people
from inference.train.shapes import Shape, box, distance, ellipse, light, polygon, rod

SIDE = 80  # pixels at scale 1
PHASES = 8
Traits = tuple[float, ...]
ROLES = ("main", "shade", "light", "dark", "accent", "glass", "skin", "second", "complexion", "hair")


def _ball(turn: float) -> list[Shape]:
    return [
        ellipse("main", 0, 0, 0.9, 0.9),
        ellipse("light", 0, 0, 0.36, 0.88),
        ellipse("main", 0, 0, 0.13, 0.88),
        ellipse("shade", 0, -0.8, 0.2, 0.1),
    ]


def _balloon(turn: float) -> list[Shape]:
    sway = 0.06 * math.sin(turn)
    return [
        rod("dark", 0, 0.5, sway, 0.95, 0.02),
        ellipse("main", 0, -0.25, 0.62, 0.7),
        polygon("shade", -0.1, 0.56, 0.1, 0.56, 0, 0.42),
        ellipse("light", -0.25, -0.52, 0.12, 0.16),
    ]


def _bird(turn: float) -> list[Shape]:
    lift = math.sin(turn)
    wing = polygon("shade", -0.3, 0.02, 0.28, 0.0, -0.25, -0.78 * lift - 0.05)
    return [
        polygon("shade", -0.5, 0.0, -0.95, -0.22, -0.9, 0.2),
        ellipse("main", -0.05, 0.05, 0.56, 0.3),
        ellipse("main", 0.5, -0.14, 0.25, 0.24),
        polygon("accent", 0.7, -0.22, 0.98, -0.08, 0.7, -0.02),
        ellipse("light", -0.02, 0.18, 0.36, 0.14),
        ellipse("light", 0.55, -0.2, 0.085, 0.085),
        ellipse("dark", 0.57, -0.2, 0.05, 0.05),
        wing,
    ]


def _boat(turn: float) -> list[Shape]:
    return [
        rod("dark", 0, -0.92, 0, 0.4, 0.035),
        polygon("light", 0.07, -0.88, 0.07, 0.26, 0.75, 0.26),
        polygon("light", -0.07, -0.7, -0.07, 0.26, -0.55, 0.26),
        polygon("accent", 0, -0.98, 0.28, -0.92, 0, -0.84),
        polygon("main", -0.92, 0.36, 0.95, 0.36, 0.6, 0.86, -0.62, 0.86),
        box("shade", -0.86, 0.36, 0.88, 0.47),
    ]


def _fish(turn: float) -> list[Shape]:
    wag = 0.22 * math.sin(turn)
    return [
        polygon("shade", -0.4, 0.0, -0.95, -0.42 + wag, -0.82, wag, -0.95, 0.42 + wag),
        polygon("shade", -0.2, -0.3, 0.2, -0.68, 0.35, -0.3),
        ellipse("main", 0.12, 0, 0.68, 0.44),
        ellipse("light", 0.05, 0, 0.09, 0.38),
        ellipse("light", -0.24, 0, 0.07, 0.3),
        ellipse("shade", 0.22, 0.14, 0.16, 0.09),
        ellipse("light", 0.52, -0.1, 0.13, 0.13),
        ellipse("dark", 0.55, -0.1, 0.075, 0.075),
    ]


def _wheel(x: float, y: float, radius: float, turn: float) -> list[Shape]:
    dx, dy = 0.7 * radius * math.cos(turn), 0.7 * radius * math.sin(turn)
    return [
        ellipse("dark", x, y, radius, radius),
        ellipse("light", x, y, radius * 0.5, radius * 0.5),
        rod("dark", x - dx, y - dy, x + dx, y + dy, radius * 0.12),
    ]


def _car(turn: float) -> list[Shape]:
    return [
        polygon("main", -0.55, -0.02, -0.35, -0.46, 0.3, -0.46, 0.58, -0.02),
        polygon("glass", -0.42, -0.04, -0.28, -0.38, -0.02, -0.38, -0.02, -0.04),
        polygon("glass", 0.06, -0.04, 0.06, -0.38, 0.25, -0.38, 0.44, -0.04),
        polygon("main", -0.95, -0.02, 0.9, -0.02, 0.97, 0.2, 0.97, 0.4, -0.97, 0.4, -0.97, 0.1),
        box("shade", -0.97, 0.3, 0.97, 0.41),
        ellipse("accent", 0.9, 0.12, 0.08, 0.08),
        *_wheel(-0.52, 0.42, 0.25, turn),
        *_wheel(0.54, 0.42, 0.25, turn),
    ]


def _rocket(turn: float) -> list[Shape]:
    flame = 0.16 * math.sin(turn) + 0.06 * math.sin(3 * turn)
    return [
        polygon("accent", -0.2, 0.55, 0.2, 0.55, 0, 0.88 + flame),
        polygon("shade", -0.25, 0.1, -0.62, 0.66, -0.2, 0.55),
        polygon("shade", 0.25, 0.1, 0.62, 0.66, 0.2, 0.55),
        ellipse("main", 0, -0.12, 0.33, 0.8),
        polygon("light", -0.2, -0.7, 0, -0.98, 0.2, -0.7),
        ellipse("dark", 0, -0.3, 0.18, 0.18),
        ellipse("glass", 0, -0.3, 0.13, 0.13),
        box("shade", -0.22, 0.48, 0.22, 0.58),
    ]


def _legs(turn: float, xs: tuple[float, ...], top: float, role: str) -> list[Shape]:
    swing = [0.22 * math.sin(turn + math.pi * (place % 2)) for place in range(len(xs))]
    return [
        rod(role, x, top, x + move, 0.9 - 0.06 * abs(move) / 0.22, 0.085) for x, move in zip(xs, swing, strict=True)
    ]


def _cat(turn: float) -> list[Shape]:
    flick = 0.14 * math.sin(turn)
    return [
        rod("main", -0.6, 0.1, -0.85, -0.3, 0.075),
        rod("main", -0.85, -0.3, -0.75 + flick, -0.75, 0.07),
        *_legs(turn, (-0.45, -0.3, 0.2, 0.34), 0.3, "shade"),
        ellipse("main", -0.1, 0.2, 0.6, 0.34),
        polygon("main", 0.22, -0.2, 0.24, -0.82, 0.5, -0.45),
        polygon("main", 0.52, -0.45, 0.82, -0.82, 0.86, -0.2),
        ellipse("main", 0.54, -0.18, 0.36, 0.33),
        ellipse("light", 0.6, -0.02, 0.18, 0.13),
        ellipse("accent", 0.42, -0.22, 0.085, 0.1),
        ellipse("accent", 0.7, -0.22, 0.085, 0.1),
        ellipse("dark", 0.43, -0.22, 0.04, 0.08),
        ellipse("dark", 0.71, -0.22, 0.04, 0.08),
        ellipse("dark", 0.58, -0.07, 0.045, 0.03),
    ]


def _dog(turn: float) -> list[Shape]:
    wag = 0.16 * math.sin(turn)
    return [
        rod("main", -0.6, 0.05, -0.9, -0.35 + wag, 0.075),
        *_legs(turn, (-0.52, -0.38, 0.2, 0.34), 0.3, "shade"),
        rod("main", -0.42, 0.18, 0.2, 0.14, 0.29),
        rod("main", 0.25, 0.1, 0.42, -0.25, 0.2),
        ellipse("main", 0.42, -0.36, 0.3, 0.27),
        rod("main", 0.55, -0.28, 0.86, -0.2, 0.14),
        ellipse("dark", 0.94, -0.26, 0.09, 0.08),
        rod("dark", 0.24, -0.5, 0.14, -0.1, 0.12),
        ellipse("light", 0.5, -0.44, 0.09, 0.09),
        ellipse("dark", 0.52, -0.44, 0.055, 0.055),
        rod("accent", 0.16, -0.02, 0.4, 0.1, 0.06),
    ]


def _kite(turn: float) -> list[Shape]:
    wave = 0.14 * math.sin(turn)
    return [
        rod("dark", 0, 0.35, wave, 0.65, 0.025),
        rod("dark", wave, 0.65, -wave, 0.95, 0.025),
        ellipse("accent", wave, 0.62, 0.12, 0.06),
        ellipse("accent", -wave * 0.6, 0.85, 0.12, 0.06),
        polygon("main", 0, -0.95, 0.6, -0.35, 0, 0.4, -0.6, -0.35),
        polygon("light", 0, -0.95, 0.6, -0.35, 0, -0.35),
        polygon("light", 0, -0.35, -0.6, -0.35, 0, 0.4),
        rod("dark", 0, -0.93, 0, 0.38, 0.02),
        rod("dark", -0.58, -0.35, 0.58, -0.35, 0.02),
    ]


def _butterfly(turn: float) -> list[Shape]:
    open_ = 0.35 + 0.65 * abs(math.sin(turn / 2 + 0.4))
    wings = []
    for side in (-1, 1):
        wings += [
            ellipse("main", side * 0.45 * open_, -0.34, 0.45 * open_, 0.42),
            ellipse("shade", side * 0.36 * open_, 0.36, 0.36 * open_, 0.34),
            ellipse("light", side * 0.5 * open_, -0.36, 0.17 * open_, 0.17),
            ellipse("accent", side * 0.38 * open_, 0.38, 0.13 * open_, 0.13),
        ]
    return [
        *wings,
        rod("dark", 0, -0.35, 0, 0.5, 0.08),
        ellipse("dark", 0, -0.45, 0.12, 0.12),
        rod("dark", 0, -0.5, -0.2, -0.85, 0.025),
        rod("dark", 0, -0.5, 0.2, -0.85, 0.025),
    ]


def _robot(turn: float) -> list[Shape]:
    swing = 0.16 * math.sin(turn)
    return [
        rod("shade", -0.2, 0.4, -0.2 + swing, 0.86, 0.1),
        rod("shade", 0.2, 0.4, 0.2 - swing, 0.86, 0.1),
        rod("shade", -0.48, -0.1, -0.62 - swing, 0.3, 0.08),
        rod("shade", 0.48, -0.1, 0.62 - swing, 0.3, 0.08),
        box("main", -0.45, -0.2, 0.45, 0.5),
        box("light", -0.26, -0.06, 0.26, 0.26),
        ellipse("accent", -0.12, 0.1, 0.08, 0.08),
        ellipse("glass", 0.12, 0.1, 0.08, 0.08),
        box("main", -0.36, -0.76, 0.36, -0.26),
        ellipse("glass", -0.16, -0.52, 0.12, 0.12),
        ellipse("glass", 0.16, -0.52, 0.12, 0.12),
        box("dark", -0.2, -0.37, 0.2, -0.32),
        rod("shade", 0, -0.76, 0, -0.92, 0.03),
        ellipse("accent", 0, -0.93, 0.065, 0.065),
    ]


def _train(turn: float) -> list[Shape]:
    puff = 0.08 * math.sin(turn)
    wheels = [part for x in (-0.72, -0.42, 0.1, 0.4, 0.7) for part in _wheel(x, 0.5, 0.16, turn)]
    return [
        ellipse("light", 0.5 - puff, -0.72, 0.15 + puff, 0.13),
        ellipse("light", 0.3 - puff, -0.86, 0.18 - puff, 0.12),
        box("shade", 0.52, -0.56, 0.68, -0.1),
        rod("main", 0.1, 0.1, 0.68, 0.1, 0.24),
        box("main", -0.1, -0.36, 0.2, 0.36),
        box("glass", -0.03, -0.26, 0.13, -0.02),
        box("shade", -0.14, -0.44, 0.24, -0.34),
        box("main", -0.96, -0.24, -0.22, 0.36),
        box("glass", -0.9, -0.14, -0.66, 0.08),
        box("glass", -0.54, -0.14, -0.3, 0.08),
        box("dark", -0.98, 0.34, 0.94, 0.44),
        ellipse("accent", 0.92, 0.08, 0.07, 0.07),
        *wheels,
    ]


_SHAPES = {
    "ball": _ball,
    "balloon": _balloon,
    "bird": _bird,
    "boat": _boat,
    "fish": _fish,
    "car": _car,
    "rocket": _rocket,
    "cat": _cat,
    "dog": _dog,
    "kite": _kite,
    "butterfly": _butterfly,
    "robot": _robot,
    "train": _train,
}


def sheet(
    subject: str, scale: int = 1, traits: Traits | None = None, phases: tuple[int, ...] = tuple(range(PHASES))
) -> tuple[Tensor, Tensor, Tensor]:
    """The subject in some phases: role weights (P,R,S,S), light (P,1,S,S) around 1, cover (P,1,S,S) in 0..1.

    A person and a couple have `traits`; nobody else does.
    """
    if traits is not None:
        return _stacked([drawn(people.SHAPES[subject](_turn(phase), traits), scale) for phase in phases])
    roles, lights, covers = (part[list(phases)] for part in _kept(subject, scale))
    return roles, lights, covers


@lru_cache(maxsize=64)
def _kept(subject: str, scale: int) -> tuple[Tensor, Tensor, Tensor]:
    return _stacked([drawn(_SHAPES[subject](_turn(phase)), scale) for phase in range(PHASES)])


def _turn(phase: int) -> float:
    return 2 * math.pi * phase / PHASES


def _stacked(phases: list[tuple[Tensor, Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    roles, lights, covers = zip(*phases, strict=True)
    return torch.stack(roles), torch.stack(lights), torch.stack(covers)


def drawn(shapes: list[Shape], scale: int) -> tuple[Tensor, Tensor, Tensor]:
    """Shapes laid one over another: role weights (R,S,S), light (1,S,S) and cover (1,S,S)."""
    return looked_at(shapes, SIDE * scale, (0.0, 0.0, 1.08), 3.2)


def looked_at(
    shapes: list[Shape], side: int, window: tuple[float, float, float], soft: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Like `drawn`, through a square window: its middle, half its side, and `soft` for how softly its
    edges fall, in 1/side of the subject's units."""
    across, down, half = window
    axis = torch.linspace(-half, half, side)
    y, x = torch.meshgrid(axis + down, axis + across, indexing="ij")
    weight, shade, cover = torch.zeros(len(ROLES), side, side), torch.ones(side, side), torch.zeros(side, side)
    for shape in shapes:
        alpha = (0.5 - distance(shape, x, y) / (soft / side)).clamp(0, 1)
        weight *= 1 - alpha
        weight[ROLES.index(shape[1])] += alpha
        shade = shade * (1 - alpha) + alpha * light(shape, x, y)
        cover = torch.maximum(cover, alpha)
    return weight, shade[None], cover[None]
