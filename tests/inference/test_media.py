"""Media in and out: what is encoded can be relied on, and no file from outside gets past the limits or ends us."""

import hashlib
import io
import os
import platform
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from inference.media import Limits, MediaRefused, decode, encode_mp4, facts, jail, spritesheet, thumbnail
from tests.inference import hostile

ROOT = Path(__file__).parents[2]
TIGHT = Limits(child_bytes=512 * 2**20, cpu_seconds=10, wall_seconds=120)
GOOD = hostile.clip()
REFUSED = {
    **{name: ("invalid_media", data) for name, data in (*hostile.not_media(), *hostile.disguised())},
    **{name: ("invalid_media", data) for name, data in hostile.streams()},
    **{name: ("media_too_large", data) for name, data in (*hostile.bombs(), *hostile.lengths(GOOD))},
}
for other, where in (
    ("media_too_large", ["twelve streams"]),
    # These break another rule before the one on size: a rate beyond reason, a decoder that sees the lie itself.
    ("invalid_media", ["5000 frames a second", "announces a million seconds"]),
    ("invalid_media", ["webp of 16383x16383", "png with 64 MB of profile"]),
):
    REFUSED.update({name: (other, REFUSED[name][1]) for name in where})
HARMED = dict((*hostile.cut(GOOD), *hostile.flipped(GOOD), *hostile.boxes(GOOD)))


def test_at_least_forty_hostile_files_in_seven_families():
    assert len(REFUSED) + len(HARMED) >= 40


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_is_no_clip_or_too_much(name: str):
    code, data = REFUSED[name]
    began = time.process_time()

    with pytest.raises(MediaRefused) as refusal:
        decode(data, TIGHT)

    assert refusal.value.code == code, refusal.value.message
    assert len(refusal.value.message) > 10
    assert time.process_time() - began < 2, "the parent did the work"


@pytest.mark.parametrize("name", HARMED)
def test_harmed_files_are_refused_or_read_within_the_limits(name: str):
    try:
        decoded = decode(HARMED[name], TIGHT)
    except MediaRefused as refusal:
        assert refusal.code in {"invalid_media", "media_too_large"}
        return

    assert decoded.frames.shape[1:] == (64, 96, 3)
    assert 1 <= len(decoded.frames) <= TIGHT.frames
    assert decoded.facts.seconds <= TIGHT.seconds


def test_a_polyglot_is_read_as_the_clip_it_is():
    decoded = decode(GOOD + b"<script>alert(1)</script>", TIGHT)

    assert decoded.facts.frames == 12
    assert np.array_equal(decoded.frames, decode(GOOD, TIGHT).frames)


def test_a_file_over_its_size_is_never_opened():
    with pytest.raises(MediaRefused, match="more than 1,000") as refusal:
        decode(GOOD, replace(TIGHT, file_bytes=1000))
    assert refusal.value.code == "media_too_large"


def test_a_decoder_that_takes_too_long_is_stopped():
    with pytest.raises(MediaRefused, match="not read within 0.05 s"):
        decode(GOOD, replace(TIGHT, wall_seconds=0.05))


def test_a_decoder_that_writes_too_much_is_stopped():
    with pytest.raises(MediaRefused) as refusal:
        decode(GOOD, replace(TIGHT, output_bytes=50_000))
    assert refusal.value.code in {"media_too_large", "invalid_media"}


def test_limits_must_be_above_zero():
    with pytest.raises(ValueError, match="limit frames is 0"):
        Limits(frames=0)


@pytest.mark.skipif(platform.machine() not in jail.FORBIDDEN, reason="no system-call filter for this processor")
@pytest.mark.parametrize(
    "attempt",
    ["open('/etc/hostname')", "socket.socket()", "os.execv('/bin/true', ['true'])", "os.unlink('/nowhere')"],
)
def test_the_jail_refuses(attempt: str):
    code = f"import os, socket\nfrom inference.media import jail\njail.confine()\n{attempt}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "PermissionError" in done.stderr or "Operation not permitted" in done.stderr, done.stderr


def test_decoding_keeps_pictures_sound_and_facts():
    decoded = decode(GOOD, TIGHT)

    assert decoded.facts == facts(GOOD, TIGHT).model_copy(update={"audio_seconds": decoded.facts.audio_seconds})
    assert decoded.facts.sha256 == hashlib.sha256(GOOD).hexdigest()
    assert (decoded.frame_rate, decoded.facts.frame_rate, decoded.facts.frames) == (12, 12, 12)
    greys = [pictures.mean(-1).ravel() for pictures in (decoded.frames[0], hostile.MOVING)]
    assert np.corrcoef(greys)[0, 1] > 0.7
    assert decoded.sample_rate == 16000
    assert abs(len(decoded.sound) / 16000 - 1) < 0.15


def test_long_clips_are_thinned_on_a_steady_time_base():
    decoded = decode(hostile.clip(frames=48), replace(TIGHT, frames=24))
    assert (len(decoded.frames), decoded.frame_rate) == (24, 6)


def test_frames_are_scaled_to_the_short_side():
    assert decode(GOOD, replace(TIGHT, short_side=32)).frames.shape[1:] == (32, 48, 3)


def test_odd_sizes_are_read():
    buffer = io.BytesIO()
    Image.fromarray(hostile.MOVING[:33, :17]).save(buffer, "PNG")
    decoded = decode(buffer.getvalue(), TIGHT)
    assert decoded.frames.shape == (1, 33, 17, 3)
    assert np.array_equal(decoded.frames[0], hostile.MOVING[:33, :17])


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_stills_are_clips_of_one_frame(kind: str):
    buffer = io.BytesIO()
    Image.fromarray(hostile.MOVING).save(buffer, kind)
    assert facts(buffer.getvalue(), TIGHT).frames == 1
    assert decode(buffer.getvalue(), TIGHT).frames.shape == (1, 64, 96, 3)


def test_webm_is_read():
    assert facts(hostile.muxed("webm", "libvpx-vp9", (64, 64), 5), TIGHT).frames == 5


def test_the_parent_opens_a_path_as_it_opens_bytes(tmp_path: Path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(GOOD)
    assert facts(path, TIGHT) == facts(GOOD, TIGHT)


def test_encoding_gives_the_same_bytes_twice():
    assert hostile.clip() == GOOD


def test_encoded_clips_start_fast_and_say_their_colours():
    with av.open(io.BytesIO(GOOD)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        context = video.codec_context
        assert (context.pix_fmt, context.colorspace, context.color_range) == ("yuv420p", 1, 1)
        assert abs(float(video.duration * video.time_base) - float(sound.duration * sound.time_base)) <= 1 / 12
    assert GOOD.index(b"moov") < GOOD.index(b"mdat")


def test_encoding_keeps_brightness():
    grey = np.full((4, 64, 64, 3), 120, np.uint8)
    decoded = decode(encode_mp4(grey, 12, np.zeros(0, np.float32), 44100), TIGHT)
    assert abs(float(decoded.frames.mean()) - 120) < 2
    assert len(decoded.sound) == 0


def test_encoding_makes_sizes_even():
    odd = np.zeros((3, 65, 97, 3), np.uint8)
    found = facts(encode_mp4(odd, 24, np.zeros(0, np.float32), 44100), TIGHT)
    assert (found.width, found.height, found.audio_seconds) == (96, 64, 0)


@pytest.mark.parametrize(
    ("frames", "rate", "sound", "why"),
    [
        (np.zeros((0, 64, 64, 3), np.uint8), 12, np.zeros(1), "frames are"),
        (np.zeros((2, 8, 64, 3), np.uint8), 12, np.zeros(1), "under 16 pixels"),
        (np.zeros((2, 64, 64, 3), np.uint8), 0, np.zeros(1), "frame rate 0"),
        (np.zeros((2, 64, 64, 3), np.uint8), 12, np.zeros((2, 2)), "sound is mono"),
        (np.zeros((2, 64, 64, 3), np.uint8), 12, np.array([np.nan]), "1 sound samples"),
    ],
)
def test_encoding_refuses_what_it_cannot_take(frames, rate, sound, why):
    with pytest.raises(ValueError, match=why):
        encode_mp4(frames, rate, sound, 44100)


def test_thumbnail_and_sheet_are_webp_of_bounded_size():
    pictures = np.stack([np.roll(np.tile(hostile.MOVING, (10, 10, 1)), index, 1) for index in range(30)])
    small, sheet = (Image.open(io.BytesIO(data)) for data in (thumbnail(pictures), spritesheet(pictures)))
    assert (small.format, small.size) == ("WEBP", (480, 320))
    assert (sheet.format, sheet.size) == ("WEBP", (800, 428))


def test_no_child_is_left_behind():
    if not os.path.isdir("/proc/self/task"):
        pytest.skip("no /proc here")
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    before = set(children.read_text().split()) if children.exists() else set()
    with pytest.raises(MediaRefused):
        decode(GOOD, replace(TIGHT, wall_seconds=0.01))
    assert not children.exists() or set(children.read_text().split()) <= before
