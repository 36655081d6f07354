"""What keeps a person recognisable, as numbers: the traits that a likeness is told to the generator with."""

from __future__ import annotations

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
