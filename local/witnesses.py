"""Asks a file for its manifest and its mark, each in a child process that can do no harm."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from volary.errors import Invalid
from volary.manifests import Reading

from events.inference import MarkReading
from events.moderation import Span

ROOT = Path(__file__).resolve().parents[1]
WALL_SECONDS = 120
MOST_ANSWER = 16 * 2**20


def manifest(path: Path, anchors: str) -> Reading:
    """What the file's manifest says; raises Invalid for no kind of file that can carry one.

    A file that ends the child, or keeps it busy beyond its limits, has no manifest that holds.
    """
    command = [sys.executable, "-m", "local.manifest_child", anchors]
    quiet = subprocess.DEVNULL
    with path.open("rb") as file, tempfile.TemporaryFile() as output:
        try:
            done = subprocess.run(
                command, stdin=file, stdout=output, stderr=quiet, cwd=ROOT, timeout=WALL_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return Reading("invalid", failures=(f"not read within {WALL_SECONDS} s",))
        output.seek(0)
        answer = output.read(MOST_ANSWER)
    if done.returncode or not answer:
        return Reading("invalid", failures=(f"reading it ended the reader, with status {done.returncode}",))
    return _reading(path, json.loads(answer))


def _reading(path: Path, answer: dict) -> Reading:  # type: ignore[type-arg]
    if "refused" in answer:
        raise Invalid(answer["refused"].replace("the file", path.name, 1))
    return Reading(answer["state"], answer["active"], answer["manifests"], tuple(answer["failures"]))


def mark(path: Path, key: bytes) -> MarkReading:
    """The mark of this home's `key` in picture and sound; raises MediaRefused for a file that cannot be decoded."""
    from inference import watermark  # loads scipy, which no other command should wait for
    from inference.media import decode

    decoded = decode(path)
    picture = watermark.read_picture(decoded.frames, decoded.frame_rate, key)
    sound = watermark.read_sound(decoded.sound, decoded.sample_rate, key) if decoded.sound.size else None
    return MarkReading(
        payload=_hex(picture.payload, 16),
        p_value=picture.p_value,
        confidence=picture.confidence,
        ranges=tuple(Span(start=start, end=end) for start, end in picture.ranges),
        sound_payload=_hex(sound.payload, 8) if sound else None,
    )


def _hex(payload: int | None, digits: int) -> str | None:
    return None if payload is None else f"{payload:0{digits}x}"
