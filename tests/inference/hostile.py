"""Files that attack a decoder, made on the spot, as (name, bytes) by family; they show synthetic pictures only."""

import io
import struct
import zlib
from collections.abc import Iterator

import av
import numpy as np

from inference.media import encode_mp4

MOVING = np.random.default_rng(3).integers(0, 255, (64, 96, 3), np.uint8)
SCRIPTS = {
    "ffconcat": b"ffconcat version 1.0\nfile /etc/hostname\nduration 1\n",
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/hostname" width="9" height="9"/></svg>',
    "dash": b'<?xml version="1.0"?><MPD><Period><BaseURL>file:///etc/hostname</BaseURL></Period></MPD>',
}


def clip(frames: int = 12, rate: float = 12, height: int = 64, width: int = 96) -> bytes:
    """A good little MP4 with sound."""
    tile = np.tile(MOVING, (-(-height // 64), -(-width // 96), 1))[:height, :width]
    pictures = np.stack([np.roll(tile, index, 1) for index in range(frames)])
    tone = 0.2 * np.sin(np.arange(int(frames / rate * 16000)) / 9).astype(np.float32)
    return encode_mp4(pictures, rate, tone, 16000)


def muxed(format_: str, codec: str, size: tuple[int, int], frames: int, rate: int = 12, streams: int = 1) -> bytes:
    """Black pictures in any container and codec, in so many streams."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=format_) as output:
        tracks = [output.add_stream(codec, rate=rate) for _ in range(streams)]
        for track in tracks:
            track.width, track.height = size
            track.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            if codec == "libx264":
                track.options = {"preset": "ultrafast", "crf": "40"}
        picture = av.VideoFrame.from_ndarray(np.zeros((size[1], size[0], 3), np.uint8), format="rgb24")
        for track in tracks:
            for index in range(frames):
                frame = picture.reformat(format=track.pix_fmt)
                frame.pts = index
                output.mux(track.encode(frame))
            output.mux(track.encode())
    return buffer.getvalue()


def sound_only() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        track = output.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 16000, 0
        output.mux(track.encode(frame))
        output.mux(track.encode())
    return buffer.getvalue()


def png(width: int, height: int, data: bytes, extra: bytes = b"") -> bytes:
    """A one-bit PNG with this header, whatever its data; `extra` is a whole chunk."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + name + data


FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")


def patched(data: bytes, name: bytes, offset: int, value: bytes) -> bytes:
    """The file with the bytes at `offset` into the first box of this name replaced."""
    at = data.index(name) + 4 + offset
    return data[:at] + value + data[at + len(value) :]


def not_media() -> Iterator[tuple[str, bytes]]:
    yield "empty", b""
    yield "one byte", b"\0"
    yield "text", b"hello " * 100
    yield "zeros", bytes(100_000)
    yield "program", b"\x7fELF\2\1\1" + bytes(200)
    yield "zip", b"PK\3\4" + bytes(200)
    yield "gif", b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(100)
    yield "pdf", b"%PDF-1.7\n" + bytes(100)
    yield from SCRIPTS.items()


def disguised() -> Iterator[tuple[str, bytes]]:
    for name, script in SCRIPTS.items():
        yield f"{name} behind a signature", FTYP + script
    yield "signature alone", FTYP
    yield "signature in four bytes", b"\0\0\0\x20ftyp"
    yield "webm signature alone", b"\x1aE\xdf\xa3\x9fB\x82\x84webm"
    yield "png signature and svg", b"\x89PNG\r\n\x1a\n" + SCRIPTS["svg"]


def cut(good: bytes) -> Iterator[tuple[str, bytes]]:
    for percent in (2, 20, 50, 90, 99):
        yield f"cut at {percent} %", good[: len(good) * percent // 100]
    yield "no index", FTYP + good[good.index(b"mdat") - 4 :]
    yield "index alone", good[: good.index(b"mdat") - 4]
    yield "pictures of zeros", good[: good.index(b"mdat") + 4] + bytes(len(good) - good.index(b"mdat") - 4)


def flipped(good: bytes) -> Iterator[tuple[str, bytes]]:
    index = good.index(b"mdat")
    for seed in range(6):
        chance, data = np.random.default_rng(seed), bytearray(good)
        for place in chance.integers(*((40, index) if seed % 2 else (index + 8, len(good))), 24).tolist():
            data[place] ^= 1 << int(chance.integers(8))
        yield f"{'index' if seed % 2 else 'data'} flipped {seed}", bytes(data)


def boxes(good: bytes) -> Iterator[tuple[str, bytes]]:
    yield "64-bit box of 2^62 bytes", FTYP + struct.pack(">I4sQ", 1, b"moov", 2**62)
    yield "box of 2^32 - 1 bytes", FTYP + b"\xff\xff\xff\xffmoov" + bytes(100)
    yield "box of four bytes", FTYP + b"\0\0\0\4moov" * 50
    yield "nested boxes", FTYP + b"".join(struct.pack(">I4s", 8 * (2000 - depth), b"moov") for depth in range(2000))
    yield "2^31 samples announced", patched(good, b"stsz", 8, struct.pack(">I", 2**31 - 1))
    yield "2^31 times announced", patched(good, b"stts", 4, struct.pack(">I", 2**31 - 1))
    yield "chunks beyond the file", patched(good, b"stco", 8, b"\x7f\xff\xff\xff")
    yield "no time scale", patched(good, b"mdhd", 12, bytes(4))


def bombs() -> Iterator[tuple[str, bytes]]:
    yield "clip of 16 Mpx frames", muxed("mp4", "libx264", (4096, 4096), 1)
    yield "header says 64x64, picture says more", _lying_size()
    yield "png of 900 Mpx announced", png(30000, 30000, zlib.compress(bytes(1000)))
    yield "png of 100 Mpx", png(10000, 10000, zlib.compress(bytes(12_510_000)))
    yield "png with 64 MB of profile", png(8, 8, zlib.compress(bytes(16)), _profile(64 * 2**20))
    yield "jpeg of 65535x65535", b"\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0" + bytes(50) + b"\xff\xd9"
    yield "webp of 16383x16383", b"RIFF\x20\0\0\0WEBPVP8 \x14\0\0\0\x30\1\0\x9d\x01\x2a\xff\x3f\xff\x3f" + bytes(10)


def _lying_size() -> bytes:
    data = muxed("mp4", "libx264", (4096, 4096), 1)
    small = patched(data, b"tkhd", 76, struct.pack(">II", 64 << 16, 64 << 16))
    return patched(small, b"avc1", 24, struct.pack(">HH", 64, 64))


def _profile(size: int) -> bytes:
    return chunk(b"iCCP", b"bomb\0\0" + zlib.compress(bytes(size), 9))


def lengths(good: bytes) -> Iterator[tuple[str, bytes]]:
    yield "140 seconds", muxed("mp4", "libx264", (64, 64), 140, rate=1)
    yield "announces a million seconds", patched(good, b"mdhd", 12, struct.pack(">II", 1, 1_000_000))
    yield "140 seconds that announce one", _short_lie()
    yield "5000 frames a second", muxed("mp4", "libx264", (64, 64), 50, rate=5000)


def _short_lie() -> bytes:
    data = muxed("mp4", "libx264", (64, 64), 140, rate=1)
    for name, offset in ((b"mvhd", 16), (b"mdhd", 16), (b"tkhd", 20)):
        data = patched(data, name, offset, struct.pack(">I", 1000))
    return data


def streams() -> Iterator[tuple[str, bytes]]:
    yield "sound alone", sound_only()
    yield "no streams", FTYP + box(b"moov", box(b"mvhd", bytes(100)))
    yield "twelve streams", muxed("mp4", "libx264", (32, 32), 2, streams=12)
    yield "mpeg4", muxed("mp4", "mpeg4", (64, 64), 3)
    yield "mjpeg", muxed("mp4", "mjpeg", (64, 64), 3)
