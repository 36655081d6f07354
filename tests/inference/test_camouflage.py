"""The camouflages that the evaluation writes are the ones that screening is meant to see through."""

import pytest

from inference.safety.camouflage import KINDS
from inference.safety.disguise import readings


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"mixed languages", "split over remixes"}))
def test_a_camouflaged_text_is_read_as_it_was_meant(kind: str):
    """Among the ways to read it is the plain one, but for letters that several digits and signs stand for."""
    hidden = KINDS[kind]({"text": "Eine rote Katze watches the birds"})

    assert hidden.text != "Eine rote Katze watches the birds"
    assert any("watches the birds" in reading.casefold() for reading in readings(hidden.text))


def test_a_text_is_cut_in_two_over_a_remix_and_over_two_languages():
    row = {"text": "a cat sleeps here", "other": "un chat dort ici"}

    assert KINDS["split over remixes"](row).context == ("a cat",)
    assert KINDS["split over remixes"](row).text == "sleeps here"
    assert KINDS["mixed languages"](row).text == "a cat dort ici"
    assert KINDS["mixed languages"]({"text": "a cat sleeps here"}) is None
