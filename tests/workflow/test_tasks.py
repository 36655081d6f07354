"""Tasks, tokens, retries and time in the pure interpreter: time is a number, and calls are values."""

import json

import pytest
from volary.embedded.workflow.definition import load
from volary.embedded.workflow.execution import (
    Execution,
    Heartbeat,
    Started,
    Stopped,
    TakenOver,
    TaskFailed,
    TaskSucceeded,
    Tick,
)
from volary.embedded.workflow.machine import advance

INVOKE = "arn:aws:states:::lambda:invoke"
AFTER = {"after": {"Type": "Pass", "End": True}}


class Run:
    """One execution that a test leads step by step; `calls` are the calls that nobody has answered."""

    def __init__(self, states, given=None, start=None, **top):
        definition = {"StartAt": start or next(iter(states)), "States": states, **top}
        self.machine = load("test", json.dumps(definition))
        self.execution = Execution(
            workflow="test", name="one", secret="secret", started_at=0.0, input={} if given is None else given
        )
        self.now, self.calls, self.history = 0.0, [], []
        self.send(Started())

    def send(self, event):
        step = advance(self.machine, self.execution, event, self.now)
        self.execution = Execution.model_validate_json(step.execution.model_dump_json())
        self.calls += step.calls
        self.history += step.history

    def succeed(self, output, place=0):
        self.send(TaskSucceeded(serial=self.calls.pop(place).serial, output=output))

    def fail(self, error="Boom", place=0):
        self.send(TaskFailed(serial=self.calls.pop(place).serial, error=error, cause="why"))

    def wait(self, seconds):
        self.now += seconds
        self.send(Tick())

    @property
    def status(self):
        return self.execution.status

    @property
    def output(self):
        assert self.status == "SUCCEEDED", self.execution
        return self.execution.output


def task(**fields):
    return {"Type": "Task", "Resource": "${step}", **({} if "Next" in fields else {"End": True}), **fields}


def waiting(**fields):
    parameters = {"FunctionName": "${step}", "Payload": {"state.$": "$", "token.$": "$$.Task.Token"}}
    return task(Resource=f"{INVOKE}.waitForTaskToken", Parameters=parameters, **fields)


def retried(*retriers, **fields):
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "after"}]
    return Run({"do": task(Retry=list(retriers), Catch=catch, **fields), **AFTER})


def waits_before_giving_up(run, error="Boom"):
    """How long the machine waits before each retry of a task that always fails."""
    waits = []
    while run.calls:
        run.fail(error)
        due = run.execution.due_at()
        if due is not None:
            waits.append(due - run.now)
            run.wait(waits[-1])
    return waits


def test_a_task_gets_the_input_and_gives_the_output():
    run = Run({"do": task()}, {"x": 1})
    assert (run.calls[0].function, run.calls[0].payload, run.calls[0].waits) == ("step", {"x": 1}, False)

    run.succeed({"y": 2})

    assert run.output == {"y": 2}


def test_lambdas_own_integration_wraps_its_answer():
    parameters = {"FunctionName": "${step}", "Payload": {"x.$": "$.x"}}
    run = Run({"do": task(Resource=INVOKE, Parameters=parameters, ResultSelector={"y.$": "$.Payload.y"})}, {"x": 1})
    assert run.calls[0].payload == {"x": 1}

    run.succeed({"y": 2})

    assert run.output == {"y": 2}


def test_a_waiting_task_hands_out_its_token():
    run = Run({"do": waiting()}, {"x": 1})

    token = run.calls[0].payload["token"]
    assert run.calls[0].payload == {"state": {"x": 1}, "token": token}
    assert run.calls[0].waits
    assert token == run.execution.token(run.calls[0].serial)
    assert len(token) == 64


def test_tokens_differ_between_tasks_attempts_and_executions():
    run = Run({"do": waiting(Retry=[{"ErrorEquals": ["Boom"], "IntervalSeconds": 1}])})
    first = run.calls[0].payload["token"]
    run.fail()
    run.wait(1)
    other = run.execution.model_copy(update={"secret": "another"})

    assert len({first, run.calls[0].payload["token"], other.token(1), other.token(2)}) == 4


def test_retries_wait_longer_each_time():
    run = retried({"ErrorEquals": ["Boom"], "IntervalSeconds": 2, "MaxAttempts": 4, "BackoffRate": 3.0})

    assert waits_before_giving_up(run) == [2, 6, 18, 54]
    assert run.output == {"Error": "Boom", "Cause": "why"}


def test_retries_have_the_defaults_of_the_language():
    assert waits_before_giving_up(retried({"ErrorEquals": ["Boom"]})) == [1, 2, 4]


def test_retries_wait_no_longer_than_the_most():
    run = retried({"ErrorEquals": ["Boom"], "IntervalSeconds": 4, "MaxAttempts": 4, "MaxDelaySeconds": 10})

    assert waits_before_giving_up(run) == [4, 8, 10, 10]


def test_full_jitter_waits_any_part_of_it():
    run = retried(
        {"ErrorEquals": ["Boom"], "IntervalSeconds": 8, "MaxAttempts": 5, "BackoffRate": 1.0, "JitterStrategy": "FULL"}
    )
    waits = waits_before_giving_up(run)

    assert len(set(waits)) == 5
    assert all(0 <= wait < 8 for wait in waits)


def test_each_retrier_counts_alone():
    run = retried(
        {"ErrorEquals": ["A"], "IntervalSeconds": 1, "MaxAttempts": 1},
        {"ErrorEquals": ["B"], "IntervalSeconds": 5, "MaxAttempts": 1},
    )
    for error, wait in (("A", 1), ("B", 5)):
        run.fail(error)
        assert run.execution.due_at() - run.now == wait
        run.wait(wait)
    run.fail("A")

    assert run.output["Error"] == "A"


def test_retries_start_over_when_the_state_is_entered_again():
    loop = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.again", "BooleanEquals": True, "Next": "do"}],
        "Default": "end",
    }
    retry = [{"ErrorEquals": ["Boom"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    run = Run({"do": task(Retry=retry, Next="loop"), "loop": loop, "end": {"Type": "Succeed"}})
    for again in (True, False):
        run.fail()
        run.wait(1)
        run.succeed({"again": again})

    assert run.output == {"again": False}


@pytest.mark.parametrize(
    ("names", "error", "is_caught"),
    [
        (["States.ALL"], "Anything", True),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.HeartbeatTimeout", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", True),
        (["States.TaskFailed"], "Anything", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.Timeout"], "States.Timeout", True),
        (["States.Timeout"], "States.HeartbeatTimeout", True),
        (["States.HeartbeatTimeout"], "States.Timeout", False),
        (["Boom", "Bang"], "Bang", True),
        (["Boom"], "Bang", False),
    ],
)
def test_errors_are_matched_by_name(names, error, is_caught):
    run = Run({"do": task(Catch=[{"ErrorEquals": names, "Next": "after"}]), **AFTER})
    run.fail(error)

    assert run.status == ("SUCCEEDED" if is_caught else "FAILED")
    assert run.execution.error == (None if is_caught else error)


def test_a_task_that_takes_too_long_times_out():
    run = Run({"do": task(TimeoutSeconds=30)})
    run.wait(29.9)
    assert run.status == "RUNNING"

    run.wait(0.2)

    assert (run.status, run.execution.error) == ("FAILED", "States.Timeout")


def test_silence_times_out_and_heartbeats_put_it_off():
    run = Run({"do": waiting(TimeoutSeconds=100, HeartbeatSeconds=30)})
    run.wait(29)
    run.send(Heartbeat(serial=1))
    run.wait(29)
    assert run.status == "RUNNING"

    run.wait(1)

    assert run.execution.error == "States.HeartbeatTimeout"


def test_a_heartbeat_does_not_put_off_the_time_limit():
    run = Run({"do": waiting(TimeoutSeconds=50, HeartbeatSeconds=30)})
    for _ in range(2):
        run.wait(20)
        run.send(Heartbeat(serial=1))
    run.wait(10)

    assert run.execution.error == "States.Timeout"


def test_limits_may_come_from_the_input():
    run = Run({"do": waiting(TimeoutSecondsPath="$.t", HeartbeatSecondsPath="$.h")}, {"t": 9, "h": 5})
    assert run.execution.due_at() == 5

    wrong = Run({"do": waiting(TimeoutSecondsPath="$.t")}, {"t": "soon"})
    assert wrong.execution.error == "States.Runtime"


def test_a_retry_gets_fresh_limits_and_a_fresh_token():
    retry = [{"ErrorEquals": ["States.HeartbeatTimeout"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    run = Run({"do": waiting(TimeoutSeconds=100, HeartbeatSeconds=30, Retry=retry)})
    run.wait(30)
    assert run.execution.due_at() == 31
    run.wait(1)

    assert run.execution.due_at() == 61
    assert [call.serial for call in run.calls] == [1, 2]


@pytest.mark.parametrize(
    "event", [TaskSucceeded(serial=1, output={}), TaskFailed(serial=1, error="E", cause=""), Heartbeat(serial=1)]
)
def test_a_late_answer_to_an_earlier_attempt_changes_nothing(event):
    run = Run({"do": waiting(Retry=[{"ErrorEquals": ["Boom"], "IntervalSeconds": 1}])})
    run.fail()
    run.wait(1)
    before = run.execution

    run.send(event)

    assert run.execution == before


@pytest.mark.parametrize("event", [TaskSucceeded(serial=1, output={}), Tick(), Stopped(cause="x"), Heartbeat(serial=1)])
def test_nothing_changes_what_has_ended(event):
    run = Run({"do": waiting(TimeoutSeconds=1)})
    run.succeed({"done": True})
    before = run.execution
    run.now = 99

    run.send(event)

    assert run.execution == before


def test_a_stopped_execution_says_why():
    run = Run({"do": waiting()})
    run.send(Stopped(cause="deleted"))

    assert (run.status, run.execution.cause, run.execution.frames) == ("ABORTED", "deleted", {})


def test_a_whole_execution_may_have_a_time_limit():
    run = Run({"do": waiting()}, TimeoutSeconds=60)
    run.wait(60)

    assert (run.status, run.execution.error) == ("TIMED_OUT", "States.Timeout")


def test_a_new_worker_gives_the_calls_it_makes_again_their_full_time():
    run = Run({"do": task(TimeoutSeconds=30)})
    run.now = 3600
    run.send(TakenOver())
    run.wait(29)
    assert run.status == "RUNNING"
    run.wait(1)

    assert run.execution.error == "States.Timeout"


def test_a_new_worker_excuses_silence_but_puts_off_no_answer():
    run = Run({"do": waiting(TimeoutSeconds=100, HeartbeatSeconds=30)})
    run.now = 60
    run.send(TakenOver())
    run.wait(29)
    assert run.status == "RUNNING"
    run.send(Heartbeat(serial=1))
    run.wait(11)

    assert run.execution.error == "States.Timeout"


def test_a_wait_ends_at_its_time():
    run = Run({"wait": {"Type": "Wait", "SecondsPath": "$.s", "End": True}}, {"s": 2.5})
    run.wait(2.4)
    assert run.status == "RUNNING"
    run.wait(0.1)

    assert run.output == {"s": 2.5}


BOTH = {"both": {
    "Type": "Parallel",
    "Branches": [
        {"StartAt": "a", "States": {"a": task()}},
        {"StartAt": "b", "States": {"b": waiting(TimeoutSeconds=60)}},
    ],
    "Retry": [{"ErrorEquals": ["Boom"], "IntervalSeconds": 1, "MaxAttempts": 1}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "after", "ResultPath": "$.error"}],
    "End": True,
}}  # fmt: skip


@pytest.mark.parametrize("order", [(0, 0), (1, 0)])
def test_branches_may_end_in_any_order(order):
    run = Run({**BOTH, **AFTER}, {"x": 1})
    names = [call.waits for call in run.calls]
    for place in order:
        run.succeed({"waits": names.pop(place)}, place)

    assert run.output == [{"waits": False}, {"waits": True}]


def test_a_failing_branch_ends_the_others_and_both_start_over():
    run = Run({**BOTH, **AFTER}, {"x": 1})
    run.fail("Boom", 0)
    other = run.calls.pop()
    run.wait(1)
    assert [call.waits for call in run.calls] == [False, True]

    run.send(TaskSucceeded(serial=other.serial, output="late"))
    run.succeed({"n": 1})
    run.succeed({"n": 2})

    assert run.output == [{"n": 1}, {"n": 2}]


def test_a_branch_that_times_out_fails_the_state_under_that_name():
    run = Run({**BOTH, **AFTER}, {"x": 1})
    run.wait(60)

    assert run.output["error"]["Error"] == "States.Timeout"
    assert run.output["x"] == 1


def test_a_map_runs_as_many_as_it_may_at_once():
    each = {"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": {"StartAt": "t", "States": {"t": task()}}, "End": True}
    run = Run({"each": each}, [1, 2, 3, 4])
    assert [call.payload for call in run.calls] == [1, 2]

    run.succeed("two", 1)
    assert [call.payload for call in run.calls] == [1, 3]
    run.succeed("three", 1)
    run.succeed("four", 1)
    run.succeed("one")

    assert run.output == ["one", "two", "three", "four"]


def test_a_long_map_of_instant_states_needs_no_deep_stack():
    each = {
        "Type": "Map",
        "MaxConcurrency": 1,
        "ItemProcessor": {"StartAt": "p", "States": {"p": {"Type": "Pass", "End": True}}},
        "End": True,
    }

    assert Run({"each": each}, list(range(3000))).output == list(range(3000))


def test_a_machine_that_never_rests_is_ended():
    states = {"a": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "z"}], "Default": "b"},
              "b": {"Type": "Pass", "Next": "a"}, "z": {"Type": "Succeed"}}  # fmt: skip

    run = Run(states)

    assert (run.status, run.execution.error) == ("FAILED", "States.Runtime")
    assert "25000" in run.execution.cause


def test_more_data_than_step_functions_takes_ends_the_execution():
    run = Run({"do": task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "after"}]), **AFTER})
    run.succeed({"x": "x" * 262_144})

    assert run.execution.error == "States.DataLimitExceeded"


def test_a_fault_in_the_parameters_is_caught_like_any_other():
    run = Run(
        {"do": task(Parameters={"x.$": "$.absent"}, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "after"}]), **AFTER}
    )

    assert run.calls == []
    assert run.output["Error"] == "States.ParameterPathFailure"


def test_a_result_that_fits_nowhere_is_caught():
    run = Run(
        {
            "do": task(
                ResultPath="$.text.x", Catch=[{"ErrorEquals": ["States.ResultPathMatchFailure"], "Next": "after"}]
            ),
            **AFTER,
        },
        {"text": "x"},
    )
    run.succeed(1)

    assert run.output["Error"] == "States.ResultPathMatchFailure"


def test_the_history_tells_every_state():
    run = Run({"do": task(Next="after"), **AFTER})
    run.succeed({})

    assert [line["type"] for line in run.history] == [
        "ExecutionStarted", "StateEntered", "TaskScheduled", "TaskSucceeded", "StateExited",
        "StateEntered", "StateExited", "ExecutionSucceeded",
    ]  # fmt: skip
