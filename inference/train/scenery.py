"""The settings of the world as painted layers with depth: sky, far and near; wind and water move in render.py."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from inference.train.motion import ASPECTS
from inference.train.world import Scene

DENSITY = 80  # layer pixels per frame height at scale 1
MARGIN = 0.7  # layer width beyond the frame, in frame heights, for pans
HORIZON = 0.66

Colour = tuple[float, float, float]
_SKIES: dict[str, tuple[Colour, Colour]] = {
    "day": ((0.28, 0.56, 0.92), (0.78, 0.90, 0.98)),
    "sunset": ((0.38, 0.24, 0.50), (1.00, 0.58, 0.28)),
    "night": ((0.02, 0.03, 0.12), (0.10, 0.14, 0.32)),
}
LIGHT: dict[str, Colour] = {"day": (1.0, 1.0, 1.0), "sunset": (1.0, 0.80, 0.68), "night": (0.42, 0.46, 0.70)}


@dataclass(frozen=True)
class Layer:
    """A painted plane (3,H,W) with its cover (1,H,W); `depth` is how far it follows the camera, 1 is the subject."""

    paint: Tensor
    cover: Tensor
    depth: float


class Canvas:
    """Painting surface of one clip: coordinates in frame heights, x from 0 to `wide`, y from 0 (top) to 1."""

    def __init__(self, scene: Scene, scale: int) -> None:
        self.scene, self.scale, self.density = scene, scale, DENSITY * scale
        self.random = torch.Generator().manual_seed(scene.seed * 17 + 3)
        self.wide = ASPECTS[scene.portrait] + MARGIN
        self.columns = round(self.wide * self.density)
        self.x = ((torch.arange(self.columns) + 0.5) / self.density)[None, :]
        self.y = ((torch.arange(self.density) + 0.5) / self.density)[:, None]

    def uniform(self, low: float, high: float, count: int = 1) -> list[float]:
        return (low + (high - low) * torch.rand(count, generator=self.random)).tolist()

    def ridge(self, cells: int) -> Tensor:
        """A smooth random line (1,W) in -1..1 with about `cells` bends a frame height."""
        knots = torch.rand(1, 1, max(4, round(cells * self.wide)), generator=self.random) * 2 - 1
        return F.interpolate(knots, size=self.columns, mode="linear", align_corners=True)[0]

    def cloud(self, cells: int) -> Tensor:
        """Smooth random field (H,W) in 0..1."""
        grid = torch.rand(1, 1, cells, max(3, round(cells * self.wide)), generator=self.random)
        return F.interpolate(grid, size=(self.density, self.columns), mode="bicubic", align_corners=True)[0, 0].clamp(
            0, 1
        )

    def below(self, line: Tensor | float, soft: float = 0.012) -> Tensor:
        return ((self.y - line) / (soft / self.scale) + 0.5).clamp(0, 1).expand(self.density, self.columns)

    def disc(self, x: float, y: float, radius: float, soft: float = 0.015) -> Tensor:
        return ((radius - torch.sqrt((self.x - x) ** 2 + (self.y - y) ** 2)) / (soft / self.scale) + 0.5).clamp(0, 1)

    def rectangle(self, left: float, top: float, right: float, bottom: float) -> Tensor:
        inside = (
            (self.x - left) * self.density,
            (right - self.x) * self.density,
            (self.y - top) * self.density,
            (bottom - self.y) * self.density,
        )
        return torch.minimum(torch.minimum(inside[0], inside[1]), torch.minimum(inside[2], inside[3])).clamp(0, 1)

    def blank(self) -> tuple[Tensor, Tensor]:
        return torch.zeros(3, self.density, self.columns), torch.zeros(1, self.density, self.columns)


def colour(values: Colour) -> Tensor:
    return torch.tensor(values)[:, None, None]


def lay(under: Tensor, paint: Tensor | Colour, cover: Tensor) -> Tensor:
    over = colour(paint) if isinstance(paint, tuple) else paint
    return under * (1 - cover) + over * cover


def _stack(layers: tuple[Tensor, Tensor], paint: Tensor | Colour, cover: Tensor) -> tuple[Tensor, Tensor]:
    return lay(layers[0], paint, cover), torch.maximum(layers[1], cover[None] if cover.dim() == 2 else cover)


def lit(values: Colour, scene: Scene) -> Colour:
    """The colour under the light of the scene's time of day."""
    light = LIGHT[scene.time]
    return (values[0] * light[0], values[1] * light[1], values[2] * light[2])


def _sky(canvas: Canvas) -> Layer:
    scene = canvas.scene
    top, low = (colour(c) for c in _SKIES[scene.time])
    paint = top + (low - top) * (canvas.y / HORIZON).clamp(0, 1).expand(canvas.density, canvas.columns) ** 1.3
    x, y = canvas.uniform(0.5, canvas.wide - 0.5)[0], {"day": 0.17, "sunset": 0.5, "night": 0.18}[scene.time]
    if scene.time == "night":
        paint = _stars(canvas, paint, 40)
    if scene.weather in ("clear", "snow"):
        glow = torch.exp(-((canvas.x - x) ** 2 + (canvas.y - y) ** 2) / 0.06)
        sun = {"day": (1.0, 0.95, 0.7), "sunset": (1.0, 0.75, 0.35), "night": (0.75, 0.8, 0.95)}[scene.time]
        paint = paint + 0.35 * glow * colour(sun) * (0.4 if scene.time == "night" else 1.0)
        paint = lay(
            paint, tuple(min(1.0, c * 1.1) for c in sun), canvas.disc(x, y, 0.10 if scene.time == "sunset" else 0.075)
        )
    if scene.time != "night" or scene.weather != "clear":
        puff = ((canvas.cloud(5) - (0.62 if scene.weather == "clear" else 0.4)) * 4).clamp(0, 0.85) * (
            canvas.y < HORIZON
        )
        white = (1.0, 1.0, 1.0) if scene.weather == "clear" else (0.62, 0.65, 0.7)
        paint = lay(paint, lit(white, scene), puff * ((canvas.y - 0.02) * 8).clamp(0, 1) * 0.8)
    return Layer(paint.clamp(0, 1), torch.ones(1, canvas.density, canvas.columns), 0.1)


def _stars(canvas: Canvas, paint: Tensor, count: int) -> Tensor:
    for x, y, size in zip(
        canvas.uniform(0, canvas.wide, count),
        canvas.uniform(0, 0.95, count),
        canvas.uniform(0.006, 0.016, count),
        strict=True,
    ):
        row, column = int(y * canvas.density), min(int(x * canvas.density), canvas.columns - 2)
        side = canvas.scale * (1 + (size > 0.012))
        paint[:, row : row + side, column : column + side] += 0.85
    return paint


def _ground(canvas: Canvas, near: Colour, far: Colour) -> tuple[Tensor, Tensor]:
    depth = ((canvas.y - HORIZON) / (1 - HORIZON)).clamp(0, 1).expand(canvas.density, canvas.columns)
    a, b = colour(lit(far, canvas.scene)), colour(lit(near, canvas.scene))
    return a + (b - a) * depth, canvas.below(HORIZON)[None]


def _desert(canvas: Canvas) -> list[Layer]:
    far = _stack(canvas.blank(), lit((0.80, 0.52, 0.30), canvas.scene), canvas.below(0.56 + 0.07 * canvas.ridge(2)))
    near = _ground(canvas, (0.96, 0.78, 0.45), (0.86, 0.62, 0.34))
    stripes = (torch.sin(canvas.y * 90 + 6 * canvas.ridge(2)) * 0.05).expand(canvas.density, canvas.columns)
    near = (near[0] + stripes * near[1], near[1])
    for x in canvas.uniform(0.1, canvas.wide - 0.1, 3):
        green = lit((0.22, 0.48, 0.25), canvas.scene)
        for box in (
            (x - 0.03, 0.44, x + 0.03, 0.72),
            (x - 0.1, 0.52, x - 0.06, 0.6),
            (x - 0.1, 0.57, x, 0.61),
            (x + 0.06, 0.48, x + 0.1, 0.58),
            (x, 0.55, x + 0.1, 0.59),
        ):
            far = _stack(far, green, canvas.rectangle(*box))
    return [Layer(*far, 0.5), Layer(*near, 1.0)]


def _trees(canvas: Canvas, count: int, tone: Colour, base: float) -> tuple[Tensor, Tensor]:
    layer = canvas.blank()
    for place, size in zip(range(count), canvas.uniform(0.75, 1.2, count), strict=True):
        x = (place + canvas.uniform(0.25, 0.75)[0]) * canvas.wide / count
        layer = _stack(
            layer, lit((0.30, 0.20, 0.13), canvas.scene), canvas.rectangle(x - 0.02, base - 0.12, x + 0.02, base)
        )
        for step in range(3):
            top, low = base - size * (0.62 - 0.16 * step), base - size * (0.30 - 0.13 * step)
            width = (canvas.y - top) / (low - top) * size * (0.11 + 0.03 * step)
            inside = ((width - (canvas.x - x).abs()) * canvas.density).clamp(0, 1) * (canvas.y < low) * (canvas.y > top)
            shade = 1.0 + 0.12 * step
            layer = _stack(layer, lit((tone[0] * shade, tone[1] * shade, tone[2] * shade), canvas.scene), inside)
    return layer


def _forest(canvas: Canvas) -> list[Layer]:
    far = _trees(canvas, 11, (0.22, 0.42, 0.32), HORIZON + 0.02)
    middle = _trees(canvas, 6, (0.10, 0.32, 0.16), HORIZON + 0.06)
    near = _ground(canvas, (0.30, 0.42, 0.16), (0.16, 0.30, 0.14))
    near = (near[0] + 0.12 * (canvas.cloud(9) - 0.5) * near[1], near[1])
    return [Layer(*far, 0.35), Layer(*near, 1.0), Layer(*middle, 0.7)]


def _city(canvas: Canvas) -> list[Layer]:
    far = canvas.blank()
    x = -0.05
    while x < canvas.wide:
        width, height, grey = canvas.uniform(0.14, 0.26)[0], canvas.uniform(0.25, 0.56)[0], canvas.uniform(0.4, 0.66)[0]
        tone = (grey * 0.95, grey * 0.95, grey * 1.05)
        far = _stack(
            far, lit(tone, canvas.scene), canvas.rectangle(x, HORIZON - height, x + width - 0.015, HORIZON + 0.02)
        )
        window = (0.55, 0.68, 0.8) if canvas.scene.time == "day" else (1.0, 0.85, 0.4)
        pane = ((canvas.x - x) % 0.065 > 0.03) & ((canvas.y - HORIZON + height) % 0.09 > 0.045)
        inner = canvas.rectangle(x + 0.02, HORIZON - height + 0.02, x + width - 0.03, HORIZON - 0.03)
        far = _stack(far, window, inner * pane)
        x += width
    near = _ground(canvas, (0.36, 0.36, 0.39), (0.44, 0.44, 0.47))
    dashes = ((canvas.x % 0.3 < 0.16) * ((canvas.y - 0.9).abs() < 0.014)).float()
    near = _stack(near, lit((0.95, 0.9, 0.7), canvas.scene), dashes)
    near = _stack(near, lit((0.68, 0.66, 0.64), canvas.scene), canvas.rectangle(-1, HORIZON, 9, HORIZON + 0.06))
    return [Layer(*far, 0.5), Layer(*near, 1.0)]


def _mountain(canvas: Canvas) -> list[Layer]:
    layer = canvas.blank()
    for base, tall, tone in ((0.62, 0.34, (0.52, 0.58, 0.70)), (0.70, 0.30, (0.36, 0.42, 0.55))):
        line = base - tall * (0.5 + 0.5 * canvas.ridge(3)) + 0.02 * canvas.ridge(16)
        layer = _stack(layer, lit(tone, canvas.scene), canvas.below(line))
        snow = canvas.below(line) * (1 - canvas.below(line + 0.07 + 0.04 * canvas.ridge(12)))
        layer = _stack(layer, lit((0.97, 0.98, 1.0), canvas.scene), snow * (line < base - tall * 0.35))
    near = _ground(canvas, (0.95, 0.97, 1.0), (0.82, 0.88, 0.95))
    near = (near[0] - 0.08 * canvas.cloud(6) * near[1], near[1])
    return [Layer(*layer, 0.4), Layer(*near, 1.0)]


def _meadow(canvas: Canvas) -> list[Layer]:
    far = _stack(canvas.blank(), lit((0.42, 0.62, 0.36), canvas.scene), canvas.below(0.56 + 0.07 * canvas.ridge(2)))
    near = _ground(canvas, (0.42, 0.74, 0.24), (0.52, 0.72, 0.32))
    count = 22
    for x, y, kind in zip(
        canvas.uniform(0, canvas.wide, count),
        canvas.uniform(HORIZON + 0.06, 0.98, count),
        canvas.uniform(0, 3, count),
        strict=True,
    ):
        petal = ((1.0, 0.95, 0.95), (1.0, 0.75, 0.2), (0.95, 0.4, 0.5))[int(kind)]
        near = _stack(near, lit(petal, canvas.scene), canvas.disc(x, y, 0.012 + 0.02 * (y - HORIZON)))
    return [Layer(*far, 0.5), Layer(*near, 1.0)]


def _sea(canvas: Canvas) -> list[Layer]:
    far = _stack(
        canvas.blank(), lit((0.35, 0.42, 0.42), canvas.scene), canvas.below(0.67 - 0.10 * canvas.ridge(3).clamp(min=0))
    )
    return [Layer(*far, 0.3), Layer(*_ground(canvas, (0.06, 0.30, 0.52), (0.20, 0.52, 0.70)), 1.0)]


def _space(canvas: Canvas) -> list[Layer]:
    haze = canvas.cloud(3)
    tint = colour(((0.28, 0.08, 0.38), (0.06, 0.16, 0.38), (0.32, 0.10, 0.16))[int(canvas.uniform(0, 3)[0])])
    paint = _stars(canvas, torch.full((3, canvas.density, canvas.columns), 0.02) + 0.9 * tint * (haze**2), 90)
    x, y, radius = (
        canvas.uniform(0.4, canvas.wide - 0.4)[0],
        canvas.uniform(0.18, 0.32)[0],
        canvas.uniform(0.1, 0.17)[0],
    )
    shade = (
        1.0 - 1.6 * ((canvas.x - x + radius * 0.4) ** 2 + (canvas.y - y + radius * 0.4) ** 2) / radius**2 * 0.4
    ).clamp(0.1, 1)
    tone = ((0.85, 0.55, 0.35), (0.45, 0.62, 0.85), (0.85, 0.78, 0.55))[int(canvas.uniform(0, 3)[0])]
    bands = 1 + 0.15 * torch.sin((canvas.y - y) * 60)
    planet = lay(paint, (colour(tone) * shade * bands).clamp(0, 1), canvas.disc(x, y, radius))
    ring = ((canvas.x - x) / (radius * 1.9)) ** 2 + ((canvas.y - y - 0.15 * (canvas.x - x)) / (radius * 0.35)) ** 2
    edge = (1 - (ring - 0.85).abs() * 7).clamp(0, 0.8) * ((canvas.y > y) | (canvas.disc(x, y, radius) < 0.5))
    return [Layer(lay(planet, (0.85, 0.8, 0.75), edge).clamp(0, 1), torch.ones(1, canvas.density, canvas.columns), 0.2)]


def _underwater(canvas: Canvas) -> list[Layer]:
    top, low = colour((0.20, 0.68, 0.80)), colour((0.02, 0.18, 0.38))
    paint = top + (low - top) * canvas.y.expand(canvas.density, canvas.columns)
    rays = (torch.sin((canvas.x + 0.5 * canvas.y) * 9 + canvas.uniform(0, 6)[0]) - 0.3).clamp(0, 1) * (1 - canvas.y)
    back = Layer((paint + 0.22 * rays).clamp(0, 1), torch.ones(1, canvas.density, canvas.columns), 0.2)
    near = _stack(canvas.blank(), (0.72, 0.66, 0.42), canvas.below(0.88 + 0.03 * canvas.ridge(3)))
    for x, top_y in zip(canvas.uniform(0, canvas.wide, 9), canvas.uniform(0.5, 0.8, 9), strict=True):
        line = x + 0.025 * torch.sin(canvas.y * 22 + x * 40)
        weed = ((0.022 - (canvas.x - line).abs()) * canvas.density).clamp(0, 1) * (canvas.y > top_y)
        near = _stack(near, (0.10, 0.45 + 0.25 * (top_y - 0.5), 0.25), weed)
    return [back, Layer(*near, 1.0)]


def _room(canvas: Canvas) -> list[Layer]:
    wall = ((0.88, 0.80, 0.68), (0.70, 0.80, 0.84), (0.86, 0.72, 0.72))[int(canvas.uniform(0, 3)[0])]
    dim = {"day": 1.0, "sunset": 0.9, "night": 0.62}[canvas.scene.time]
    paint = torch.ones(3, canvas.density, canvas.columns) * colour(wall) * dim
    x = canvas.uniform(0.45, canvas.wide - 0.85)[0]
    sky = _SKIES[canvas.scene.time]
    view = colour(sky[0]) + (colour(sky[1]) - colour(sky[0])) * (canvas.y / 0.5).clamp(0, 1)
    paint = lay(paint, (0.97, 0.97, 0.95), canvas.rectangle(x - 0.03, 0.09, x + 0.43, 0.53))
    paint = lay(paint, view.expand(3, canvas.density, canvas.columns), canvas.rectangle(x, 0.12, x + 0.4, 0.5))
    paint = lay(paint, (0.97, 0.97, 0.95), canvas.rectangle(x + 0.19, 0.1, x + 0.21, 0.52))
    lamp = x - 0.22 if x > canvas.wide / 2 else x + 0.62
    paint = paint + 0.3 * torch.exp(-((canvas.x - lamp) ** 2 + (canvas.y - 0.3) ** 2) / 0.03) * colour((1.0, 0.8, 0.4))
    paint = lay(paint, (1.0, 0.86, 0.5), canvas.rectangle(lamp - 0.07, 0.24, lamp + 0.07, 0.36))
    paint = lay(paint, (0.35, 0.25, 0.2), canvas.rectangle(lamp - 0.012, 0.36, lamp + 0.012, 0.72))
    planks = 0.9 + 0.1 * ((canvas.x * 5) % 1 > 0.08).float()
    floor = colour((0.58, 0.38, 0.24)) * dim * planks
    return [
        Layer(
            lay(paint, floor.expand(3, canvas.density, canvas.columns), canvas.below(0.72)).clamp(0, 1),
            torch.ones(1, canvas.density, canvas.columns),
            1.0,
        )
    ]


_SETTINGS = {
    "sea": _sea,
    "desert": _desert,
    "forest": _forest,
    "city": _city,
    "mountain": _mountain,
    "meadow": _meadow,
    "space": _space,
    "underwater": _underwater,
    "room": _room,
}


# What shows most of a setting from the top down: where one depth gives way to the next, and the depths; and how fast
# what is lowest flows where it begins and at the bottom, which is how render.py's crests go.
GROUNDS = {
    "sea": ((0.57, 0.67), (0.1, 0.3, 1.0), (0.08, 0.35)),
    "desert": ((0.48, HORIZON), (0.1, 0.5, 1.0)),
    "forest": ((0.71,), (0.7, 1.0)),
    "city": ((HORIZON,), (0.5, 1.0)),
    "mountain": ((0.27, HORIZON), (0.1, 0.4, 1.0)),
    "meadow": ((0.49, HORIZON), (0.1, 0.5, 1.0)),
    "space": ((), (0.2,)),
    "underwater": ((0.72,), (0.2, 1.0)),
    "room": ((), (1.0,)),
}


# From which share of the way to the screen's edge on a style leaves bare paper there.
RIMS = {"illustration": 0.84}


def paint(scene: Scene, scale: int) -> list[Layer]:
    """The scene's layers from back to front; at a larger scale the same picture in more pixels."""
    canvas = Canvas(scene, scale)
    sky = [] if scene.setting in ("space", "underwater", "room") else [_sky(canvas)]
    return sky + _SETTINGS[scene.setting](canvas)
