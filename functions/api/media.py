"""Tells by its signature what an uploaded file claims to be, and stores it in quarantine; it decodes nothing.

Covered: files of another kind than declared, files cut short, kinds that nothing here takes. What the pictures
hold, and how large they are once decoded, is judged by the workflow in a limited child process.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Literal

from volary.errors import Invalid
from volary.ports import Services

from functions.api import boxes
from functions.api.bodies import File

Media = Literal["image", "video"]
VIDEO_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash")
BY_NAME = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif",
    "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "webm": "video/webm", "mkv": "video/x-matroska",
}  # fmt: skip
ANY_TYPE = ("", "application/octet-stream", "binary/octet-stream")


def recognised(file: File, expected: tuple[Media, ...], param: str) -> str:
    """The file's content type by its signature; raises Invalid for what is broken, disguised or not expected."""
    kind = signature_of(file.head(16))
    if file.size == 0:
        raise Invalid(f"{param} is an empty file", param=param, code="invalid_file")
    if kind is None:
        message = f"{param} is no PNG, JPEG or WebP picture and no MP4 video: it starts with {file.head(8).hex()}"
        raise Invalid(message, param=param, code="unsupported_file")
    declared = declared_type(file)
    if declared not in (None, kind):
        message = f"{param} is declared as {declared!r} but is {kind}"
        raise Invalid(message, param=param, code="mismatched_file")
    if media_of(kind) not in expected:
        raise Invalid(f"{param} is {kind}, where a {' or '.join(expected)} is needed", param=param, code="invalid_type")
    if not COMPLETE[kind](file.stream, file.size):
        raise Invalid(f"{param} is a {kind} file that is cut short or broken", param=param, code="truncated_file")
    return kind


def declared_type(file: File) -> str | None:
    """What the form says of the file, or else its name; None where neither says anything."""
    if file.content_type not in ANY_TYPE:
        return file.content_type[:80]
    return BY_NAME.get(file.name.rpartition(".")[2].lower()) if "." in file.name else None


def media_of(content_type: str) -> Media:
    return "video" if content_type.startswith("video/") else "image"


def signature_of(head: bytes) -> str | None:
    """The content type that the first 12 bytes stand for."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return "video/mp4" if head[4:8] == b"ftyp" and head[8:12] in VIDEO_BRANDS else None


def store(file: File, content_type: str, owner_id: str, services: Services) -> str:
    """Put the bytes as they came under a fresh key of bucket uploads; returns the key."""
    key = f"{owner_id}/{services.ids.new('upload')}"
    with tempfile.NamedTemporaryFile() as copy:
        file.stream.seek(0)
        while chunk := file.stream.read(1 << 20):
            copy.write(chunk)
        copy.flush()
        services.blobs.upload("uploads", key, Path(copy.name), content_type)
    return key


def _whole_png(stream: BinaryIO, size: int) -> bool:
    stream.seek(max(0, size - 12))
    return size >= 57 and stream.read(12)[4:8] == b"IEND"


def _whole_jpeg(stream: BinaryIO, size: int) -> bool:
    # Cameras append data after the end marker, so it is looked for near the end, not at it.
    stream.seek(max(0, size - 65_536))
    return size >= 100 and b"\xff\xd9" in stream.read(65_536)


def _whole_webp(stream: BinaryIO, size: int) -> bool:
    stream.seek(4)
    return int.from_bytes(stream.read(4), "little") + 8 <= size


COMPLETE: dict[str, Callable[[BinaryIO, int], bool]] = {
    "image/png": _whole_png,
    "image/jpeg": _whole_jpeg,
    "image/webp": _whole_webp,
    "video/mp4": boxes.is_whole,
}
