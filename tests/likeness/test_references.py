"""What was lent for one clip opens with its key, and with no other."""

import io

import numpy as np
import pytest
from PIL import Image
from volary import boxes

from events.inference import LikenessReference
from inference.likeness.references import opened
from inference.refusal import InvalidRequest
from tests.likeness.test_checks import Shelf

REFERENCE = LikenessReference(
    likeness_id="like_1", picture="picture", voice="voice", key="key", picture_about="a/picture", voice_about="a/voice",
    rate=16000,
)  # fmt: skip


def shelf(secret, **changes):
    buffer = io.BytesIO()
    Image.fromarray(np.full((4, 6, 3), 7, np.uint8)).save(buffer, "PNG")
    files = {"picture": boxes.box(secret, buffer.getvalue(), b"a/picture"),
             "voice": boxes.box(secret, np.ones(8, "<f4").tobytes(), b"a/voice"), "key": secret}  # fmt: skip
    return Shelf(files | changes)


def test_lent_picture_and_voice_open_with_their_key():
    lent = opened(REFERENCE, shelf(bytes(32)))

    assert lent.picture.shape == (4, 6, 3)
    assert lent.voice.tolist() == [1.0] * 8


def test_another_key_or_place_opens_nothing():
    with pytest.raises(InvalidRequest):
        opened(REFERENCE, shelf(bytes(32), key=bytes(31) + b"x"))
    with pytest.raises(InvalidRequest):
        opened(REFERENCE.model_copy(update={"voice_about": "b/voice"}), shelf(bytes(32)))
