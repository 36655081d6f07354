"""What is said to and by those who keep the block list by face and voice; it decides nothing.

Errors of these shapes never repeat what came in: it is somebody's face, and errors are logged.
"""

from typing import Annotated

from pydantic import ConfigDict, Field
from volary.blocked import Kind

from events.shapes import Shape

MOST_FACES = 20  # of one person; one sealed entry stays far below what an item may weigh
Number = Annotated[float, Field(allow_inf_nan=False)]
Face = Annotated[tuple[Number, ...], Field(min_length=128, max_length=128)]
Voice = Annotated[tuple[Number, ...], Field(min_length=256, max_length=256)]


class Addition(Shape):
    """Somebody to be refused. The caller draws `id`, so that the same call twice lists them once.

    `faces` and `voice` are the numbers that `inference.likeness.templates` reads; pictures and recordings stay where
    the caller is. `added_by` is for the audit book, in the caller's own words.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    id: str = Field(pattern=r"^block_[A-Za-z0-9_-]{1,64}$")
    names: tuple[str, ...]
    kind: Kind
    likeness_id: str | None = Field(default=None, max_length=200)
    faces: tuple[Face, ...] = Field(default=(), max_length=MOST_FACES)
    voice: Voice | None = None
    added_by: str = Field(min_length=1, max_length=300)


class Added(Shape):
    """Who is on the list now, and by how many faces and whether by voice they are matched."""

    id: str
    names: tuple[str, ...]
    faces: int
    voice: bool


class Listing(Shape):
    """Asks for the whole list."""


class Line(Shape):
    """One person; `is_matched` says that uploads and clips are compared with their face or voice."""

    id: str
    names: tuple[str, ...]
    kind: Kind
    is_matched: bool


class Listed(Shape):
    people: tuple[Line, ...]


class Removal(Shape):
    """Takes one person off; `removed_by` is for the audit book, in the caller's own words."""

    id: str
    removed_by: str = Field(min_length=1, max_length=300)


class Removed(Shape):
    id: str
    removed: bool = True
