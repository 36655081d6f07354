"""What is done to a marked clip on its way through the world, for `bench_watermark` and the tests."""

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from scipy.ndimage import gaussian_filter

from inference.watermark import tiles

RATE = 24000
Attacked = tuple[np.ndarray, float]
SPEED = {
    "libx264": {"preset": "medium"},
    "libx265": {"preset": "fast", "x265-params": "log-level=none"},
    "libvpx-vp9": {"b:v": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"},
    "libsvtav1": {"preset": "10"},
}


def encoded(frames: np.ndarray, rate: float, codec: str, crf: int) -> np.ndarray:
    """The frames after one lossy round trip at their own size (made even)."""
    frames = frames[:, : frames.shape[1] // 2 * 2, : frames.shape[2] // 2 * 2]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream(codec, rate=Fraction(rate).limit_denominator(1001))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt, stream.options = "yuv420p", {"crf": str(crf), **SPEED[codec]}
        for pixels in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        output.mux(stream.encode())
    buffer.seek(0)
    with av.open(buffer) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def scaled(frames: np.ndarray, across: float, down: float) -> np.ndarray:
    """Every frame resized by these factors."""
    height, width = round(frames.shape[1] * down / 2) * 2, round(frames.shape[2] * across / 2) * 2
    sources = (av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24") for pixels in frames)
    return np.stack([source.reformat(width, height, interpolation="BICUBIC").to_ndarray() for source in sources])


def retimed(frames: np.ndarray, rate: float, target: float) -> np.ndarray:
    """Frames repeated or dropped to another rate."""
    times = (np.arange(round(len(frames) / rate * target)) + 0.5) / target
    return frames[np.minimum((times * rate).astype(int), len(frames) - 1)]


def cut(frames: np.ndarray, rate: float, start: float) -> np.ndarray:
    """Two seconds from `start`, or the last two if there are not so many."""
    first = min(int(start * rate), max(0, len(frames) - round(2 * rate)))
    return frames[first : first + round(2 * rate)]


def compressed(codec: str, crf: int) -> Callable[[np.ndarray, float], Attacked]:
    return lambda frames, rate: (encoded(frames, rate, codec, crf), rate)


def played(target: float) -> Callable[[np.ndarray, float], Attacked]:
    return lambda frames, rate: (encoded(retimed(frames, rate, target), target, "libx264", 23), target)


def resized(across: float, down: float) -> Callable[[np.ndarray, float], Attacked]:
    return lambda frames, rate: (encoded(scaled(frames, across, down), rate, "libx264", 23), rate)


def trimmed(start: float) -> Callable[[np.ndarray, float], Attacked]:
    return lambda frames, rate: (cut(encoded(frames, rate, "libx264", 23), rate, start), rate)


PICTURE: dict[str, Callable[[np.ndarray, float], Attacked]] = {
    "none": lambda frames, rate: (frames, rate),
    "H.264 CRF 23": compressed("libx264", 23),
    "H.264 CRF 28": compressed("libx264", 28),
    "H.264 CRF 35": compressed("libx264", 35),
    "H.265 CRF 28": compressed("libx265", 28),
    "VP9 CRF 33": compressed("libvpx-vp9", 33),
    "AV1 CRF 33": compressed("libsvtav1", 33),
    "twice, CRF 23 then 28": lambda frames, rate: (
        encoded(encoded(frames, rate, "libx264", 23), rate, "libx264", 28),
        rate,
    ),
    "scale 0.5": resized(0.5, 0.5),
    "scale 2": lambda frames, rate: (scaled(frames, 2, 2), rate),
    "aspect 4:5": resized(0.8, 1.0),
    "12 frames a second": played(12),
    "24 frames a second": played(24),
    "30 frames a second": played(30),
    "60 frames a second": played(60),
    "2 s from 0": trimmed(0.0),
    "2 s from 0.7": trimmed(0.7),
    "2 s from 1.6": trimmed(1.6),
}


def quality(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """PSNR of all frames in dB, and mean SSIM of the luma of every tenth (Wang et al. 2004: Gaussian 1.5, 11 wide)."""
    error = np.mean([np.mean((a.astype(np.float32) - b) ** 2) for a, b in zip(first, second, strict=True)])
    pairs = zip(first[::10], second[::10], strict=True)
    return 10 * float(np.log10(255**2 / error)), float(np.mean([_likeness(a, b) for a, b in pairs]))


def _likeness(first: np.ndarray, second: np.ndarray) -> float:
    a, b = (picture @ np.array([0.299, 0.587, 0.114], np.float32) for picture in (first, second))

    def local(picture: np.ndarray) -> np.ndarray:
        return np.asarray(gaussian_filter(picture, 1.5, truncate=3.5))

    means, spreads = (local(a), local(b)), (local(a * a), local(b * b))
    variances = spreads[0] - means[0] ** 2 + spreads[1] - means[1] ** 2
    shared = local(a * b) - means[0] * means[1]
    top = (2 * means[0] * means[1] + 6.5025) * (2 * shared + 58.5225)
    return float(np.mean(top / ((means[0] ** 2 + means[1] ** 2 + 6.5025) * (variances + 58.5225))))


def loaded(path: Path) -> np.ndarray:
    """A sound file as mono float32 at RATE."""
    with av.open(path) as container:
        return _heard(container, RATE)


def notes(seed: int, seconds: int = 4) -> np.ndarray:
    """Struck notes with overtones over a hum, mono float32 at RATE."""
    chance, times = np.random.default_rng(seed), np.arange(seconds * RATE) / RATE
    samples = 0.01 * chance.standard_normal(len(times)) + 0.02 * np.sin(2 * np.pi * 100 * times)
    for beat in np.arange(0, seconds, 0.5):
        since = np.maximum(times - beat, 0)
        pitch = 220 * 2 ** (chance.integers(0, 24) / 12)
        tone = sum(np.sin(2 * np.pi * pitch * part * since) / part for part in range(1, 5))
        samples += 0.15 * tone * np.exp(-3 * since) * (times >= beat)
    return samples.astype(np.float32)


def recoded(samples: np.ndarray, codec: str, rate: int, format_: str) -> Attacked:
    """Mono sound at RATE after one lossy round trip; Opus goes through 48 kHz, as it always does."""
    own = 48000 if codec == "libopus" else RATE
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=format_) as output:
        stream = output.add_stream(codec, rate=own, layout="mono")
        stream.bit_rate = rate
        _sound_into(output, stream, tiles.resampled(samples, RATE, own))
    buffer.seek(0)
    with av.open(buffer) as container:
        return _heard(container, own), own


def _sound_into(output: av.container.OutputContainer, stream: av.AudioStream, samples: np.ndarray) -> None:
    context = stream.codec_context
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="flt", layout="mono")
    frame.sample_rate, frame.pts = context.sample_rate, 0
    context.open()
    size = context.frame_size or 1024
    fitted = av.AudioResampler(format=context.format.name, layout="mono", rate=context.sample_rate, frame_size=size)
    for part in (*fitted.resample(frame), *fitted.resample(None)):
        output.mux(stream.encode(part))
    output.mux(stream.encode())


def _heard(container: av.container.InputContainer, rate: int) -> np.ndarray:
    fitted = av.AudioResampler(format="flt", layout="mono", rate=rate)
    frames = (*container.decode(audio=0), None)
    return np.concatenate([part.to_ndarray()[0] for frame in frames for part in fitted.resample(frame)])


def _noisy(samples: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(5).standard_normal(len(samples)).astype(np.float32)
    return samples + noise * np.float32(np.sqrt(np.mean(samples**2) / 100))


SOUND: dict[str, Callable[[np.ndarray], Attacked]] = {
    "none": lambda samples: (samples, RATE),
    "AAC 64k": lambda samples: recoded(samples, "aac", 64000, "mp4"),
    "MP3 64k": lambda samples: recoded(samples, "libmp3lame", 64000, "mp3"),
    "Opus 32k": lambda samples: recoded(samples, "libopus", 32000, "ogg"),
    "through 16 kHz": lambda samples: (tiles.resampled(tiles.resampled(samples, RATE, 16000), 16000, RATE), RATE),
    "to 44.1 kHz": lambda samples: (tiles.resampled(samples, RATE, 44100), 44100),
    "noise at 20 dB": lambda samples: (_noisy(samples), RATE),
    "AAC 64k, 3 s from 0.6": lambda samples: (recoded(samples, "aac", 64000, "mp4")[0][14700:86700], RATE),
    "3 s from 0": lambda samples: (samples[: 3 * RATE], RATE),
}
