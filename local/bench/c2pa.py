"""`volary bench c2pa`: signing and reading as we do it, against bare c2pa-python and SHA-256, on the same files.

The peer signs the same definition with the same key and the library's own settings; ours also reads the result
back with trust. SHA-256 is the floor: no hard binding can cost less than hashing the file. Each round measures
all three in turn, in processor time, so that a busy machine slows them alike.
"""

import hashlib
import json
import statistics
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np
from volary import manifests, provenance
from volary.certificates import anchor
from volary.clock import SystemClock
from volary.embedded.keys import FileKeys
from volary.videos import Video

from events.inference import MediaFacts

MEGABYTES = (0.7, 5.0, 30.0)
ROUNDS = 15
WIDTH, HEIGHT, RATE = 360, 640, 24


def bench() -> Iterator[dict[str, Any]]:
    """One line for signing and one for reading, for each file size."""
    with TemporaryDirectory(prefix="bench-c2pa-") as name:
        folder = Path(name)
        keys = FileKeys(folder / "keys", SystemClock())
        signer = manifests.Signer(keys.certificates("c2pa"), lambda digest: keys.sign_digest("c2pa", digest))
        for megabytes in MEGABYTES:
            clip = write_clip(folder / f"{megabytes}.mp4", megabytes)
            yield from _compare(clip, signer, folder)


def write_clip(path: Path, megabytes: float) -> Path:
    """Frames of noise in H.264 until the file has about the wanted size."""
    noise = np.random.default_rng(1)
    with av.open(str(path), "w") as file:
        options = {"preset": "ultrafast", "tune": "zerolatency", "qp": "10"}
        stream = file.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        written, index = 0, 0
        while written < megabytes * 1e6:
            frame = av.VideoFrame.from_ndarray(noise.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base, index = index, Fraction(1, RATE), index + 1
            packets = stream.encode(frame)
            written += sum(packet.size for packet in packets)
            file.mux(packets)
        file.mux(stream.encode(None))
    return path


def _compare(clip: Path, signer: manifests.Signer, folder: Path) -> Iterator[dict[str, Any]]:
    definition = provenance.definition(_record(clip))
    ours, theirs = folder / "ours.mp4", folder / "theirs.mp4"
    anchors = anchor(signer.certificates)
    sign = _medians(
        lambda: manifests.bind(definition, clip, ours, signer),
        lambda: _bare_sign(definition, clip, theirs, signer),
        lambda: _hash(clip),
    )
    read = _medians(lambda: manifests.read(ours, anchors), lambda: _bare_read(ours), lambda: _hash(ours))
    for what, (mine, peer, floor) in (("sign", sign), ("read", read)):
        yield {
            "bench": "c2pa",
            "figure": f"{what}_cpu_ms",
            "megabytes": round(clip.stat().st_size / 1e6, 2),
            "ours": round(mine, 2),
            "peer": f"c2pa-python {version('c2pa-python')}",
            "peer_ms": round(peer, 2),
            "ratio": round(mine / peer, 3),
            "sha256_ms": round(floor, 2),
            "ratio_to_sha256": round(mine / floor, 2),
            "rounds": ROUNDS,
        }


def _medians(*works: Callable[[], object]) -> tuple[float, ...]:
    """Median processor milliseconds of each, measured in turn; the first round warms up and does not count."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS + 1):
        for times, work in zip(taken, works, strict=True):
            start = time.process_time()
            work()
            times.append((time.process_time() - start) * 1000)
    return tuple(statistics.median(times[1:]) for times in taken)


def _bare_sign(definition: dict[str, Any], source: Path, target: Path, signer: manifests.Signer) -> None:
    import c2pa

    key = c2pa.Signer.from_callback(
        lambda message: signer.sign_digest(hashlib.sha256(message).digest()),
        c2pa.C2paSigningAlg.ES256,
        signer.certificates,
    )
    with key, c2pa.Builder(json.dumps(definition)) as builder:
        builder.sign_file(source, target, key)


def _bare_read(path: Path) -> None:
    import c2pa

    with c2pa.Reader(path) as reader:
        json.loads(reader.json())


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _record(clip: Path) -> Video:
    """A record that says of the file what a finished job's would."""
    made = MediaFacts(
        sha256=_hash(clip), size_bytes=clip.stat().st_size, width=WIDTH, height=HEIGHT,
        frames=RATE, frame_rate=RATE, seconds=1.0, audio_seconds=0.0,
    )  # fmt: skip
    return Video(
        id="video_bench", owner_id="user_bench", prompt="noise", asked_model="bench", seconds=1, width=WIDTH,
        height=HEIGHT, seed=1, record="0" * 16, created_at=0, made=made, model="bench", mark_algorithm=provenance.MARK,
    )  # fmt: skip
