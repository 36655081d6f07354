"""What was lent for one call opens with its key, as a portrait and a voice, and otherwise not at all."""

import io

import numpy as np
import pytest
from PIL import Image
from volary import boxes

from events.inference import LikenessReference
from inference.generator.asking import Ask, check
from inference.likeness.material import portrait
from inference.likeness.references import opened
from inference.refusal import LikenessUnreadable
from tests.likeness.test_checks import Shelf

LENT = LikenessReference(
    likeness_id="like_1", picture="picture", voice="voice", key="key", picture_about="a/picture", voice_about="a/voice",
    rate=16000,
)  # fmt: skip
SECRET = bytes(32)


def picture(pixels, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def voice(sound):
    return np.asarray(sound, "<f4").tobytes()


def shelf(plain=None, **changes):
    parts = {"picture": picture(np.full((48, 64, 3), 7, np.uint8)), "voice": voice(np.ones(16000) * 2)} | (plain or {})
    boxed = {name: boxes.box(SECRET, data, f"a/{name}".encode()) for name, data in parts.items()}
    return Shelf({**boxed, "key": SECRET} | changes)


def test_lent_portrait_and_voice_are_what_the_generator_takes():
    found = opened(LENT, shelf())

    check(Ask("a fox", 4, 720, 1280, 1, likenesses=(found,)), ())
    assert (found.portrait.shape, found.portrait.dtype, int(found.portrait.max())) == ((48, 64, 3), np.uint8, 7)
    assert (len(found.voice), found.voice.dtype, float(found.voice.max())) == (16000, np.float32, 1.0)


def test_another_key_or_place_opens_nothing():
    with pytest.raises(LikenessUnreadable):
        opened(LENT, shelf(key=bytes(31) + b"x"))
    with pytest.raises(LikenessUnreadable):
        opened(LENT.model_copy(update={"voice_about": "b/voice"}), shelf())


@pytest.mark.parametrize(
    "plain",
    [
        {"picture": b""},
        {"picture": b"\x89PNG\r\n\x1a\n" + b"junk" * 40},
        {"picture": picture(np.zeros((8, 8, 3), np.uint8))},
        {"picture": picture(np.zeros((5000, 1000, 3), np.uint8))},
        {"voice": b""},
        {"voice": voice(np.ones(16000))[:-1]},
        {"voice": voice(np.ones(100))},
        {"voice": voice(np.full(16000, np.nan))},
    ],
    ids=["no picture", "broken", "tiny", "too large", "no voice", "cut", "short", "not finite"],
)
def test_what_is_no_portrait_or_voice_is_refused_by_name(plain):
    with pytest.raises(LikenessUnreadable, match="like_1"):
        opened(LENT, shelf(plain))


def test_a_rate_that_is_none_is_refused():
    with pytest.raises(LikenessUnreadable, match="1 Hz"):
        opened(LENT.model_copy(update={"rate": 1}), shelf())


def test_a_portrait_has_the_face_in_its_middle_wherever_it_was():
    frame = np.zeros((120, 160, 3), np.uint8)
    frame[5:45, 10:40] = 200
    mesh = np.array([[10, 5, 0], [39, 44, 0]], float)

    cut = portrait(frame, mesh)

    lit = np.argwhere(cut[..., 0] > 100)
    assert cut.shape[0] == cut.shape[1] == 78
    assert np.abs(lit.mean(axis=0) - 39).max() < 1.5
