"""Draws a scene as frames with the cover of its subject; the served model never sees this module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from inference.train import figures, people, scenery
from inference.train.motion import ASPECTS, FRAME_RATE, FRAMES, Motion, move
from inference.train.scenery import HORIZON, LIGHT, MARGIN, Layer, lay
from inference.train.world import Scene, person

SHORT, LONG = 64, 112
_PALETTE: dict[str, tuple[float, float, float]] = {
    "red": (0.88, 0.12, 0.12),
    "orange": (0.97, 0.52, 0.08),
    "yellow": (0.98, 0.86, 0.16),
    "green": (0.16, 0.68, 0.25),
    "blue": (0.14, 0.34, 0.90),
    "purple": (0.56, 0.20, 0.76),
    "pink": (0.98, 0.52, 0.72),
    "white": (0.96, 0.96, 0.97),
    "black": (0.11, 0.11, 0.13),
}
_FIXED = {
    "light": (0.96, 0.94, 0.88),
    "dark": (0.16, 0.14, 0.17),
    "accent": (0.99, 0.72, 0.15),
    "glass": (0.62, 0.84, 0.95),
    "skin": (0.90, 0.68, 0.54),
}
_SECOND = {
    "red": "white",
    "orange": "blue",
    "yellow": "purple",
    "green": "pink",
    "blue": "yellow",
    "purple": "yellow",
    "pink": "green",
    "white": "black",
    "black": "red",
}


def size(scene: Scene) -> tuple[int, int]:
    """Height and width in pixels."""
    return (LONG, SHORT) if scene.portrait else (SHORT, LONG)


def render(
    scene: Scene,
    scale: int = 1,
    picks: Sequence[int] = range(FRAMES),
    traits: figures.Traits | None = None,
    is_dry: bool = False,
) -> tuple[Tensor, Tensor]:
    """Frames uint8 (T,H,W,3) and the subject's cover uint8 (T,H,W); `picks` are the frames to draw, and `traits` those
    of a person who stands in for the scene's own. Where `is_dry`, drops, flakes and bubbles are left out, and the light
    stays that of their weather.

    At a larger scale the same picture is drawn in that many times the pixels on each side.
    """
    view = _View(scene, scale, torch.tensor(list(picks)))
    motion = _picked(move(scene), view.picks)
    frames = _shadow(_world(view, scene), view, motion, scene)
    frames, cover = _subject(frames, view, motion, (scene, traits or person(scene)))
    return _finished(frames, view, scene, is_dry), (cover[:, 0] * 255).to(torch.uint8)


def empty(scene: Scene, scale: int, picks: Sequence[int], is_shaded: bool) -> Tensor:
    """Frames uint8 (T,H,W,3) of the scene without its subject and without what falls; `is_shaded` leaves the shadow."""
    view = _View(scene, scale, torch.tensor(list(picks)))
    frames = _world(view, scene)
    if is_shaded:
        frames = _shadow(frames, view, _picked(move(scene), view.picks), scene)
    return _finished(frames, view, scene, is_dry=True)


def camera(scene: Scene, start: float = 0.0) -> tuple[Tensor, Tensor]:
    """Per frame (T,) from `start` seconds on the camera's place in frame heights and its zoom."""
    share = torch.linspace(-0.5, 0.5, FRAMES) + start * FRAME_RATE / (FRAMES - 1)
    sign = {"pan left": -1.0, "pan right": 1.0}.get(scene.camera, 0.0)
    return sign * share * MARGIN * 0.9, 1 + (share + 0.5) * (0.45 if scene.camera == "zoom in" else 0.0)


class _View:
    """The camera: per frame (T,) its place and zoom, and world coordinates of every pixel."""

    def __init__(self, scene: Scene, scale: int, picks: Tensor) -> None:
        self.height, self.width = (side * scale for side in size(scene))
        self.scale, self.picks = scale, picks
        self.aspect = ASPECTS[scene.portrait]
        self.pan, self.zoom = (part[picks] for part in camera(scene))
        self.is_still = scene.camera == "still"
        px = ((torch.arange(self.width) + 0.5) / self.width - 0.5) * self.aspect
        py = (torch.arange(self.height) + 0.5) / self.height - 0.5
        self.x = px[None, None, :] / self.zoom[:, None, None]  # (T,1,W) relative to the camera
        self.y = 0.55 + (py[None, :, None] - 0.05) / self.zoom[:, None, None]  # (T,H,1)

    def background(self, layers: list[Layer]) -> Tensor:
        frames = torch.zeros(1 if self.is_still else len(self.picks), 3, self.height, self.width)
        for layer in layers:
            seen = self._look(torch.cat([layer.paint, layer.cover]), layer.depth)
            frames = lay(frames, seen[:, :3], seen[:, 3:])
        return frames.expand(len(self.picks), 3, self.height, self.width)

    def _look(self, plane: Tensor, depth: float) -> Tensor:
        count = 1 if self.is_still else len(self.picks)
        wide = self.aspect + MARGIN
        gx = (self.x[:count] + self.pan[:count, None, None] * depth) / (wide / 2)
        gy = self.y[:count] * 2 - 1
        grid = torch.stack(torch.broadcast_tensors(gx, gy), dim=-1)
        return F.grid_sample(plane[None].expand(count, -1, -1, -1), grid, padding_mode="border", align_corners=False)


def _world(view: _View, scene: Scene) -> Tensor:
    frames = view.background(scenery.paint(scene, view.scale))
    return _waves(frames, view, scene) if scene.setting == "sea" else frames


def _finished(frames: Tensor, view: _View, scene: Scene, is_dry: bool) -> Tensor:
    """Under its weather and in its style, as uint8 (T,H,W,3)."""
    styled = _STYLES[scene.style](_weather(frames, view, scene, is_dry), view, scene).clamp(0, 1)
    return (styled.permute(0, 2, 3, 1) * 255).round().to(torch.uint8).contiguous()


def _waves(frames: Tensor, view: _View, scene: Scene) -> Tensor:
    t = view.picks[:, None, None] / 12
    depth = ((view.y - HORIZON) / (1 - HORIZON)).clamp(0, 1)
    x = view.x + view.pan[:, None, None]
    crest = torch.sin(x / (0.035 + 0.11 * depth) + 9 * depth**0.5 - 2.4 * t) + torch.sin(
        38 * depth**0.6 + 3 * x - 2.0 * t
    )
    strength = (view.y > HORIZON) * (0.05 + 0.09 * depth) * (crest - 0.4).clamp(0, 1.2)
    light = torch.tensor(LIGHT[scene.time])[None, :, None, None]
    return frames + strength[:, None] * light * 1.3


def _place(view: _View, motion: Motion, scene: Scene) -> tuple[Tensor, Tensor]:
    """World offsets of each pixel from the subject's centre, each (T,H,W)."""
    follow = 0.35 if scene.camera.startswith("pan") else 0.0  # a pan leaves the subject a little behind
    dx = view.x + (view.pan * follow - motion.x)[:, None, None]
    return torch.broadcast_tensors(dx, view.y - motion.y[:, None, None])  # type: ignore[return-value]


def _shadow(frames: Tensor, view: _View, motion: Motion, scene: Scene) -> Tensor:
    if scene.setting in ("space", "underwater", "sea"):
        return frames
    dx, _ = _place(view, motion, scene)
    height = (motion.floor - motion.y - motion.half * 0.88).clamp(min=0)[:, None, None]
    wide = motion.half * (0.85 - 0.4 * height.clamp(max=1))
    far = (dx / wide) ** 2 + ((view.y - motion.floor - 0.01) / (0.035 + 0.02 * motion.half)) ** 2
    return frames * (1 - 0.45 * torch.sigmoid((1 - far) * 4) * (1 - 0.6 * height.clamp(max=1)))[:, None]


def _picked(motion: Motion, picks: Tensor) -> Motion:
    tracks = {name: getattr(motion, name)[picks] for name in ("x", "y", "turn", "phase")}
    return replace(motion, **tracks)


def colours(subject: str, colour: str, traits: figures.Traits | None) -> Tensor:
    """The colour (R,3) of each of `figures.ROLES`."""
    main = torch.tensor(_PALETTE[colour])
    found = {
        **{name: torch.tensor(value) for name, value in _FIXED.items()},
        "main": main,
        "shade": main * 0.68 + 0.03,
        "second": torch.tensor(_PALETTE[_SECOND[colour]]),
    }
    if colour == "white":
        found["light"] = torch.tensor((0.62, 0.72, 0.86))
    if subject == "couple":
        found["accent"] = torch.tensor((0.95, 0.2, 0.35))
    for name, own in {"complexion": people.complexion, "hair": people.hair}.items():
        found[name] = torch.tensor(own(traits)) if traits else torch.zeros(3)
    return torch.stack([found[role] for role in figures.ROLES])


def _dressed(scene: Scene, traits: figures.Traits | None, scale: int, phases: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Some of the subject's phases in colour (P,3,S,S) and cover (P,1,S,S), lit by its scene and style."""
    roles, light, cover = figures.sheet(scene.subject, scale, traits, phases)
    table = colours(scene.subject, scene.colour, traits)
    paint = torch.einsum("prhw,rc->pchw", roles, table)
    if scene.style == "animation":
        ink = F.max_pool2d(cover, 6 * scale + 1, 1, 3 * scale)
        paint = paint * cover + torch.full((3, 1, 1), 0.06) * (1 - cover)
        return paint * torch.tensor(LIGHT[scene.time])[:, None, None] ** 0.4, ink
    relief = {"illustration": 0.5}.get(scene.style, 1.0)
    shade = 1 + (light - 1) * relief
    return (paint * shade * torch.tensor(LIGHT[scene.time])[:, None, None] ** 0.55).clamp(0, 1), cover


def _subject(
    frames: Tensor, view: _View, motion: Motion, who: tuple[Scene, figures.Traits | None]
) -> tuple[Tensor, Tensor]:
    scene, traits = who
    used, phase = ((motion.phase * figures.PHASES).long() % figures.PHASES).unique(return_inverse=True)
    paint, cover = _dressed(scene, traits, view.scale, tuple(used.tolist()))
    dx, dy = _place(view, motion, scene)
    cos, sin = torch.cos(motion.turn)[:, None, None], torch.sin(motion.turn)[:, None, None]
    u, v = (cos * dx + sin * dy) / motion.half, (-sin * dx + cos * dy) / motion.half
    upright = scene.subject == "rocket" and scene.action in ("flies", "circles")
    if scene.direction == "left" and not upright:
        u = -u
    grid = torch.stack([u, v], dim=-1) / 1.08
    seen = F.grid_sample(torch.cat([paint * cover, cover], 1)[phase], grid, align_corners=False)
    return frames * (1 - seen[:, 3:]) + seen[:, :3], seen[:, 3:]


def _drift(tile: Tensor, view: _View, down: float, across: float) -> Tensor:
    """A periodic tile (H,W) moved by so many pixels of scale 1 a frame, (T,1,H,W)."""
    high, wide = tile.shape
    moved = [(view.picks[:, None] * pace).round().long() * view.scale for pace in (down, across)]
    rows = (torch.arange(high)[None, :] - moved[0]) % high
    columns = (torch.arange(wide)[None, :] - moved[1]) % wide
    return tile[rows[:, :, None], columns[:, None, :]][:, None]


def spots(scene: Scene, count: int) -> Tensor:
    """Rows and columns (2,count) of what falls in the scene, in pixels of scale 1 at the first frame."""
    random = torch.Generator().manual_seed(scene.seed * 13 + 1)
    return torch.stack([torch.randint(0, side, (count,), generator=random) for side in size(scene)])


def _specks(scene: Scene, view: _View, count: int, tall: int, wide: int) -> Tensor:
    tile = torch.zeros(view.height, view.width)
    for row, column in spots(scene, count).T.tolist():
        rows = torch.arange(row * view.scale, (row + tall) * view.scale) % view.height
        columns = torch.arange(column * view.scale, (column + wide) * view.scale) % view.width
        tile[rows[:, None], columns[None, :]] = 1.0
    reach = view.scale
    soft = F.avg_pool2d(F.pad(tile[None], (reach, reach, 0, 0), mode="circular"), (1, 2 * reach + 1), 1)[0]
    return 0.6 * tile + 0.4 * soft


def _weather(frames: Tensor, view: _View, scene: Scene, is_dry: bool) -> Tensor:
    def drifting(count: int, tall: int, wide: int, pace: tuple[float, float]) -> Tensor:
        if is_dry:
            return torch.zeros(1, 1, 1, 1)
        return _drift(_specks(scene, view, count, tall, wide), view, *pace)

    if scene.setting == "underwater":
        return frames + 0.22 * drifting(14, 2, 2, (-2, 0))
    if scene.weather == "rain":
        grey = torch.tensor((0.36, 0.40, 0.46))[:, None, None]
        return frames * 0.72 + grey * 0.18 + 0.30 * drifting(55, 7, 1, (8, -1))
    if scene.weather == "snow":
        flakes = torch.maximum(drifting(34, 2, 2, (2, 1)), 0.8 * drifting(40, 1, 1, (1, 0)))
        return lay(frames * 0.82 + 0.14, (0.98, 0.98, 1.0), 0.9 * flakes)
    if scene.weather == "fog":
        light = {"day": 0.82, "sunset": 0.7, "night": 0.36}[scene.time]
        rows = torch.linspace(0, 1, frames.shape[2])[None, None, :, None]
        thick = 0.62 - 0.35 * (rows - 0.6).abs()
        return lay(frames, (light, light * 0.99, light * 1.02), thick)
    return frames


def _vignette(frames: Tensor, strength: float) -> Tensor:
    y = torch.linspace(-1, 1, frames.shape[2])[:, None]
    x = torch.linspace(-1, 1, frames.shape[3])[None, :]
    return frames * (1 - strength * ((x**2 + y**2) / 2) ** 1.2)


def _saturate(frames: Tensor, amount: float) -> Tensor:
    grey = frames.mean(1, keepdim=True)
    return grey + (frames - grey) * amount


def _photographic(frames: Tensor, view: _View, scene: Scene) -> Tensor:
    return _vignette((frames - 0.5) * 1.06 + 0.5, 0.12)


def _cinematic(frames: Tensor, view: _View, scene: Scene) -> Tensor:
    """Teal shadows, orange lights, glow and a dark rim."""
    glow = F.interpolate(
        F.avg_pool2d((frames - 0.55).clamp(min=0), 8 * view.scale), size=frames.shape[2:], mode="bilinear"
    )
    grey = frames.mean(1, keepdim=True)
    teal, amber = torch.tensor((-0.07, 0.01, 0.06))[:, None, None], torch.tensor((0.09, 0.02, -0.09))[:, None, None]
    graded = frames + teal * (1 - grey) + amber * grey
    curve = graded.clamp(0, 1)
    return _vignette((curve * curve * (3 - 2 * curve)) * 0.9 + 0.5 * glow, 0.62)


def _animation(frames: Tensor, view: _View, scene: Scene) -> Tensor:
    """Flat, saturated colour in few tones."""
    bright = _saturate(frames.clamp(0, 1), 1.4) * 1.04
    steps = bright * 6
    return (steps.floor() + ((steps - steps.floor() - 0.5) * 5 + 0.5).clamp(0, 1)) / 6


def _illustration(frames: Tensor, view: _View, scene: Scene) -> Tensor:
    """Pale wash on warm paper with a pencil line where tones meet, fading to bare paper at the rim."""
    random = torch.Generator().manual_seed(scene.seed * 7 + 2)
    paper = torch.tensor((0.98, 0.94, 0.85))[:, None, None]
    grain = F.interpolate(
        torch.rand(1, 1, *(side // 4 for side in size(scene)), generator=random),
        scale_factor=4.0 * view.scale,
        mode="bilinear",
    )
    wash = _saturate(frames, 0.72) * 0.72 + 0.28 * paper + 0.10 * (grain - 0.5)
    grey = frames.mean(1, keepdim=True)
    line = (2 * view.scale + 1, 1, view.scale)
    edge = (F.max_pool2d(grey, *line) + F.max_pool2d(-grey, *line) - 0.10).clamp(0, 0.35)
    edge = edge * (grey < 0.75) * (0.3 if scene.setting == "space" else 1.0)  # no ring around stars and flakes
    y = torch.linspace(-1, 1, frames.shape[2])[:, None].abs()
    x = torch.linspace(-1, 1, frames.shape[3])[None, :].abs()
    bare = ((torch.maximum(x, y) - 0.86) / 0.12 + 0.3 * (grain - 0.5)).clamp(0, 1)
    return lay(wash - 0.9 * edge, (0.98, 0.94, 0.85), bare)


_STYLES = {
    "photographic": _photographic,
    "cinematic": _cinematic,
    "animation": _animation,
    "illustration": _illustration,
}
