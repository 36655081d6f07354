"""Tiny clips, stills, records and keys for the provenance tests: all real, none drawn by the generator."""

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image
from volary.clock import SystemClock
from volary.embedded.keys import FileKeys
from volary.manifests import Signer
from volary.videos import SourceClip, Video

from events.inference import MediaFacts

WIDTH, HEIGHT, FRAMES, RATE = 160, 96, 12, 24
SAMPLES = 1024


def write_clip(path: Path, seed: int) -> Path:
    """Half a second of noise in picture and sound, H.264 and AAC in MP4."""
    noise = np.random.default_rng(seed)
    with av.open(str(path), "w") as file:
        picture = file.add_stream("libx264", rate=RATE, options={"crf": "30"})
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound = file.add_stream("aac", rate=48_000)
        for index in range(FRAMES):
            pixels = noise.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            file.mux(picture.encode(frame))
        for index in range(24):
            samples = noise.normal(0, 0.1, (1, SAMPLES)).astype(np.float32)
            block = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            block.sample_rate, block.pts, block.time_base = 48_000, index * SAMPLES, Fraction(1, 48_000)
            file.mux(sound.encode(block))
        file.mux(picture.encode(None))
        file.mux(sound.encode(None))
    return path


def write_still(path: Path, seed: int) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def facts(path: Path) -> MediaFacts:
    data = path.read_bytes()
    return MediaFacts(
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        width=WIDTH,
        height=HEIGHT,
        frames=FRAMES,
        frame_rate=RATE,
        seconds=FRAMES / RATE,
        audio_seconds=FRAMES / RATE,
    )


def mark_of(video_id: str) -> str:
    """A mark for each clip, 64 bits in hex."""
    return hashlib.sha256(video_id.encode()).hexdigest()[:16]


def record(video_id: str, path: Path, **changes: object) -> Video:
    """The record of a made and passed clip."""
    made = Video(
        id=video_id,
        owner_id="user_owner",
        prompt="a red kite over a harbour at dawn",
        asked_model="sora-2",
        seconds=4,
        width=720,
        height=1280,
        seed=7,
        record=mark_of(video_id),
        gate="pass",
        status="in_progress",
        stage="screening_media",
        call_id="call_1",
        created_at=1_790_000_000,
        made=facts(path),
        model="volary-1",
        mark_algorithm="org.volary.mark.1",
    )
    return made.model_copy(update=changes)


def remix_of(parent_id: str) -> SourceClip:
    return SourceClip(use="remix", media="video", video_id=parent_id)


def signer(folder: Path) -> Signer:
    """The signer of the embedded home whose keys lie in `folder`."""
    keys = FileKeys(folder, SystemClock())
    return Signer(keys.certificates("c2pa"), lambda digest: keys.sign_digest("c2pa", digest))
