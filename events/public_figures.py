"""Public figures whom Volary knows by name: both sides of the boundary read this list, and neither brings its own.

The product refuses the names that can mean nobody else (`volary.blocked`); the prompt screen reports every name, so
that a person looks at what may mean one of them (`inference.safety.names`). It compares no text.
"""

from functools import cache
from importlib import resources

from events.shapes import Shape

APART, WORD, CAPITALS = "|", "?", "="


class PublicFigure(Shape):
    """One person. `names` mean nobody else; `shared` are also words or other people's names, and so are
    `capitalised`, which count only where they are written with capitals.
    """

    names: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    capitalised: tuple[str, ...] = ()


@cache
def public_figures() -> tuple[PublicFigure, ...]:
    """Everybody in public_figures.txt beside this module, in its order."""
    lines = resources.files("events").joinpath("public_figures.txt").read_text("utf-8").splitlines()
    return tuple(figure(line) for line in lines if line.strip() and not line.startswith("#"))


def figure(line: str) -> PublicFigure:
    """The person of one line: names apart by APART, and before each its sign or none."""
    found = [name.strip() for name in line.split(APART)]
    return PublicFigure(
        names=tuple(name for name in found if name[0] not in (WORD, CAPITALS)),
        shared=tuple(name[1:] for name in found if name[0] == WORD),
        capitalised=tuple(name[1:] for name in found if name[0] == CAPITALS),
    )
