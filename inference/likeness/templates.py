"""Reads a template from a photograph or recording of one person, for the block list. It keeps nothing.

Files are decoded in the limited child, like every file of a stranger. Not covered: whether it is the person that they
are said to show.
"""

from pathlib import Path

import numpy as np

from inference.likeness.faces import Faces
from inference.likeness.voices import Voices, at_rate
from inference.marks import opened
from inference.refusal import InvalidRequest

LEAST_FACE = 48  # pixels: of planted faces of 32, ten of twelve were named, of 48 and more all
PRESENT = 0.5


def face_of(file: bytes, weights: Path) -> np.ndarray:
    """The 128 numbers of the one face in a picture. Raises Refused where there is none, several, or a small one."""
    faces = Faces(weights)
    picture = opened(file).frames[0]
    found = faces.finder.nearby(picture) or faces.finder.all(picture)
    seen = [face for each in found if (face := faces.read(picture, each)).presence >= PRESENT]
    if len(seen) != 1:
        raise InvalidRequest(f"{len(seen)} faces are seen, not one")
    width = float(min(seen[0].found.box[2:]))
    if width < LEAST_FACE:
        raise InvalidRequest(f"the face is {width:.0f} pixels wide, under {LEAST_FACE}")
    return faces.describe(picture, seen[0])


def voice_of(file: bytes, weights: Path) -> np.ndarray:
    """The 256 numbers of whoever speaks in a clip. Raises Refused where nobody does."""
    clip = opened(file)
    try:
        return Voices(weights / "likeness").describe(at_rate(clip.sound, clip.sample_rate))
    except ValueError as problem:
        raise InvalidRequest(str(problem)) from problem
