"""Reads a clip's pictures and sound inside the decoding child; every bound is checked before the work it bounds."""

from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

import av
import numpy as np

from inference.media.limits import Limits, MediaRefused, bound, fitting

VIDEO_CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "libdav1d"})
SOUND_CODECS = frozenset({"aac", "mp3", "mp3float", "opus", "vorbis"})
RATES = (1.0, 240.0)
MOST_SAMPLE_RATE = 48000
MOST_BROKEN_PACKETS = 16
Answer = dict[str, Any]
Input = av.container.InputContainer


def inspect(source: BinaryIO, kind: str, limits: Limits) -> Answer:
    """The facts of a clip: packets are counted, and one frame is decoded to see that it can be."""
    with _open(source, kind) as container:
        answer = _header(container, limits)
        first = next(_frames(container, limits))
        container.seek(0)
        answer |= {"width": first.width, "height": first.height}
        return answer | _counted(container, answer["frame_rate"], limits)


def extract(source: BinaryIO, kind: str, limits: Limits, sinks: tuple[BinaryIO, BinaryIO]) -> Answer:
    """The facts, with frames (rgb24) written to the first sink and mono float32 sound to the second."""
    with _open(source, kind) as container:
        answer = _header(container, limits)
        answer |= _pictures(container, answer, limits, sinks[0])
        if container.streams.audio:
            container.seek(0)
            answer |= _sound(container, limits, sinks[1])
        return answer


def _open(source: BinaryIO, kind: str) -> Input:
    try:
        return av.open(source, "r", format=kind, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise MediaRefused("invalid_media", f"the {kind} file cannot be opened: {error}") from error


def _header(container: Input, limits: Limits) -> Answer:
    """Bound everything that the header admits to, before one frame is decoded."""
    bound("streams", len(container.streams), limits.streams)
    if not container.streams.video:
        raise MediaRefused("invalid_media", f"the file holds {len(container.streams)} streams and no picture")
    video = container.streams.video[0]
    _known(video, VIDEO_CODECS)
    for sound in container.streams.audio[:1]:
        _known(sound, SOUND_CODECS)
    bound("pixels a frame", video.width * video.height, limits.frame_pixels)
    rate = float(video.average_rate or video.guessed_rate or 0)
    if not RATES[0] <= rate <= RATES[1]:
        raise MediaRefused("invalid_media", f"a frame rate of {rate:g} is not within {RATES[0]:g} to {RATES[1]:g}")
    own = float(video.duration * video.time_base) if video.duration and video.time_base else 0.0
    whole = container.duration / av.time_base if container.duration else 0.0
    seconds = max(own, whole, video.frames / rate)
    bound("seconds", seconds, limits.seconds)
    bound("pixels a clip", int(video.width * video.height * seconds * rate), limits.clip_pixels)
    return {"frame_rate": rate, "announced": seconds}


def _known(stream: av.VideoStream | av.AudioStream, codecs: frozenset[str]) -> None:
    name = stream.codec_context.name if stream.codec_context else "unknown"
    if name not in codecs:
        raise MediaRefused("invalid_media", f"the codec {name} of stream {stream.index} is not read here")


def _frames(container: Input, limits: Limits) -> Iterator[av.VideoFrame]:
    """Decoded frames, a few broken packets forgiven. Raises MediaRefused when there is none or one is too big."""
    stream = container.streams.video[0]
    stream.codec_context.thread_count = 1
    stream.codec_context.options = {"max_pixels": str(limits.frame_pixels)}
    found = False
    for frame in _decoded(container, stream):
        bound("pixels a frame", frame.width * frame.height, limits.frame_pixels)
        found = True
        yield frame
    if not found:
        raise MediaRefused("invalid_media", "no frame of the file can be decoded")


def _decoded(container: Input, stream: Any) -> Iterator[Any]:
    broken = 0
    for packet in _packets(container, stream):
        try:
            yield from packet.decode()
        except av.FFmpegError as error:
            broken += 1
            if broken > MOST_BROKEN_PACKETS:
                raise MediaRefused("invalid_media", f"{broken} packets cannot be decoded: {error}") from error


def _packets(container: Input, stream: Any) -> Iterator[av.Packet]:
    try:
        yield from container.demux(stream)
    except av.FFmpegError as error:
        raise MediaRefused("invalid_media", f"the file breaks off: {error}") from error


def _pictures(container: Input, header: Answer, limits: Limits, sink: BinaryIO) -> Answer:
    """Write every n-th frame, scaled down, on a steady time base; count what the file really holds."""
    rate = header["frame_rate"]
    stride = max(1, int(np.ceil(header["announced"] * rate / limits.frames - 1e-6)))
    seen, kept, pixels, seconds, size, start = 0, 0, 0, 0.0, (0, 0), 0.0
    for frame in _frames(container, limits):
        if not seen:
            size, kept_size = (frame.width, frame.height), fitting(frame.width, frame.height, limits.short_side)
            start = float(frame.time or 0.0)
        at = seen / rate if frame.time is None else max(0.0, float(frame.time) - start)
        seen, pixels, seconds = seen + 1, pixels + frame.width * frame.height, max(seconds, at + 1 / rate)
        bound("seconds", seconds, limits.seconds)
        bound("pixels a clip", pixels, limits.clip_pixels)
        wanted = min(limits.frames, int(at * rate / stride + 0.5) + 1)
        if wanted > kept:
            sink.write(_reduced(frame, kept_size) * (wanted - kept))
            kept = wanted
    shape = {"kept": kept, "kept_width": kept_size[0], "kept_height": kept_size[1], "kept_rate": rate / stride}
    return shape | {"width": size[0], "height": size[1], "frames": seen, "seconds": seconds}


def _reduced(frame: av.VideoFrame, size: tuple[int, int]) -> bytes:
    scaled = frame.reformat(width=size[0], height=size[1], format="rgb24", interpolation="AREA")
    return scaled.to_ndarray().tobytes()


def _sound(container: Input, limits: Limits, sink: BinaryIO) -> Answer:
    """Write the first sound track as mono float32, at its own rate or MOST_SAMPLE_RATE."""
    stream = container.streams.audio[0]
    rate = min(stream.rate or MOST_SAMPLE_RATE, MOST_SAMPLE_RATE)
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    samples = 0
    for frame in chain(_decoded(container, stream), (None,)):
        for part in resampler.resample(frame):
            samples += part.samples
            bound("seconds of sound", samples / rate, limits.seconds)
            sink.write(part.to_ndarray().astype("<f4").tobytes())
    return {"sample_rate": rate, "samples": samples, "audio_seconds": samples / rate}


def _counted(container: Input, rate: float, limits: Limits) -> Answer:
    """Frames and lengths from the packets alone."""
    frames, ends = 0, {"video": 0.0, "audio": 0.0}
    starts: dict[str, float] = {}
    wanted = [container.streams.video[0], *container.streams.audio[:1]]
    for packet in _packets(container, wanted):
        if packet.size == 0 or packet.pts is None or packet.time_base is None:
            continue
        kind, at = packet.stream.type, float(packet.pts * packet.time_base)
        frames += kind == "video"
        starts[kind] = min(at, starts.get(kind, at))
        ends[kind] = max(ends[kind], at + float((packet.duration or 0) * packet.time_base))
        bound("seconds", ends[kind] - starts[kind], limits.seconds)
    lengths = {kind: ends[kind] - starts.get(kind, 0.0) for kind in ends}
    return {"frames": frames, "seconds": max(lengths["video"], frames / rate), "audio_seconds": lengths["audio"]}
