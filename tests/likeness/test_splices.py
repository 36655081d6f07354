"""Digits that two people read, cut at every place: what the suite stages, and how often one voice is believed.

The checks do not meet every cut; the lines below are the model card's rates with room for eight strings, so that a
check that gets worse fails here. They are no promise that a splice is refused.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from inference.likeness.capture import CaptureChecks
from inference.likeness.enrolments import ATTACKS, CUTS, Studio
from inference.likeness.readings import splice

MEDIA = Path(os.environ.get("VOLARY_DATA") or Path(__file__).parents[3] / "shared" / "data") / "media"
SEED, STRINGS = 152, 8
REFUSED = {2: 4, 3: 7, 4: 4}  # of eight; with one digit on either side most pass, and nothing is asked

pytestmark = pytest.mark.skipif(not (MEDIA / "digits").exists(), reason="needs VOLARY_DATA: spoken digits and faces")


class Listening(Studio):
    """Remembers who read what, and stops before a capture is judged, which takes seconds."""

    def spoken(self, digits, speaker):
        self.readers = [*getattr(self, "readers", []), (digits, speaker)]
        return super().spoken(digits, speaker)

    def judged(self, file, challenge, known=None):
        self.asked = challenge.digits


class Alone(Studio):
    """Splices nothing: whoever takes over is who read before."""

    def another(self, speaker):
        return speaker


@pytest.fixture(scope="module")
def checks(weights):
    return CaptureChecks.load(weights)


def refused(studio, own):
    return [splice(studio, own, number, SEED).outcome for number in range(STRINGS)].count("fail")


def test_suite_stages_a_splice_at_every_place(checks):
    for own in CUTS:
        studio = Listening(MEDIA, checks, np.random.default_rng([SEED, own]))
        ATTACKS[f"spliced_after_{own}"](studio)
        (before, first), (after, second) = studio.readers

        assert (len(before), before + after) == (own, studio.asked)
        assert first != second
    assert CUTS == (1, 2, 3, 4, 5)


def test_one_voice_is_believed(checks):
    studio = Studio(MEDIA, checks, np.random.default_rng(0))

    assert refused(studio, 6) <= 2, "one voice is refused far more often than the card says"


@pytest.mark.parametrize(("own", "least"), REFUSED.items())
def test_second_voice_is_heard_as_often_as_the_card_says(checks, own, least):
    assert refused(Studio(MEDIA, checks, np.random.default_rng(0)), own) >= least


@pytest.mark.parametrize(("own", "least"), REFUSED.items())
def test_planted_splice_without_a_second_voice_is_under_that_line(checks, own, least):
    """Shows that the lines above tell something: they do not hold where nobody takes over."""
    assert refused(Alone(MEDIA, checks, np.random.default_rng(0)), own) < least
