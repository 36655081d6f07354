"""The learned world: which scenes exist and how one is drawn at random; says nothing of how they look or sound."""

from __future__ import annotations

import random
from dataclasses import dataclass

from inference.generator.likeness import PEOPLE, somebody

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black")
SIZES = ("small", "large")
TIMES = ("day", "sunset", "night")
WEATHERS = ("clear", "rain", "snow", "fog")
CAMERAS = ("still", "pan left", "pan right", "zoom in")
STYLES = ("photographic", "cinematic", "animation", "illustration")
DIRECTIONS = ("left", "right")

OUTDOORS = ("sea", "desert", "forest", "city", "mountain", "meadow")
SETTINGS = (*OUTDOORS, "space", "underwater", "room")

_LAND = ("desert", "forest", "city", "mountain", "meadow")
_AIR = (*OUTDOORS, "space")

# subject -> (settings it is seen in, actions it can do). Settings are repeated where a scene would be missed most.
SUBJECTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ball": ((*_LAND, "room", "space"), ("bounces", "rolls", "falls", "spins")),
    "balloon": ((*_AIR, "room"), ("floats", "rises", "flies")),
    "bird": (OUTDOORS, ("flies", "circles", "floats")),
    "boat": (("sea",), ("sails", "floats")),
    "fish": (("underwater",), ("swims", "circles")),
    "car": (_LAND, ("drives", "rests", "jumps")),
    "rocket": (_AIR, ("rises", "flies", "circles", "spins")),
    "cat": ((*_LAND, "room"), ("walks", "runs", "jumps", "rests")),
    "dog": ((*_LAND, "room"), ("walks", "runs", "jumps", "rests")),
    "person": ((*_LAND, "room", "space"), ("walks", "runs", "jumps", "dances", "rests")),
    "couple": ((*_LAND, "room"), ("walks", "dances", "rests")),
    "kite": (OUTDOORS, ("flies", "floats", "circles", "falls")),
    "butterfly": ((*_LAND, "room"), ("flies", "circles", "floats")),
    "robot": ((*_LAND, "room", "space"), ("walks", "jumps", "dances", "spins")),
    "train": (_LAND, ("drives", "rests")),
}
# In space nothing stands on a floor: every action there becomes one of these.
WEIGHTLESS = ("floats", "circles", "spins", "flies")
DIRECTED = ("rolls", "flies", "sails", "swims", "drives", "walks", "runs", "bounces")


@dataclass(frozen=True)
class Scene:
    """One clip's description: everything a caption may say, and the seed of everything it may not."""

    subject: str
    colour: str
    size: str
    action: str
    direction: str
    setting: str
    time: str
    weather: str
    camera: str
    style: str
    portrait: bool
    seed: int


def draw(seed: int) -> Scene:
    """A scene drawn at random; the same seed gives the same scene."""
    rng = random.Random(seed)
    # The sea and the deep have one or two subjects each: drawing the setting first keeps them as frequent as land.
    setting = rng.choice(SETTINGS)
    subject = rng.choice([name for name, (places, _) in SUBJECTS.items() if setting in places])
    action = rng.choice(WEIGHTLESS if setting == "space" else SUBJECTS[subject][1])
    outdoors = setting in OUTDOORS
    return Scene(
        subject=subject,
        colour=rng.choice(COLOURS),
        size=rng.choice(SIZES),
        action=action,
        direction=rng.choice(DIRECTIONS),
        setting=setting,
        time=rng.choice(TIMES) if setting not in ("space", "underwater") else "day",
        weather=rng.choice(("clear", *WEATHERS)) if outdoors else "clear",
        camera=rng.choice(("still", *CAMERAS)),
        style=rng.choice(STYLES),
        portrait=rng.random() < 0.5,
        seed=seed,
    )


def person(scene: Scene) -> tuple[float, ...] | None:
    """The traits of the scene's person, of a couple those of the first; None where there is nobody."""
    return somebody(scene.seed) if scene.subject in PEOPLE else None


def is_held_out(scene: Scene) -> bool:
    """True for the combinations kept for evaluation (about one in twelve of subject, colour and setting)."""
    key = f"{scene.subject}/{scene.colour}/{scene.setting}"
    return sum(ord(letter) * (place + 7) for place, letter in enumerate(key)) % 12 == 0
