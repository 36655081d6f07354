"""Ellipses, rods and polygons that a subject is built of, and how far a point is from their edges."""

from __future__ import annotations

import torch
from torch import Tensor

Shape = tuple[str, str, tuple[float, ...]]  # kind, role, numbers


def ellipse(role: str, x: float, y: float, rx: float, ry: float) -> Shape:
    return ("ellipse", role, (x, y, rx, ry))


def polygon(role: str, *points: float) -> Shape:
    return ("polygon", role, points)


def rod(role: str, x1: float, y1: float, x2: float, y2: float, radius: float) -> Shape:
    return ("rod", role, (x1, y1, x2, y2, radius))


def box(role: str, left: float, top: float, right: float, bottom: float) -> Shape:
    return polygon(role, left, top, right, top, right, bottom, left, bottom)


def distance(shape: Shape, x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to the shape's edge, negative inside (ellipses: first-order)."""
    kind, _, n = shape
    if kind == "ellipse":
        radius = torch.sqrt(((x - n[0]) / n[2]) ** 2 + ((y - n[1]) / n[3]) ** 2 + 1e-9)
        return (radius - 1) * min(n[2], n[3])
    if kind == "rod":
        dx, dy = n[2] - n[0], n[3] - n[1]
        along = (((x - n[0]) * dx + (y - n[1]) * dy) / (dx * dx + dy * dy + 1e-9)).clamp(0, 1)
        return torch.sqrt((x - n[0] - along * dx) ** 2 + (y - n[1] - along * dy) ** 2) - n[4]
    return _polygon_distance(n, x, y)


def _polygon_distance(points: tuple[float, ...], x: Tensor, y: Tensor) -> Tensor:
    near = torch.full_like(x, 9.0)
    inside = torch.zeros_like(x, dtype=torch.bool)
    corners = [(points[i], points[i + 1]) for i in range(0, len(points), 2)]
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        near = torch.minimum(near, distance(rod("", x1, y1, x2, y2, 0.0), x, y))
        crosses = (y1 > y) != (y2 > y)
        inside ^= crosses & (x < (x2 - x1) * (y - y1) / ((y2 - y1) or 1e-9) + x1)
    return torch.where(inside, -near, near)


def light(shape: Shape, x: Tensor, y: Tensor) -> Tensor:
    """Round shading lit from the upper left, with a highlight."""
    if shape[0] != "ellipse":
        return 1.12 - 0.22 * (y + 1) / 2 - 0.08 * x
    cx, cy, rx, ry = shape[2]
    nx, ny = (x - cx) / rx, (y - cy) / ry
    gloss = torch.exp(-((nx + 0.4) ** 2 + (ny + 0.45) ** 2) / 0.06)
    return 1.14 - 0.22 * (nx * 0.6 + ny) - 0.25 * (nx**2 + ny**2).clamp(max=1) + 0.35 * gloss
