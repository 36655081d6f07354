"""Where the top-level boxes of an MP4 lie, for tests that damage or move them."""

import struct
from collections.abc import Iterator
from typing import NamedTuple


class Box(NamedTuple):
    kind: str
    start: int
    end: int


def boxes(data: bytes) -> Iterator[Box]:
    """Top-level boxes in order; 64-bit sizes are not needed for clips this small."""
    start = 0
    while start < len(data):
        size, kind = struct.unpack(">I4s", data[start : start + 8])
        yield Box(kind.decode("latin-1"), start, start + size)
        start += size


def box(data: bytes, kind: str) -> Box:
    return next(each for each in boxes(data) if each.kind == kind)
