"""Pauses lie where a challenge's groups end, or the capture was read for another challenge."""

import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from volary.enrolment import groupings

from events.likeness import Challenge
from events.moderation import Span
from inference.likeness import judging, staging
from inference.likeness.capture import CaptureChecks
from inference.likeness.enrolments import Studio
from inference.likeness.listening import TAIL, Heard, pauses, whole
from inference.likeness.readings import readings
from inference.likeness.voices import RATE

MEDIA = Path(os.environ.get("VOLARY_DATA") or Path(__file__).parents[3] / "shared" / "data") / "media"
ASKED = Challenge(digits="472913", groups=(2, 1, 3), turns=("left", "up"), issued_at=0, expires_at=60)
HEARD = Heard(0.7, 0.9, 3.0, np.eye(256)[0], (0.3, 0.9, 0.8, 0.0, 0.35))


def judged(*silences, asked=ASKED):
    return judging.rhythm(replace(HEARD, pauses=silences), asked)


def test_silence_lies_after_the_digits_that_were_read_before_it():
    """Two digits run together, one is torn in two, and somebody breathes before the first and after the last."""
    spans = [
        Span(start=start, end=end) for start, end in ((0, 0.1), (1, 1.9), (2.8, 3.0), (3.1, 3.3), (4, 4.4), (5, 5.1))
    ]

    found = pauses(spans, np.array([1.3, 1.8, 3.05, 4.2]))

    assert found == pytest.approx((0.0, 0.9, 0.7))


def test_as_many_stretches_as_digits_are_one_each():
    """ "4 4": Whisper puts the second of two alike into the silence after it."""
    spans = [Span(start=start, end=end) for start, end in ((0, 0.4), (0.6, 1.0), (1.9, 2.4))]

    assert pauses(spans, np.array([0.7, 1.7, 2.2])) == pytest.approx((0.2, 0.9))


def noisy(*stretches, seconds=4):
    """Sound with stretches of speech (from, to, amplitude) over a quiet room."""
    rng = np.random.default_rng(3)
    sound = rng.normal(0, 0.001, RATE * seconds)
    for start, end, loud in stretches:
        sound[int(start * RATE) : int(end * RATE)] += rng.normal(0, loud, int(end * RATE) - int(start * RATE))
    return sound.astype(np.float32)


def test_speech_reaches_to_the_end_of_its_quiet_sounds():
    """The last of "six" is 35 dB under its vowel: the detector of speech takes it for silence."""
    sound = noisy((1.0, 1.4, 0.2), (1.4, 1.65, 0.004), (2.4, 2.45, 0.01), (2.45, 2.9, 0.2))

    found = whole([Span(start=1.0, end=1.4), Span(start=2.45, end=2.9)], sound)

    assert [edge for span in found for edge in (span.start, span.end)] == pytest.approx([1, 1.65, 2.4, 2.9], abs=0.03)


def test_pause_that_is_filled_with_noise_is_still_a_pause():
    """Whoever could make a pause vanish could give another challenge's sound this one's groups."""
    sound = noisy((1.0, 1.4, 0.2), (1.4, 2.4, 0.004), (2.4, 2.9, 0.2))

    first, second = whole([Span(start=1.0, end=1.4), Span(start=2.4, end=2.9)], sound)

    assert second.start - first.end == pytest.approx(1.0 - 2 * TAIL, abs=0.05)


def test_stretches_that_a_detector_tore_apart_are_one():
    assert len(whole([Span(start=1.0, end=1.2), Span(start=1.35, end=1.6)], noisy((1.0, 1.6, 0.2)))) == 1


def test_pauses_where_the_groups_end_pass():
    finding = judging.rhythm(HEARD, ASKED)

    assert finding.outcome == "pass"
    assert finding.score == pytest.approx(0.8 / 0.35, abs=1e-3)


@pytest.mark.parametrize(
    "silences",
    [
        (0.3, 0.3, 0.3, 0.3, 0.3),  # read evenly
        (0.3, 0.9, 0.3, 0.9, 0.3),  # another challenge's groups
        (0.3, 0.9, 0.8, 0.9, 0.3),  # a pause too many
        (0.3, 0.9, 0.0, 0.1, 0.1),  # one too few
        (0.0, 0.2, 0.2, 0.0, 0.0),  # no pause is as short as a breath, however quick the digits
    ],
)
def test_other_rhythms_fail_and_the_groups_are_advised(silences):
    finding = judged(*silences)

    assert finding.outcome == "fail"
    assert "47 2 913" in finding.advice
    assert "pauses between the groups last" in finding.reason


def test_rhythm_that_cannot_be_heard_fails_closed():
    assert judging.rhythm(None, ASKED).outcome == "fail"
    assert judged(0.3, 0.9).outcome == "unavailable"
    assert judged(*HEARD.pauses, asked=ASKED.model_copy(update={"groups": ()})).outcome == "unavailable"


def test_french_rhythm_goes_to_a_person():
    assert judged(*HEARD.pauses, asked=ASKED.model_copy(update={"language": "fr"})).outcome == "review"


def test_staged_person_pauses_between_groups_only():
    digits = [np.ones(RATE // 2, np.float32)] * 6

    script = staging.script(("left",), digits, (2, 1, 3), np.random.default_rng(1))

    silences = [after - before - 0.5 for before, after in pairwise(script.onsets)]
    assert [silence > 0.6 for silence in silences] == [False, True, True, False, False]


def test_retimed_digits_begin_when_the_old_ones_did():
    rng = np.random.default_rng(2)
    old = staging.script(("left",), [np.ones(RATE // 4, np.float32)] * 6, (2, 4), rng)

    sound = staging.retimed(old, [np.ones(RATE, np.float32)] * 6, rng)

    assert len(sound) == len(old.sound)
    for onset in old.onsets:
        start = int(onset * RATE)
        assert np.abs(sound[start - RATE // 25 : start]).max() < 0.05 and sound[start + RATE // 10] > 0.9


def test_staged_groups_are_those_of_real_challenges():
    studio = object.__new__(Studio)
    studio.rng = np.random.default_rng(3)

    assert {studio.groups() for _ in range(600)} == set(groupings())


@pytest.mark.skipif(not MEDIA.exists(), reason="the evaluation data is not here: set $VOLARY_DATA")
def test_spoken_digits_have_the_rhythm_they_were_read_in(weights):
    """The right digits timed like another capture's are told from those read for this challenge."""
    studio = Studio(MEDIA, CaptureChecks.load(weights), np.random.default_rng(0))

    genuine, retimed = readings(studio, 2, 151)

    assert (genuine["passed"]["hits"], genuine["passed"]["of"]) == (2, 2)
    assert (retimed["passed"]["hits"], retimed["passed"]["of"]) == (0, 2 - retimed["groups_alike"])
    assert retimed["groups_alike"] < 2
