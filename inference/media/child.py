"""The decoding child: reads one hostile file from descriptor 0 and writes raw frames, sound and a JSON answer.

Started by `inference.media.decoding` alone, as `python -m inference.media.child` with limits as JSON in its one
argument, and the numbers of two open descriptors for frames and sound where they are wanted; the answer on
standard output is what the file holds, or `{"code": …, "message": …}` for a refusal.
"""

import json
import os
import sys
from typing import BinaryIO

import av.subtitles.stream  # noqa: F401 - av imports these when a file needs them, and the jail opens no files
import av.video.reformatter  # noqa: F401
from PIL import Image, UnidentifiedImageError

from inference.media import demuxing, jail
from inference.media.limits import Limits, MediaRefused, bound, fitting
from inference.media.signatures import HEAD_BYTES, STILLS, kind_of

SOURCE = 0
Sinks = list[BinaryIO]


def read(source: BinaryIO, limits: Limits, sinks: Sinks) -> demuxing.Answer:
    """What the file holds; frames and sound go to the two sinks, if there are any. Raises MediaRefused."""
    head = source.read(HEAD_BYTES)
    source.seek(0)
    kind = kind_of(head)
    if kind in STILLS:
        return _still(source, kind, limits, sinks)
    if not sinks:
        return demuxing.inspect(source, kind, limits)
    return demuxing.extract(source, kind, limits, (sinks[0], sinks[1]))


def _still(source: BinaryIO, kind: str, limits: Limits, sinks: Sinks) -> demuxing.Answer:
    Image.MAX_IMAGE_PIXELS = None  # bounded just below, by the header, before any pixel is decoded
    try:
        with Image.open(source, formats=[kind.upper()]) as image:
            width, height = image.size
            bound("pixels a frame", width * height, limits.frame_pixels)
            image.draft("RGB", fitting(width, height, limits.short_side))
            picture = image.convert("RGB").resize(fitting(width, height, limits.short_side))
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError) as error:
        if isinstance(error, MediaRefused):
            raise
        raise MediaRefused("invalid_media", f"the {kind.upper()} cannot be decoded: {error}") from error
    for frames in sinks[:1]:
        frames.write(picture.tobytes())
    kept = {"kept": 1, "kept_width": picture.width, "kept_height": picture.height, "kept_rate": 1.0}
    return kept | {"width": width, "height": height, "frames": 1, "frame_rate": 1.0, "seconds": 0.0}


def main(arguments: list[str]) -> int:
    """Lock this process in, read, answer; the exit status is 0 for an answer, a refusal included."""
    request = json.loads(arguments[0])
    limits = Limits(**request["limits"])
    source: BinaryIO = os.fdopen(SOURCE, "rb")
    sinks: Sinks = [os.fdopen(number, "wb") for number in request["sinks"]]
    Image.init()
    jail.limit(limits.child_bytes, limits.cpu_seconds, limits.output_bytes)
    held = jail.confine()
    try:
        answer = dict(read(source, limits, sinks))
        for sink in sinks:
            sink.flush()
    except MediaRefused as refusal:
        answer = {"code": refusal.code, "message": refusal.message}
    except MemoryError:
        answer = {"code": "media_too_large", "message": f"decoding needs more than {limits.child_bytes} bytes"}
    sys.stdout.write(json.dumps(answer | {"jail": held}))
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    # Libraries' own clean-up of a hostile file is one more thing that could fail; the answer is already out.
    os._exit(status)
