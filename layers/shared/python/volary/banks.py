"""Known pictures: local banks of perceptual frame hashes, and which frames of a clip are in one.

Pure. A bank is this home's own: it shares nothing and asks nobody. Two hashes of 144 bits are of one picture up to
MOST_BITS apart; unrelated pictures differ in about 72.
"""

from collections.abc import Iterable, Sequence

from events.inference import FrameHash
from events.moderation import Category, Signal, Span
from events.shapes import Shape
from volary.errors import Invalid

BITS = 144
MOST_BITS = 24
MODEL = "imagehash phash-144"


class Known(Shape):
    """One frame in a bank; `category` is the harm that a match is screened as."""

    bank: str
    category: Category
    bits: str


def checked(known: Known) -> Known:
    """Raises Invalid for what is no hash of 144 bits in hex."""
    try:
        size = len(bytes.fromhex(known.bits)) * 8
    except ValueError as problem:
        raise Invalid(f"{known.bits[:80]!r} is no hash in hex", param="bits") from problem
    if size != BITS:
        raise Invalid(f"a frame hash has {BITS} bits, not {size}", param="bits")
    return known


def distance(one: str, other: str) -> int:
    """How many bits differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def signals(hashes: Sequence[FrameHash], entries: Iterable[Known]) -> tuple[Signal, ...]:
    """One signal for each bank that a clip's frames are in, with the seconds at which they are."""
    found: dict[tuple[str, Category], list[tuple[float, int]]] = {}
    for known in entries:
        near = [(each.at, gap) for each in hashes if (gap := distance(each.bits, known.bits)) <= MOST_BITS]
        if near:
            found.setdefault((known.bank, known.category), []).extend(near)
    return tuple(_signal(bank, category, near) for (bank, category), near in sorted(found.items()))


def _signal(bank: str, category: Category, near: list[tuple[float, int]]) -> Signal:
    seconds = sorted({at for at, _ in near})
    closest = min(gap for _, gap in near)
    return Signal(
        stage="frames",
        category=category,
        score=1.0,
        model=f"{MODEL}, bank {bank}",
        reason=f"{len(seconds)} frames are of a known picture, {closest} of {BITS} bits apart",
        spans=tuple(Span(start=at, end=at + 1) for at in seconds),
    )
