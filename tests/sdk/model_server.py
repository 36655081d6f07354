"""A stand-in for both model servers, for tests of the API only: it answers their contract with tiny clips of its own.

It behaves, rather than being told what to answer: it fetches sources, refuses what is no picture or clip, writes
progress, encodes a real MP4 with sound, and remembers which mark each clip would carry. It judges nothing but the two
screening test texts and captures that say that they are nobody's, and it makes no likeness of what a prompt says.
"""

import base64
import hashlib
import io
import json
import struct
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from PIL import Image

from events.inference import (
    REQUEST,
    CaptureChecked,
    CheckCapture,
    Embed,
    Embedded,
    Generate,
    Generated,
    InferenceError,
    MarkReading,
    MediaFacts,
    MediaScreened,
    Progress,
    PromptScreened,
    ScreenMedia,
    ScreenPrompt,
    Timings,
)
from events.likeness import CHECKS, CaptureFinding, Matched, Outcome
from events.moderation import ALWAYS_BLOCKED_TEXT, ALWAYS_HELD_TEXT, Category, Signal
from inference.likeness.material import Material, packed
from inference.likeness.sealing import seal

FRAME_RATE = 4
SOUND_RATE = 8_000
SHRINK = 8  # of the size that was asked for
PAUSE = 0.2  # seconds that a generation takes at least, so that clients see it happen
NAME = "stand-in"
NOBODYS = b"nobody's capture"
DOUBTED = b"looks very young"


class Refused(Exception):
    """The request's own fault, with the contract's code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def nowhere(asked: Embed) -> Embedded:
    """Every text at the same place, near no anchor."""
    place = base64.b64encode(struct.pack("<512e", 1, *[0] * 511)).decode()
    likeness = tuple((0.0,) * len(asked.anchors) for _ in asked.texts) if asked.anchors else ()
    return Embedded(vectors=(place,) * len(asked.texts), likeness=likeness)


class StandIn:
    """One server's memory: which mark each job's clip carries."""

    def __init__(self) -> None:
        self.records: dict[str, str] = {}

    def answer(self, body: bytes) -> dict:
        match REQUEST.validate_json(body):
            case Generate() as asked:
                return self._generate(asked).model_dump(mode="json")
            case ScreenPrompt() as asked:
                seen = tuple(signals("prompt", asked.text))
                return PromptScreened(language="en", signals=seen).model_dump(mode="json")
            case Embed() as asked:
                return nowhere(asked).model_dump(mode="json")
            case ScreenMedia() as asked:
                return self._screen(asked).model_dump(mode="json")
            case CheckCapture() as asked:
                return checked(asked).model_dump(mode="json")
            case other:
                raise Refused("invalid_request", f"the stand-in does not do {other.task}")

    def _generate(self, asked: Generate) -> Generated:
        started = time.monotonic()
        if asked.source is not None:
            opened(fetched(asked.source.get), asked.source.media)
        half = Progress(fraction=0.5, eta_seconds=PAUSE)
        put(asked.outputs.progress, half.model_dump_json().encode(), "application/json")
        with TemporaryDirectory() as folder:
            path = Path(folder) / "clip.mp4"
            encode(path, asked)
            time.sleep(max(0.0, PAUSE - (time.monotonic() - started)))
            data = path.read_bytes()
        put(asked.outputs.video, data, "video/mp4")
        for link in (asked.outputs.thumbnail, asked.outputs.spritesheet):
            put(link, picture(asked.seed, "WEBP"), "image/webp")
        self.records[asked.job_id] = asked.record
        spent = Timings(denoise=time.monotonic() - started)
        made, engine = facts(data), f"volary-1@{NAME}"
        return Generated(media=made, model=engine, mark_algorithm=NAME, not_rendered=("zyx",), timings=spent)

    def _screen(self, asked: ScreenMedia) -> MediaScreened:
        data = fetched(asked.get)
        found = opened(data, asked.media)
        judged = [each for stage in ("frames", "writing", "sound") for each in signals(stage, "")]
        payload = self.records.get(asked.job_id) if asked.origin == "generated" else None
        mark = MarkReading(payload=payload, p_value=0.0 if payload else 1.0, confidence=1.0 if payload else 0.0)
        matched = Matched(index_id=asked.index.index_id) if asked.index else None  # nobody is recognised
        return MediaScreened(media=found, mark=mark, signals=tuple(judged), frames_seen=found.frames, matched=matched)


def checked(asked: CheckCapture) -> CaptureChecked:
    """Every capture passes but those that say that they are nobody's or doubtful; a portrait and a voice are sealed."""
    capture = fetched(asked.get)
    outcome: Outcome = "fail" if NOBODYS in capture else "review" if DOUBTED in capture else "pass"
    found = tuple(
        CaptureFinding(check=name, outcome=outcome, score=1, threshold=1, reason="looked at", advice="Try again.")
        for name in CHECKS
    )
    if outcome == "fail":
        return CaptureChecked(likeness_id=asked.likeness_id, findings=found)
    portrait, voice = Image.new("RGB", (64, 64), colour(1)), np.full(SOUND_RATE, 0.25, np.float32)
    taken = Material(np.full((1, 128), 0.1), np.full(256, 0.5), np.asarray(portrait), voice, SOUND_RATE, capture)
    packet = packed(taken, NAME)
    sealed = seal(base64.b64decode(asked.recipient), packet, asked.likeness_id.encode())
    put(asked.put, sealed, "application/octet-stream")
    digest = hashlib.sha256(sealed).hexdigest()
    return CaptureChecked(likeness_id=asked.likeness_id, findings=found, sealed_sha256=digest)


def signals(stage: str, text: str) -> Iterator[Signal]:
    score = 1.0 if ALWAYS_BLOCKED_TEXT in text else 0.5 if ALWAYS_HELD_TEXT in text else 0.0
    for category in Category:
        yield Signal(stage=stage, category=category, score=score * (category == Category.TEST_STRING), model=NAME)


def encode(path: Path, asked: Generate) -> None:
    """H.264 with AAC, of the length that was asked for, in one colour that the seed decides."""
    width, height = asked.width // SHRINK // 2 * 2, asked.height // SHRINK // 2 * 2
    frame = np.full((height, width, 3), colour(asked.seed), np.uint8)
    tone = np.sin(np.arange(SOUND_RATE * asked.seconds) * 2 * np.pi * 440 / SOUND_RATE).astype(np.float32)[None] / 4
    with av.open(path, "w", options={"movflags": "+faststart"}) as file:
        pictures = file.add_stream("libx264", rate=FRAME_RATE, options={"preset": "ultrafast"})
        pictures.width, pictures.height, pictures.pix_fmt = width, height, "yuv420p"
        sound = file.add_stream("aac", rate=SOUND_RATE, layout="mono")
        for number in range(FRAME_RATE * asked.seconds):
            shown = av.VideoFrame.from_ndarray(frame, "rgb24")
            shown.pts, shown.time_base = number, Fraction(1, FRAME_RATE)
            file.mux(pictures.encode(shown))
        for start in range(0, tone.shape[1], 1024):
            heard = av.AudioFrame.from_ndarray(tone[:, start : start + 1024], "fltp", "mono")
            heard.rate, heard.pts, heard.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
            file.mux(sound.encode(heard))
        file.mux(pictures.encode(None))
        file.mux(sound.encode(None))


def facts(data: bytes) -> MediaFacts:
    with av.open(io.BytesIO(data), format="mp4") as file:
        pictures, sound = file.streams.video[0], file.streams.audio
        seconds = float(file.duration or 0) / av.time_base
        return MediaFacts(
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            width=pictures.width,
            height=pictures.height,
            frames=pictures.frames,
            frame_rate=float(pictures.average_rate or 0),
            seconds=seconds,
            audio_seconds=float(sound[0].duration * sound[0].time_base) if sound else 0.0,
        )


def opened(data: bytes, media: str) -> MediaFacts:
    """What a source holds; raises Refused for what does not open as what it is said to be."""
    try:
        if media == "video":
            return facts(data)
        image = Image.open(io.BytesIO(data))
        image.load()
    except (OSError, av.FFmpegError, ValueError, SyntaxError) as error:
        raise Refused("invalid_media", f"the source is no {media}: {error}") from error
    digest = hashlib.sha256(data).hexdigest()
    return MediaFacts(
        sha256=digest, size_bytes=len(data), width=image.width, height=image.height, frames=1, frame_rate=0,
        seconds=0, audio_seconds=0,
    )  # fmt: skip


def colour(seed: int) -> tuple[int, int, int]:
    digest = hashlib.sha256(str(seed).encode()).digest()
    return digest[0], digest[1], digest[2]


def picture(seed: int, kind: str, size: tuple[int, int] = (90, 160)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour(seed)).save(file, kind)
    return file.getvalue()


def fetched(link: str) -> bytes:
    try:
        with urllib.request.urlopen(link, timeout=10) as response:
            return response.read()
    except urllib.error.URLError as error:
        raise Refused("source_unreadable", str(error)) from error


def put(link: str | None, data: bytes, content_type: str) -> None:
    if link is None:
        return
    request = urllib.request.Request(link, data, {"content-type": content_type}, method="PUT")
    with urllib.request.urlopen(request, timeout=10):
        pass


@contextmanager
def serving() -> Iterator[str]:
    """Runs a stand-in on a free loopback port and yields its origin."""
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            try:
                self._send(200, stand_in.answer(body))
            except Refused as refused:
                self._send(400, InferenceError(code=refused.code, message=str(refused)).model_dump())

        def _send(self, status: int, answer: dict) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
