"""What every `Workflows` adapter promises: one start per name, one answer per token, and silence that is noticed."""

import json
import time

import pytest
from volary.errors import Absent

STATE = {"video_id": "video_1", "gate": None, "has_upload": False}


@pytest.fixture
def waiting(home, fresh):
    """A running execution and the token of its only task."""
    home.services.workflows.start("generation", fresh, STATE)
    return home.waiting_token()


def test_an_answer_ends_the_execution_with_its_output(home, fresh, waiting):
    home.services.workflows.succeed(waiting, {"gate": "pass", "ä": [1, 2.5]})

    found = home.execution(fresh)
    assert found["status"] == "SUCCEEDED"
    assert json.loads(found["output"]) == {"gate": "pass", "ä": [1, 2.5]}


def test_a_failure_ends_the_execution_with_its_error(home, fresh, waiting):
    home.services.workflows.fail(waiting, "ModelFault", "out of memory")

    found = home.execution(fresh)
    assert (found["status"], found["error"], found["cause"]) == ("FAILED", "ModelFault", "out of memory")


def test_starting_a_name_again_does_nothing(home, fresh, waiting):
    home.services.workflows.start("generation", fresh, STATE)
    home.services.workflows.start("generation", fresh, {**STATE, "video_id": "other"})
    with pytest.raises(TimeoutError):
        home.waiting_token(1)

    home.services.workflows.succeed(waiting, {})
    home.services.workflows.start("generation", fresh, STATE)

    assert home.execution(fresh)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("again", ["succeed", "fail", "heartbeat"])
@pytest.mark.parametrize("first", ["succeed", "fail"])
def test_a_token_is_answered_once(home, fresh, waiting, first, again):
    workflows = home.services.workflows
    answers = {
        "succeed": lambda: workflows.succeed(waiting, {"by": "one"}),
        "fail": lambda: workflows.fail(waiting, "Error", "cause"),
        "heartbeat": lambda: workflows.heartbeat(waiting),
    }
    answers[first]()
    ended = home.execution(fresh)

    with pytest.raises(Absent):
        answers[again]()
    assert home.execution(fresh) == ended


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "ünïcode", "x" * 1024])
def test_a_token_that_nobody_was_given_answers_nothing(services, token):
    with pytest.raises(Absent):
        services.workflows.succeed(token, {})


def test_stopping_ends_the_execution_and_its_token(home, fresh, waiting):
    home.services.workflows.stop("generation", fresh, "the video was deleted")

    assert home.execution(fresh)["status"] == "ABORTED"
    with pytest.raises(Absent):
        home.services.workflows.succeed(waiting, {})


def test_stopping_what_has_ended_is_no_error(home, fresh, waiting):
    home.services.workflows.succeed(waiting, {})
    end = time.monotonic() + 10
    while home.execution(fresh)["status"] == "RUNNING" and time.monotonic() < end:
        time.sleep(0.05)  # an answer is taken at once, the execution ends a moment after
    home.services.workflows.stop("generation", fresh, "late")

    assert home.execution(fresh)["status"] == "SUCCEEDED"


def test_stopping_what_never_started_is_no_error(services, fresh):
    services.workflows.stop("generation", fresh, "never started")


def test_a_heartbeat_is_taken_while_the_task_waits(home, fresh, waiting):
    home.services.workflows.heartbeat(waiting)

    assert home.execution(fresh)["status"] == "RUNNING"


def test_a_task_without_heartbeats_times_out(timed, fresh):
    timed.services.workflows.start("generation", fresh, STATE)
    token = timed.waiting_token()
    timed.clock.move(59)
    timed.services.workflows.heartbeat(token)
    timed.clock.move(59)
    assert timed.execution(fresh)["status"] == "RUNNING"

    timed.clock.move(1)

    assert timed.execution(fresh)["error"] == "States.HeartbeatTimeout"
    with pytest.raises(Absent):
        timed.services.workflows.succeed(token, {})


def test_a_late_answer_is_refused_even_before_anybody_noticed_the_timeout(timed, fresh):
    timed.services.workflows.start("generation", fresh, STATE)
    token = timed.waiting_token()
    timed.clock.move(60)

    with pytest.raises(Absent):
        timed.services.workflows.succeed(token, {})
    assert timed.execution(fresh)["status"] == "FAILED"


def test_heartbeats_do_not_extend_the_time_limit(timed, fresh):
    timed.services.workflows.start("generation", fresh, STATE)
    token = timed.waiting_token()
    for _ in range(11):
        timed.clock.move(50)
        timed.services.workflows.heartbeat(token)
    timed.clock.move(50)

    assert timed.execution(fresh)["error"] == "States.Timeout"
