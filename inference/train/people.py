"""How people look: a figure of shapes facing right, and the colours of skin and hair, both as their traits say."""

from __future__ import annotations

import math

from inference.generator.complexion import Colour, hair_of, skin_of
from inference.generator.likeness import TRAITS
from inference.train.shapes import Shape, ellipse, polygon, rod

Roles = tuple[str, str, str]  # of cloth, skin and hair
# Of a couple the other one is always the same.
_OTHER = {**dict.fromkeys(TRAITS, 0.0), "beard": -1.0, "glasses": -1.0, "hair long": 0.7, "hair full": 0.4}


def complexion(traits: tuple[float, ...]) -> Colour:
    """The skin's colour, red, green and blue in 0..1."""
    return skin_of(_named(traits)["skin"])


def hair(traits: tuple[float, ...]) -> Colour:
    """The hair's colour: dark to light, and from grey over brown to red."""
    trait = _named(traits)
    return hair_of(trait["hair light"], trait["hair red"])


def _named(traits: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(TRAITS, traits, strict=True))


def figure(turn: float, x: float, trait: dict[str, float], roles: Roles) -> list[Shape]:
    """Somebody standing on 0.9, the middle of the body at `x`, in the phase `turn` of their gait."""
    cloth, skin, _ = roles
    swing = 0.30 * (1 + 0.55 * trait["stride"]) * math.sin(turn)
    reach = 0.30 * (1 + 0.65 * trait["arm swing"]) * math.sin(turn + math.pi)
    wide, thick = 0.2 * (1 + 0.32 * trait["broad"]), 0.085 * (1 + 0.25 * trait["broad"])
    hip, neck = _neck(trait)
    low = neck + 0.40
    return [
        *_behind(x, neck, trait, roles),
        rod("shade", x - 0.5 * wide, neck + 0.1, x + reach - 0.08, low, thick),
        ellipse(skin, x + reach - 0.07, low + 0.04, thick * 1.05, thick * 1.05),
        rod("dark", x - 0.04, hip, x - 0.05 - swing, 0.84, thick * 1.2),
        rod("dark", x + 0.04, hip, x + 0.05 + swing, 0.84, thick * 1.2),
        rod(cloth, x, neck + wide * 0.75, x, hip - 0.04, wide),
        rod(skin, x, neck - 0.08, x, neck + 0.02, thick),
        *_head(x, neck, trait, roles),
        rod(cloth, x - 0.1 * wide, neck + 0.14, x - reach * 0.6 + 0.03, low - 0.14, thick),
        rod(skin, x - reach * 0.6 + 0.03, low - 0.12, x - reach + 0.07, low + 0.02, thick * 0.85),
    ]


def _skull(x: float, neck: float, trait: dict[str, float]) -> tuple[float, float, float, float]:
    """The middle of the head and its half width and height."""
    whole = 1 + 0.13 * trait["head"]
    wide, high = 0.255 * whole * (1 + 0.13 * trait["round face"]), 0.285 * whole * (1 - 0.07 * trait["round face"])
    return x + 0.03, neck - high * 0.86, wide, high


def face(traits: tuple[float, ...]) -> tuple[float, float, float]:
    """Where the middle of a person's face is on the square, and half the head's height."""
    trait = _named(traits)
    at, level, _, high = _skull(0.0, _neck(trait)[1], trait)
    return at, level, high


def _neck(trait: dict[str, float]) -> tuple[float, float]:
    """How far down hip and neck are."""
    hip = 0.34 - 0.11 * trait["tall"]
    return hip, hip - 0.44 - 0.05 * trait["tall"]


def _behind(x: float, neck: float, trait: dict[str, float], roles: Roles) -> list[Shape]:
    """Long hair, which falls behind head and shoulders."""
    at, level, wide, high = _skull(x, neck, trait)
    falls = high * (0.1 + 1.5 * max(trait["hair long"], -0.3))
    full = 0.62 + 0.16 * trait["hair full"]
    back = at - wide * (0.42 + 0.08 * trait["hair full"])
    return [rod(roles[2], back, level - high * 0.1, back - 0.05, level + falls, wide * full)]


def _head(x: float, neck: float, trait: dict[str, float], roles: Roles) -> list[Shape]:
    at, level, wide, high = _skull(x, neck, trait)
    return [
        ellipse(roles[1], at, level, wide, high),
        ellipse(roles[1], at + wide * 0.96, level + high * 0.18, wide * 0.17, high * 0.15),
        *_beard(at, level, (wide, high), (trait["beard"], roles[2])),
        *_crown(at, level, (wide, high), (trait, roles[2])),
        ellipse(roles[1], at - wide * 0.42, level + high * 0.14, wide * 0.17, high * 0.2),
        *_eyes(at, level, (wide, high), trait["glasses"]),
        rod("dark", at + wide * 0.32, level + high * 0.55, at + wide * 0.72, level + high * 0.53, 0.016),
    ]


def _crown(at: float, level: float, half: tuple[float, float], look: tuple[dict[str, float], str]) -> list[Shape]:
    """The hair on top: a cap that is thicker where hair is full, and lower on the brow where it is not cropped."""
    (wide, high), (trait, role) = half, look
    thick = 0.02 + 0.075 * (1 + trait["hair full"]) / 2 * (0.35 + 0.65 * min(1.0, (1 + trait["hair long"])))
    brow = level - high * (0.5 - 0.14 * min(1.0, 1 + trait["hair long"]))
    top = level - high - thick
    middle, reach = (top + brow) / 2, (brow - top) / 2
    fringe = rod(role, at - wide * 0.5, middle + reach * 0.1, at + wide * 0.5, middle - reach * 0.1, reach * 0.9)
    side = ellipse(role, at - wide * 0.62, level - high * 0.2, wide * 0.42 + thick, high * 0.66)
    return [ellipse(role, at - wide * 0.06, middle + reach * 0.1, wide * 0.92 + thick, reach), fringe, side]


def _beard(at: float, level: float, half: tuple[float, float], look: tuple[float, str]) -> list[Shape]:
    (wide, high), (amount, role) = half, look
    if amount < 0:
        return []
    low = level + high * (0.72 + 0.1 * amount)
    chin = ellipse(role, at + wide * 0.22, low, wide * (0.5 + 0.26 * amount), high * (0.24 + 0.24 * amount))
    jaw = rod(role, at - wide * 0.5, level + high * 0.1, at - wide * 0.1, low, wide * (0.05 + 0.2 * amount))
    return [jaw, chin]


def _eyes(at: float, level: float, half: tuple[float, float], glasses: float) -> list[Shape]:
    wide, high = half
    places, up = (at + wide * 0.18, at + wide * 0.72), level - high * 0.02
    rims = [rod("dark", at - wide * 0.5, up, at + wide * 0.9, up, 0.02)]
    for place in places:
        rims += [ellipse("dark", place, up, 0.09, 0.085), ellipse("glass", place, up, 0.062, 0.057)]
    whites = [ellipse("light", place, up, 0.045, 0.05) for place in places]
    pupils = [ellipse("dark", place + 0.012, up + 0.004, 0.028, 0.034) for place in places]
    return [*(rims if glasses > 0 else whites), *pupils]


def person(turn: float, traits: tuple[float, ...]) -> list[Shape]:
    return figure(turn, 0.0, _named(traits), ("main", "complexion", "hair"))


def couple(turn: float, traits: tuple[float, ...]) -> list[Shape]:
    """The one whose traits they are, the other, their hands, and a heart between them."""
    heart = -0.84 + 0.05 * math.sin(turn)
    return [
        *figure(turn, -0.42, _named(traits), ("main", "complexion", "hair")),
        *figure(turn + 0.9, 0.42, _OTHER, ("second", "skin", "dark")),
        rod("skin", -0.3, 0.12, 0.3, 0.12, 0.06),
        ellipse("accent", -0.07, heart, 0.1, 0.1),
        ellipse("accent", 0.07, heart, 0.1, 0.1),
        polygon("accent", -0.16, heart + 0.04, 0.16, heart + 0.04, 0, heart + 0.25),
    ]


SHAPES = {"person": person, "couple": couple}
