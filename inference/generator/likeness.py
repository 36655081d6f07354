"""What keeps a person recognisable, as numbers: the traits that a likeness is told to the generator with."""

from __future__ import annotations

import random

# Each from -1 to 1. Appearance: skin and hair from dark to light, hair from ashen to red, from cropped to long, from
# flat to full, none to a full beard, without or with glasses, a long or a round face. Proportions: the head's size,
# how tall and how broad. Gait: how far legs and arms swing. Voice: low to high, long to short throat, slow to quick.
TRAITS = (
    "skin",
    "hair light",
    "hair red",
    "hair long",
    "hair full",
    "beard",
    "glasses",
    "round face",
    "head",
    "tall",
    "broad",
    "stride",
    "arm swing",
    "voice high",
    "voice bright",
    "voice quick",
)
PEOPLE = ("person", "couple")  # the subjects that have traits; of a couple the first


def somebody(seed: int) -> tuple[float, ...]:
    """TRAITS drawn at random, the same for the same seed; half have no beard, and glasses are there or not."""
    rng = random.Random(f"person {seed}")
    drawn = {name: rng.uniform(-1, 1) for name in TRAITS}
    drawn["beard"] = -1.0 if rng.random() < 0.5 else rng.random()
    drawn["glasses"] = 1.0 if rng.random() < 0.4 else -1.0
    return tuple(drawn.values())
