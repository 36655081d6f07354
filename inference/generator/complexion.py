"""The colours that people's skin and hair have in this world, by their traits. Painters and readers share them."""

from __future__ import annotations

Colour = tuple[float, float, float]
Stops = tuple[Colour, Colour, Colour]

SKIN: Stops = ((0.30, 0.18, 0.12), (0.78, 0.54, 0.38), (0.99, 0.86, 0.77))
ASHEN: Stops = ((0.05, 0.05, 0.06), (0.36, 0.35, 0.36), (0.93, 0.92, 0.90))
BROWN: Stops = ((0.07, 0.04, 0.03), (0.42, 0.25, 0.12), (0.96, 0.82, 0.46))
COPPER: Stops = ((0.22, 0.04, 0.03), (0.62, 0.18, 0.06), (0.98, 0.58, 0.22))


def skin_of(light: float) -> Colour:
    """The skin's colour, red, green and blue in 0..1, from dark at -1 to light at 1."""
    return between(SKIN, light)


def hair_of(light: float, red: float) -> Colour:
    """The hair's colour: dark to light, and from grey over brown to red."""
    return between((between(ASHEN, light), between(BROWN, light), between(COPPER, light)), red)


def between(stops: Stops, place: float) -> Colour:
    """A colour on the line of three stops at -1, 0 and 1."""
    low, high = (stops[0], stops[1]) if place < 0 else (stops[1], stops[2])
    share = place + 1 if place < 0 else place
    red, green, blue = (a + (b - a) * share for a, b in zip(low, high, strict=True))
    return red, green, blue
