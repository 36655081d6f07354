"""Reads the outline of an MP4 file, its boxes and their headers; it decodes no picture and trusts no length."""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

MOST_BOXES = 10_000


class Box(NamedTuple):
    """One box: `start` and `end` bound what it holds, in bytes from the file's start."""

    kind: bytes
    start: int
    end: int


class Outline(NamedTuple):
    """What the header of a movie claims."""

    seconds: float
    width: int
    height: int


class Broken(ValueError):
    """The boxes do not fill the space that they are in."""


def boxes(stream: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes between two positions; raises Broken as soon as one does not fit."""
    for _ in range(MOST_BOXES):
        if start == end:
            return
        stream.seek(start)
        header = stream.read(16)
        length, size = int.from_bytes(header[:4]), 8
        if length == 1:
            length, size = int.from_bytes(header[8:16]), 16
        elif length == 0:
            length = end - start
        if len(header) < size or length < size or start + length > end:
            raise Broken(f"box at {start} of length {length} does not fit before {end}")
        yield Box(header[4:8], start + size, start + length)
        start += length
    raise Broken(f"more than {MOST_BOXES} boxes")


def is_whole(stream: BinaryIO, size: int) -> bool:
    """Whether the boxes fill the file exactly, with an index and media data among them."""
    try:
        return {b"moov", b"mdat"} <= {box.kind for box in boxes(stream, 0, size)}
    except Broken:
        return False


def outline(stream: BinaryIO, size: int) -> Outline:
    """Length and frame size as the movie's header claims them; raises Broken where it claims none."""
    movie = _one(stream, b"moov", 0, size)
    header = _one(stream, b"mvhd", movie.start, movie.end)
    for track in boxes(stream, movie.start, movie.end):
        if track.kind == b"trak":
            width, height = _frame(stream, track)
            if width and height:
                return Outline(_seconds(stream, header), width, height)
    raise Broken("no track has a frame size")


def _seconds(stream: BinaryIO, header: Box) -> float:
    stream.seek(header.start)
    data = stream.read(32)
    scale, length = (data[20:24], data[24:32]) if data[:1] == b"\x01" else (data[12:16], data[16:20])
    if not int.from_bytes(scale):
        raise Broken("the movie's time scale is 0")
    return int.from_bytes(length) / int.from_bytes(scale)


def _frame(stream: BinaryIO, track: Box) -> tuple[int, int]:
    header = _one(stream, b"tkhd", track.start, track.end)
    stream.seek(max(header.start, header.end - 8))
    size = stream.read(8)
    return int.from_bytes(size[:2]), int.from_bytes(size[4:6])


def _one(stream: BinaryIO, kind: bytes, start: int, end: int) -> Box:
    for box in boxes(stream, start, end):
        if box.kind == kind:
            return box
    raise Broken(f"no box {kind!r}")
