"""The invisible mark: it reads back after what the world does to a clip, and nothing else reads as it."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

from inference import bench_watermark as bench
from inference.media import decode, encode_mp4
from inference.watermark import (
    ALGORITHM,
    attacks,
    detection,
    mark_picture,
    mark_sound,
    payload,
    read_picture,
    read_sound,
    reading,
    tiles,
)

KEY = hashlib.sha256(b"test").digest()
RECORD = 0x0123_4567_89AB_CDEF
SHORT = RECORD >> 32
DATA = Path(os.environ.get("VOLARY_DATA", "nowhere"))
needs_data = pytest.mark.skipif(not (DATA / "media" / "video").is_dir(), reason="VOLARY_DATA holds no video")


def small(clip: bench.Clip) -> bench.Clip:
    """The clip at half its width and height, to keep the suite quick."""
    return bench.Clip(clip.name, attacks.scaled(clip.frames, 0.5, 0.5), clip.rate)


@pytest.fixture(scope="module")
def drawn() -> tuple[bench.Clip, np.ndarray]:
    clip = small(bench.drawn(2))
    return clip, mark_picture(clip.frames, clip.rate, RECORD, KEY)


@pytest.fixture(scope="module")
def tune() -> np.ndarray:
    return attacks.notes(3)


def test_the_name_of_the_algorithm_is_fixed():
    assert ALGORITHM == "org.volary.mark.1"


def test_the_picture_stays_as_it_was(drawn):
    clip, marked = drawn
    ratio, likeness = attacks.quality(clip.frames, marked)
    assert marked.shape == clip.frames.shape and marked.dtype == np.uint8
    assert ratio >= 42 and likeness >= 0.99


def test_marking_is_reproducible_and_leaves_its_input_alone(drawn):
    clip, marked = drawn
    before = clip.frames.copy()
    assert np.array_equal(mark_picture(clip.frames, clip.rate, RECORD, KEY), marked)
    assert np.array_equal(clip.frames, before)


@pytest.mark.parametrize(
    "attack", ["none", "H.264 CRF 28", "H.264 CRF 35", "scale 2", "aspect 4:5", "30 frames a second", "2 s from 0.7"]
)
def test_the_record_is_read_after(attack: str, drawn):
    clip, marked = drawn
    found = read_picture(*attacks.PICTURE[attack](marked, clip.rate), KEY)
    assert found.payload == RECORD
    assert found.p_value <= reading.FALSE_POSITIVE_RATE
    assert found.confidence > 0.3


def test_both_marks_survive_our_own_encoder_and_reader(drawn, tune: np.ndarray):
    clip, marked = drawn
    data = encode_mp4(marked, clip.rate, mark_sound(tune, attacks.RATE, SHORT, KEY), attacks.RATE)
    opened = decode(data)
    assert read_picture(opened.frames, opened.frame_rate, KEY).payload == RECORD
    assert read_sound(opened.sound, opened.sample_rate, KEY).payload == SHORT


@needs_data
def test_the_record_is_read_from_two_seconds_of_a_filmed_clip():
    clip = bench.natural(DATA, "friday.mp4", 1.0)
    marked = mark_picture(clip.frames, clip.rate, RECORD, KEY)
    assert attacks.quality(clip.frames, marked)[0] >= 42
    assert read_picture(*attacks.PICTURE["2 s from 0.7"](marked, clip.rate), KEY).payload == RECORD


def test_ranges_tell_which_seconds_are_marked(drawn):
    clip, marked = drawn
    half = np.concatenate([marked, clip.frames[:36]])
    found = read_picture(half, clip.rate, KEY)
    assert found.payload == RECORD
    assert len(found.ranges) == 1
    assert found.ranges[0][0] == 0 and abs(found.ranges[0][1] - 4) <= 1


def test_another_key_finds_nothing(drawn):
    clip, marked = drawn
    found = read_picture(marked, clip.rate, hashlib.sha256(b"other").digest())
    assert found.payload is None
    assert found.p_value > 1e-3


@pytest.mark.parametrize("state", ["unmarked", "marked under another key"])
def test_p_values_of_wrong_keys_are_uniform(state: str, drawn):
    """40 keys on one clip: chance alone would exceed a KS of 0.25 once in a hundred."""
    clip, marked = drawn
    evidence = detection.evidence(clip.frames if state == "unmarked" else marked, clip.rate)
    found = [detection.judge(evidence, bench.wrong(index)) for index in range(40)]
    assert all(each.payload is None for each in found)
    assert kstest([each.p_value for each in found], "uniform").statistic < 0.25


@pytest.mark.parametrize("frames", [np.zeros((24, 90, 160, 3), np.uint8), np.full((1, 64, 64, 3), 255, np.uint8)])
def test_blank_frames_hold_no_mark(frames: np.ndarray):
    assert read_picture(frames, 12, KEY).payload is None


@pytest.mark.parametrize("shape", [(1, 64, 64, 3), (3, 17, 33, 3), (5, 300, 20, 3)])
def test_any_size_and_length_can_be_marked_and_read(shape: tuple[int, ...]):
    frames = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    marked = mark_picture(frames, 23.976, RECORD, KEY)
    assert marked.shape == shape
    assert read_picture(marked, 23.976, KEY).payload in {None, RECORD}


def test_the_sound_stays_as_it_was(tune: np.ndarray):
    marked = mark_sound(tune, attacks.RATE, SHORT, KEY)
    assert marked.shape == tune.shape and marked.dtype == np.float32
    assert 10 * np.log10(np.sum(tune**2) / np.sum((marked - tune) ** 2)) >= 25


@pytest.mark.parametrize("attack", attacks.SOUND)
def test_the_short_form_is_heard_after(attack: str, tune: np.ndarray):
    found = read_sound(*attacks.SOUND[attack](mark_sound(tune, attacks.RATE, SHORT, KEY)), KEY)
    assert found.payload == SHORT
    assert found.p_value <= reading.FALSE_POSITIVE_RATE


def test_no_short_form_is_heard_without_the_key_or_the_mark(tune: np.ndarray):
    marked = mark_sound(tune, attacks.RATE, SHORT, KEY)
    for samples, key in ((tune, KEY), *((marked, bench.wrong(index)) for index in range(10))):
        found = read_sound(samples, attacks.RATE, key)
        assert found.payload is None and found.p_value > 1e-4


@pytest.mark.parametrize("samples", [np.zeros(48000, np.float32), np.zeros(0, np.float32), np.ones(10, np.float32)])
def test_silence_stays_silent_and_says_nothing(samples: np.ndarray):
    assert np.array_equal(mark_sound(samples, 24000, SHORT, KEY), samples)
    assert read_sound(samples, 24000, KEY).payload is None


def test_payloads_survive_a_noisy_channel():
    """At 1.5 dB a payload bit: about twice the noise power that uncoded bits of one percent error could bear."""
    chance, form = np.random.default_rng(4), payload.Format(64, 24, 8)
    amplitude = np.sqrt(2 * 10**0.15 * 88 / form.coded)
    values = [int(value) for value in chance.integers(0, 2**63, 20)]
    soft = [payload.protect(value, form) * amplitude + chance.standard_normal(form.coded) for value in values]
    assert sum(payload.recover(each, form) == value for each, value in zip(soft, values, strict=True)) >= 19


def test_noise_passes_no_checksum():
    chance, form = np.random.default_rng(5), payload.Format(64, 24, 8)
    assert all(payload.recover(chance.standard_normal(form.coded), form) is None for _ in range(20))


@pytest.mark.parametrize(("value", "form"), [(2**64, payload.Format(64, 24, 8)), (-1, tiles.FORM)])
def test_payloads_that_do_not_fit_are_refused(value: int, form: payload.Format):
    with pytest.raises(ValueError, match="does not fit"):
        payload.protect(value, form)


@pytest.mark.parametrize(
    ("attempt", "why"),
    [
        (lambda: mark_picture(np.zeros((2, 64, 64), np.uint8), 12, 1, KEY), "frames are"),
        (lambda: mark_picture(np.zeros((2, 64, 64, 3), np.uint8), 0, 1, KEY), "frame rate 0"),
        (lambda: mark_picture(np.zeros((2, 64, 64, 3), np.uint8), 12, 1, b"short"), "at least 16 bytes, not 5"),
        (lambda: mark_sound(np.zeros((2, 100), np.float32), 24000, 1, KEY), "sound is mono"),
    ],
)
def test_what_cannot_be_marked_is_refused(attempt, why: str):
    with pytest.raises(ValueError, match=why):
        attempt()
