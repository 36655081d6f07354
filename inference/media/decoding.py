"""Reads files from outside: the parent's side, which does no more with their bytes than hash them and look at the
first 64.

What is covered: each file is read by a child of its own (see `jail`), within memory, CPU and wall limits, with the
demuxer chosen by signature; whatever the child does, the parent gets frames of the size it expects or refuses.
What is not covered: what the pictures show, and files that are valid twice (a polyglot's other half is ignored and
never republished, because clips are always encoded anew).
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from events.inference import MediaFacts
from inference.media.limits import Decoded, Limits, MediaRefused, bound
from inference.media.signatures import HEAD_BYTES, kind_of

ROOT = Path(__file__).resolve().parents[2]
MOST_ANSWER = 65536
OUT_OF_LIMITS = frozenset({signal.SIGKILL, signal.SIGXCPU, signal.SIGXFSZ})
Answer = dict[str, Any]


def decode(source: Path | bytes, limits: Limits | None = None) -> Decoded:
    """Frames and sound of an MP4, WebM, PNG, JPEG or WebP. Raises MediaRefused; no file can end this process.

    The frames are backed by a file already deleted, so a long clip costs page cache and not memory.
    """
    limits = limits or Limits()
    with _opened(source, limits) as file, tempfile.TemporaryFile() as frames, tempfile.TemporaryFile() as sound:
        answer = _ask(file, limits, (frames, sound))
        return Decoded(
            frames=_pictures(frames, answer),
            frame_rate=float(answer["kept_rate"]),
            sound=np.fromfile(_rewound(sound), "<f4"),
            sample_rate=int(answer.get("sample_rate", 0)),
            facts=_facts(file, answer),
        )


def facts(source: Path | bytes, limits: Limits | None = None) -> MediaFacts:
    """What a file holds, without decoding more than one frame. Raises MediaRefused."""
    limits = limits or Limits()
    with _opened(source, limits) as file:
        return _facts(file, _ask(file, limits, ()))


@contextmanager
def _opened(source: Path | bytes, limits: Limits) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        bound("bytes", len(source), limits.file_bytes)
        with tempfile.TemporaryFile() as file:
            file.write(source)
            yield _recognised(file)
    else:
        bound("bytes", source.stat().st_size, limits.file_bytes)
        with source.open("rb") as file:
            yield _recognised(file)


def _recognised(file: BinaryIO) -> BinaryIO:
    """Refuse what is no media at all before a child is started for it."""
    # Read beside the file's position, which the child shares: a buffered read here would move it.
    kind_of(os.pread(_rewound(file).fileno(), HEAD_BYTES, 0))
    return file


def _ask(file: BinaryIO, limits: Limits, sinks: tuple[BinaryIO, ...]) -> Answer:
    """Let a child read the file; its answer, which is a refusal only as an exception."""
    request = json.dumps({"limits": asdict(limits), "sinks": [sink.fileno() for sink in sinks]})
    with tempfile.TemporaryFile() as output:
        try:
            status = subprocess.run(
                [sys.executable, "-m", "inference.media.child", request],
                stdin=file,
                stdout=output,
                stderr=subprocess.DEVNULL,
                pass_fds=[sink.fileno() for sink in sinks],
                cwd=ROOT,
                env={"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
                timeout=limits.wall_seconds,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise MediaRefused("media_too_large", f"not read within {limits.wall_seconds:g} s") from error
        answer = _rewound(output).read(MOST_ANSWER)
    return _judged(status, answer)


def _judged(status: int, output: bytes) -> Answer:
    if -status in OUT_OF_LIMITS:
        raise MediaRefused("media_too_large", f"the decoder went over its limits (signal {-status})")
    if status:
        raise MediaRefused("invalid_media", f"the decoder failed on the file (status {status})")
    try:
        answer: Answer = json.loads(output)
    except ValueError as error:
        raise MediaRefused("invalid_media", f"the decoder gave no answer ({len(output)} bytes)") from error
    if "code" in answer:
        raise MediaRefused(answer["code"], answer["message"])
    return answer


def _pictures(file: BinaryIO, answer: Answer) -> np.ndarray:
    """Map the child's frames, once the file is exactly as long as its answer says."""
    shape = (int(answer["kept"]), int(answer["kept_height"]), int(answer["kept_width"]), 3)
    size = file.seek(0, 2)
    if min(shape) < 1 or size != int(np.prod(shape, dtype=np.int64)):
        raise MediaRefused("invalid_media", f"the decoder wrote {size} bytes for frames of {shape}")
    return np.memmap(file, np.uint8, "r+", shape=shape)


def _facts(file: BinaryIO, answer: Answer) -> MediaFacts:
    return MediaFacts(
        sha256=hashlib.file_digest(_rewound(file), "sha256").hexdigest(),
        size_bytes=file.seek(0, 2),
        width=answer["width"],
        height=answer["height"],
        frames=answer["frames"],
        frame_rate=answer["frame_rate"],
        seconds=answer["seconds"],
        audio_seconds=answer.get("audio_seconds", 0.0),
    )


def _rewound(file: BinaryIO) -> BinaryIO:
    file.seek(0)
    return file
