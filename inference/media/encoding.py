"""Turns frames and sound into the files a clip is published as; what it makes is our own, so it guards nothing."""

import io
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

CRF = 18
SOUND_BITS = 128_000
SOUND_RATES = (16000, 22050, 24000, 32000, 44100, 48000)
THUMBNAIL_SIDE = 480
SHEET_SIDE = 160
SHEET_COLUMNS = 5
SHEET_FRAMES = 20


def encode_mp4(frames: np.ndarray, frame_rate: float, sound: np.ndarray, sample_rate: int) -> bytes:
    """An MP4 (H.264 yuv420p BT.709, AAC, index first) of frames (T, H, W, 3) uint8 and mono float32 sound.

    Odd sizes lose their last row or column; the sound is cut or padded with silence to the picture's length, and
    an empty sound makes a silent track of none. The same input gives the same bytes. Raises ValueError for shapes
    and rates it cannot take.
    """
    _check(frames, frame_rate, sound, sample_rate)
    rate = Fraction(frame_rate).limit_denominator(1001)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.mp4")
        _write(path, frames, rate, sound, sample_rate)
        return path.read_bytes()


def _write(path: Path, frames: np.ndarray, rate: Fraction, sound: np.ndarray, sample_rate: int) -> None:
    """Needs a real file: moving the index to the front reads the written file again."""
    with av.open(path, "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}) as output:
        video = _video_stream(output, frames.shape[2] // 2 * 2, frames.shape[1] // 2 * 2, rate)
        audio = output.add_stream("aac", rate=sample_rate, layout="mono") if len(sound) else None
        _write_video(output, video, frames)
        if audio is not None:
            audio.bit_rate = SOUND_BITS
            _write_sound(output, audio, _fitted(sound, round(len(frames) / rate * sample_rate)), sample_rate)


def thumbnail(frames: np.ndarray) -> bytes:
    """A WebP of the frame one third into the clip, longest side THUMBNAIL_SIDE or less."""
    return _webp(_reduced(frames[len(frames) // 3], THUMBNAIL_SIDE))


def spritesheet(frames: np.ndarray) -> bytes:
    """A WebP grid of up to SHEET_FRAMES evenly spaced frames, SHEET_COLUMNS a row, read left to right."""
    count = min(SHEET_FRAMES, len(frames))
    chosen = [_reduced(frames[index * len(frames) // count], SHEET_SIDE) for index in range(count)]
    width, height = chosen[0].size
    sheet = Image.new("RGB", (min(count, SHEET_COLUMNS) * width, -(-count // SHEET_COLUMNS) * height))
    for index, image in enumerate(chosen):
        sheet.paste(image, (index % SHEET_COLUMNS * width, index // SHEET_COLUMNS * height))
    return _webp(sheet)


def _check(frames: np.ndarray, frame_rate: float, sound: np.ndarray, sample_rate: int) -> None:
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or not len(frames):
        raise ValueError(f"frames are (T, H, W, 3) uint8, not {frames.shape} {frames.dtype}")
    if min(frames.shape[1:3]) < 16:
        raise ValueError(f"frames of {frames.shape[2]}x{frames.shape[1]} are under 16 pixels")
    if not 1 <= frame_rate <= 120:
        raise ValueError(f"frame rate {frame_rate} is not within 1 to 120")
    if sound.ndim != 1 or sample_rate not in SOUND_RATES:
        raise ValueError(f"sound is mono at one of {SOUND_RATES} Hz, not {sound.shape} at {sample_rate}")
    if not np.all(np.isfinite(sound)):
        raise ValueError(f"{int(np.sum(~np.isfinite(sound)))} sound samples are not finite")


def _video_stream(output: av.container.OutputContainer, width: int, height: int, rate: Fraction) -> av.VideoStream:
    stream = output.add_stream("libx264", rate=rate)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.options = {"crf": str(CRF), "preset": "medium", "threads": "2", "sliced-threads": "0"}
    context = stream.codec_context
    context.color_primaries = context.color_trc = context.colorspace = 1
    context.color_range = 1
    return stream


def _write_video(output: av.container.OutputContainer, stream: av.VideoStream, frames: np.ndarray) -> None:
    for pixels in frames:
        even = np.ascontiguousarray(pixels[: stream.height, : stream.width])
        frame = av.VideoFrame.from_ndarray(even, format="rgb24").reformat(format="yuv420p", dst_colorspace="ITU709")
        output.mux(stream.encode(frame))
    output.mux(stream.encode())


def _write_sound(
    output: av.container.OutputContainer, stream: av.AudioStream, sound: np.ndarray, sample_rate: int
) -> None:
    frame = av.AudioFrame.from_ndarray(np.clip(sound, -1, 1)[None].astype(np.float32), format="fltp", layout="mono")
    frame.sample_rate, frame.pts = sample_rate, 0
    output.mux(stream.encode(frame))
    output.mux(stream.encode())


def _fitted(sound: np.ndarray, samples: int) -> np.ndarray:
    return np.pad(sound[:samples], (0, max(0, samples - len(sound))))


def _reduced(pixels: np.ndarray, side: int) -> Image.Image:
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return image


def _webp(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80, method=4)
    return buffer.getvalue()
