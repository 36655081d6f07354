"""What may be asked, what it costs in time, and how an end is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from volary.errors import Invalid
from volary.generation import (
    FAILURES,
    Ask,
    Identity,
    checked_seconds,
    eta_seconds,
    failure_of,
    progress,
    request,
)
from volary.videos import STAGES, enter

from tests.domain.test_videos import queued

ME = Identity(id="video_1", owner_id="user_1", record="0123456789abcdef", seed=7, now=100)


def test_an_ask_becomes_a_queued_private_video():
    video = request(Ask(prompt="un ballon rouge", size="1280x720", seconds=8), ME)

    assert (video.status, video.visibility, video.width, video.height, video.seed) == (
        "queued",
        "private",
        1280,
        720,
        7,
    )


@pytest.mark.parametrize(
    ("fields", "param", "told"),
    [
        ({"prompt": " \n"}, "prompt", "empty"),
        ({"prompt": "x" * 32_001}, "prompt", "32001"),
        ({"size": "1920x1080"}, "size", "1920x1080"),
        ({"model": "wan-9"}, "model", "wan-9"),
        ({"style": "baroque"}, "style", "baroque"),
        ({"seed": 2**32}, "seed", str(2**32)),
    ],
)
def test_a_bad_ask_names_its_field_and_value(fields, param, told):
    with pytest.raises(Invalid, match=told) as refused:
        request(Ask(**({"prompt": "a boat"} | fields)), ME)

    assert refused.value.param == param


@pytest.mark.parametrize("given_as", ["8", 8])
def test_seconds_are_taken_as_text_or_number(given_as):
    assert checked_seconds(given_as) == 8


@pytest.mark.parametrize("bad", ["5", "", "8.0", "eight", -4, True, None])
def test_other_lengths_are_refused(bad):
    with pytest.raises(Invalid, match="seconds"):
        checked_seconds(bad)


@given(st.lists(st.tuples(st.sampled_from(STAGES[:-1]), st.floats(0, 1)), min_size=2))
def test_progress_never_falls_along_the_stages(steps):
    ordered = sorted(steps, key=lambda step: (STAGES.index(step[0]), step[1]))
    shown = [progress(enter(queued(), stage), fraction) for stage, fraction in ordered]

    assert shown == sorted(shown) and all(0 <= percent < 100 for percent in shown)


def test_a_second_attempt_does_not_take_progress_back():
    again = enter(queued(progress_floor=60), "generating")

    assert progress(again, 0.0) == 60


def test_waiting_behind_others_takes_longer():
    assert eta_seconds(queued(), ahead=5, pace=2.0) > eta_seconds(queued(), ahead=0, pace=2.0) >= 1


@pytest.mark.parametrize("stage", ["held", "awaiting_key"])
def test_nobody_knows_when_a_person_will_have_looked(stage):
    assert eta_seconds(enter(queued(), stage), ahead=0, pace=2.0) is None


def test_every_end_has_words_and_unknown_ones_say_internal():
    assert {failure_of(code).code for code in FAILURES} == set(FAILURES)
    assert failure_of("no_such_code").code == "internal_error"
    assert failure_of(None, "States.HeartbeatTimeout").code == "timeout"
    assert failure_of(None, "ModelFault").code == "generation_failed"
