"""Tells a file's kind from its first bytes, so that a demuxer is never chosen by the file's own say-so."""

from typing import Literal

from inference.media.limits import MediaRefused

Kind = Literal["mp4", "webm", "png", "jpeg", "webp"]
HEAD_BYTES = 64
STILLS = frozenset({"png", "jpeg", "webp"})


def kind_of(head: bytes) -> Kind:
    """The kind that the first HEAD_BYTES announce. Raises MediaRefused (invalid_media) for anything else."""
    if head[4:8] == b"ftyp":
        return "mp4"
    if head.startswith(b"\x1aE\xdf\xa3") and (b"webm" in head or b"matroska" in head):
        return "webm"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    start = head[:12].hex() or "nothing"
    raise MediaRefused("invalid_media", f"the file starts with {start}: not MP4, WebM, PNG, JPEG or WebP")
