"""Measures the marks: quality, payloads read after each attack, false positives, and speed; prints, asserts nothing.

    python -m inference.bench_watermark picture|sound|chance|second [--data FOLDER] [--clips N] [--attacks a,b]

Natural clips come from FOLDER/media ($VOLARY_DATA by default); drawn ones are made here, like the generator's: a
64x112 picture, smooth and nearly still, scaled up to 720x1280 at 12 frames a second. Rates have Wilson intervals.
"""

import argparse
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.stats import kstest

from inference.rates import rate
from inference.watermark import attacks, detection, mark_picture, mark_sound, read_picture, read_sound
from inference.watermark.reading import FALSE_POSITIVE_RATE

KEY = hashlib.sha256(b"bench").digest()
SEGMENTS = (
    ("bikes.mp4", 1.0),
    ("friday.mp4", 1.0),
    ("stream-of-water.mp4", 0.0),
    ("bottle-detection.mp4", 5.0),
    ("one-by-one-person-detection.mp4", 20.0),
    ("bikes.mp4", 5.0),
    ("bottle-detection.mp4", 20.0),
    ("one-by-one-person-detection.mp4", 70.0),
    ("friday.mp4", 2.0),
    ("bigbuckbunny.mp4", 0.0),
)


@dataclass(frozen=True)
class Clip:
    """One thing to mark: a name, frames (T, H, W, 3) uint8 and their rate."""

    name: str
    frames: np.ndarray
    rate: float


def natural(folder: Path, name: str, start: float, seconds: float = 4.0) -> Clip:
    """A stretch of a stored clip at its own size."""
    with av.open(folder / "media" / "video" / name) as container:
        stream = container.streams.video[0]
        rate, kept = float(stream.average_rate or 25), []
        for frame in container.decode(stream):
            if frame.time >= start + seconds:
                break
            if frame.time >= start:
                kept.append(frame.to_ndarray(format="rgb24"))
    return Clip(f"{name}@{start:g}", np.stack(kept), rate)


def drawn(seed: int, size: tuple[int, int] = (64, 112)) -> Clip:
    """A soft disc over a sky and a ground, nearly still for even seeds, scaled up to 720x1280."""
    chance, (width, height) = np.random.default_rng(seed), size
    rows, columns = np.mgrid[0:height, 0:width]
    sky, ground, colour = chance.uniform(30, 220, (3, 3))
    scene = sky + (ground - sky) * np.clip(rows / height * 1.2 - 0.2, 0, 1)[..., None]
    place, speed = chance.uniform(0.25, 0.75, 2) * size, chance.normal(0, 0.1 if seed % 2 == 0 else 0.7, 2)
    frames = []
    for index in range(48):
        distance = np.hypot(*(np.stack([columns, rows]) - (place + speed * index)[:, None, None]))
        cover = np.clip(10 - distance, 0, 1)[..., None]
        soft = gaussian_filter(scene * (1 - cover) + colour * cover, (0.5, 0.5, 0))
        small = Image.fromarray(np.clip(soft + chance.normal(0, 0.5, scene.shape), 0, 255).astype(np.uint8))
        frames.append(np.asarray(small.resize((720, 1280), Image.Resampling.BICUBIC)))
    return Clip(f"drawn {seed} {width}x{height}", np.stack(frames), 12.0)


def clips(folder: Path, count: int) -> Iterator[Clip]:
    """Two natural clips and a drawn one in turn, `count` of them."""
    for index in range(count):
        if index % 3 == 2:
            yield drawn(index, (64, 112) if index % 2 == 0 else (128, 224))
        else:
            name, start = SEGMENTS[(index - index // 3) % len(SEGMENTS)]
            yield natural(folder, name, start)


def report(rows: dict[str, list[bool]]) -> None:
    for name, hits in rows.items():
        told = rate(hits)
        print(f"{name:24s} {told.hits}/{told.of}  {told.rate:.3f} [{told.low:.3f}, {told.high:.3f}]", flush=True)


def picture(folder: Path, count: int, chosen: list[str]) -> None:
    """Quality, and the right payload after every attack."""
    rows: dict[str, list[bool]] = {name: [] for name in chosen or attacks.PICTURE}
    for index, clip in enumerate(clips(folder, count)):
        record = int.from_bytes(hashlib.sha256(clip.name.encode()).digest()[:8], "big")
        began = time.process_time()
        marked = mark_picture(clip.frames, clip.rate, record, KEY)
        embedding = time.process_time() - began
        began = time.process_time()
        read_picture(marked, clip.rate, KEY)
        reading, (ratio, likeness) = time.process_time() - began, attacks.quality(clip.frames, marked)
        failed = []
        for name, hits in rows.items():
            found = read_picture(*attacks.PICTURE[name](marked, clip.rate), KEY)
            hits.append(found.payload == record)
            if not hits[-1]:
                failed.append(f"{name} (read {found.payload})")
        size = "x".join(map(str, clip.frames.shape[:3]))
        print(f"{index} {clip.name} {size} PSNR {ratio:.2f} SSIM {likeness:.4f}", end=" ")
        print(f"mark {embedding:.2f} s read {reading:.2f} s of CPU; failed: {', '.join(failed) or 'none'}", flush=True)
    report(rows)


def voices(folder: Path, count: int) -> Iterator[tuple[str, np.ndarray]]:
    """Speech and struck notes over a hum in turn, 4 s at 24 kHz."""
    stored = [path for path in sorted((folder / "media" / "voices").glob("*_a.flac")) if path.stat().st_size]
    for index in range(count):
        if index % 2:
            yield f"notes {index}", attacks.notes(index)
        else:
            path = stored[index * 7 % len(stored)]
            yield path.stem, attacks.loaded(path)[: 4 * attacks.RATE]


def sound(folder: Path, count: int, chosen: list[str]) -> None:
    rows: dict[str, list[bool]] = {name: [] for name in chosen or attacks.SOUND}
    ratios = []
    for index, (name, samples) in enumerate(voices(folder, count)):
        short = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
        marked = mark_sound(samples, attacks.RATE, short, KEY)
        ratios.append(10 * np.log10(np.sum(samples**2) / np.sum((marked - samples) ** 2)))
        for attack, hits in rows.items():
            hits.append(read_sound(*attacks.SOUND[attack](marked), KEY).payload == short)
        failed = [attack for attack, hits in rows.items() if not hits[-1]]
        print(f"{index} {name} SNR {ratios[-1]:.1f} dB, failed: {', '.join(failed) or 'none'}", flush=True)
    print(f"SNR {min(ratios):.1f} to {max(ratios):.1f} dB")
    report(rows)


def chance(folder: Path, count: int, keys: int = 50) -> None:
    """p-values under wrong keys, on unmarked and on marked clips; they should be uniform and claim nothing."""
    for title, marked in (("unmarked", False), ("marked under another key", True)):
        values: list[float] = []
        heard: list[float] = []
        claims = 0
        for clip in clips(folder, count):
            frames = mark_picture(clip.frames, clip.rate, 1, KEY) if marked else clip.frames
            evidence = detection.evidence(frames, clip.rate)
            found = [detection.judge(evidence, wrong(index)) for index in range(keys)]
            values += [reading.p_value for reading in found]
            claims += sum(reading.payload is not None for reading in found)
        for _, samples in voices(folder, count):
            tone = mark_sound(samples, attacks.RATE, 1, KEY) if marked else samples
            found = [read_sound(tone, attacks.RATE, wrong(index)) for index in range(max(1, keys // 5))]
            heard += [reading.p_value for reading in found]
            claims += sum(reading.payload is not None for reading in found)
        for kind, each in (("picture", values), ("sound", heard)):
            low = {level: float(np.mean(np.array(each) <= level)) for level in (0.1, 0.01, 0.001)}
            print(
                f"{title}, {kind}: {len(each)} readings, KS {kstest(each, 'uniform').statistic:.3f}, "
                f"min {min(each):.2g}, share at or under {low}",
                flush=True,
            )
        print(f"{title}: {claims} payloads claimed at {FALSE_POSITIVE_RATE:g}", flush=True)


def wrong(index: int) -> bytes:
    return hashlib.sha256(f"wrong {index}".encode()).digest()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("picture", "sound", "chance", "second"))
    parser.add_argument("--data", type=Path, default=os.environ.get("VOLARY_DATA"))
    parser.add_argument("--clips", type=int, default=9)
    parser.add_argument("--attacks", default="")
    options = parser.parse_args(arguments)
    if options.data is None or not (options.data / "media").is_dir():
        print("no data folder with media: give --data or set VOLARY_DATA", file=sys.stderr)
        return 2
    chosen = [name for name in options.attacks.split(",") if name]
    match options.what:
        case "picture":
            picture(options.data, options.clips, chosen)
        case "sound":
            sound(options.data, options.clips, chosen)
        case "chance":
            chance(options.data, options.clips)
        case "second":
            second(options.data, options.clips)
    return 0


def second(folder: Path, count: int) -> None:
    """A second mark on top, as a remix gets: which of the two is read, under one key and under two."""
    other = wrong(0)
    for clip in clips(folder, count):
        once = mark_picture(clip.frames, clip.rate, 1, KEY)
        same, apart = (mark_picture(once, clip.rate, 2, key) for key in (KEY, other))
        found = read_picture(same, clip.rate, KEY).payload
        both = read_picture(apart, clip.rate, KEY).payload, read_picture(apart, clip.rate, other).payload
        print(f"{clip.name}: same key reads {found} (1 is first, 2 is second); two keys read {both}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
