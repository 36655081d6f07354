"""What the planner learns from: the attributes of a scene as numbers, and its motion as the renderer moves it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from inference.generator.likeness import TRAITS
from inference.train.motion import ASPECTS, FRAME_RATE, FRAMES, move
from inference.train.world import (
    CAMERAS,
    COLOURS,
    DIRECTIONS,
    SETTINGS,
    SIZES,
    STYLES,
    SUBJECTS,
    TIMES,
    WEATHERS,
    Scene,
    person,
)

ACTIONS = tuple(sorted({action for _, actions in SUBJECTS.values() for action in (*actions, "flies", "circles")}))
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "subject": tuple(SUBJECTS),
    "colour": COLOURS,
    "size": SIZES,
    "action": ACTIONS,
    "direction": DIRECTIONS,
    "setting": SETTINGS,
    "time": TIMES,
    "weather": WEATHERS,
    "camera": CAMERAS,
    "style": STYLES,
}
COUNTS = tuple(len(values) for values in ATTRIBUTES.values())


def attributes(scene: Scene) -> list[int]:
    """The place of each of the scene's values in its list."""
    return [values.index(getattr(scene, name)) for name, values in ATTRIBUTES.items()]


def traits(scene: Scene) -> Tensor:
    """The traits (16) of the scene's person, zeros where there is nobody."""
    return torch.tensor(person(scene) or (0.0,) * len(TRAITS))


def motion(scene: Scene, start: float = 0.0) -> Tensor:
    """The scene's motion (48,11) from `start` seconds on, in the units of `inference.generator.plan.MOTION`. Who leaves
    the picture comes back on its other side."""
    from inference.train.render import camera

    made, (pan, zoom) = move(scene, start), camera(scene, start)
    follow = 0.35 if scene.camera.startswith("pan") else 0.0
    turn, gait = made.turn, 2 * torch.pi * made.phase
    upright = scene.subject == "rocket" and scene.action in ("flies", "circles")
    faces = -1.0 if scene.direction == "left" and not upright else 1.0
    whole = torch.ones(FRAMES)
    return torch.stack(
        [
            _within(made.x - pan * follow, ASPECTS[scene.portrait] / 2 + made.half) if start else made.x - pan * follow,
            made.y,
            torch.sin(turn),
            torch.cos(turn),
            torch.sin(gait),
            torch.cos(gait),
            whole * made.half,
            whole * faces,
            pan,
            zoom,
            impacts(scene, made.events),
        ],
        dim=-1,
    )


def _within(x: Tensor, edge: float) -> Tensor:
    """Places brought back between both edges by whole widths."""
    return (x + edge) % (2 * edge) - edge


def impacts(scene: Scene, events: tuple[float, ...]) -> Tensor:
    """How much each frame (48,) holds of an impact that is heard; one between two frames is shared by both."""
    found = np.zeros(FRAMES + 1)
    if scene.setting not in ("space", "underwater"):
        for at in events:
            place = at * FRAME_RATE
            found[int(place)] += 1 - place % 1
            found[int(place) + 1] += place % 1
    return torch.from_numpy(found[:FRAMES]).float().clamp(max=1)
