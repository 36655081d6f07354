"""What the interpreter does not know it refuses when it loads a definition, and says where."""

import json
import re
from copy import deepcopy

import pytest
from volary.embedded import WORKFLOWS
from volary.embedded.workflow import intrinsics, paths
from volary.embedded.workflow.definition import load
from volary.embedded.workflow.faults import Unrunnable

TASK = {"Type": "Task", "Resource": "${step}", "End": True}
MACHINE = {
    "StartAt": "task",
    "States": {
        "task": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": "${step}", "Payload": {"token.$": "$$.Task.Token"}},
            "TimeoutSeconds": 60,
            "HeartbeatSeconds": 30,
            "Retry": [{"ErrorEquals": ["A"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 2.0}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "choice"}],
            "Next": "choice",
        },
        "choice": {
            "Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "end"}], "Default": "each",
        },
        "each": {"Type": "Map", "ItemProcessor": {"StartAt": "t", "States": {"t": TASK}}, "Next": "both"},
        "both": {"Type": "Parallel", "Branches": [{"StartAt": "t", "States": {"t": TASK}}], "Next": "wait"},
        "wait": {"Type": "Wait", "Seconds": 1, "Next": "end"},
        "end": {"Type": "Succeed"},
    },
}  # fmt: skip

# Where in the machine, what is put there (None: taken out), and what the refusal names.
FAULTS = [
    ("QueryLanguage", "JSONata", "JSONata"),
    ("StartAt", "nowhere", "nowhere"),
    ("StartAt", None, "None"),
    ("States", None, "starts"),
    ("Unknown", 1, "Unknown"),
    ("States.task.Type", "Activity", "Activity"),
    ("States.task.Type", None, "None"),
    ("States.task.Assign", {"x": 1}, "Assign"),
    ("States.task.Arguments", {}, "Arguments"),
    ("States.task.Output", {}, "Output"),
    ("States.task.Credentials", {}, "Credentials"),
    ("States.task.QueryLanguage", "JSONata", "QueryLanguage"),
    ("States.task.Resource", "arn:aws:states:::sqs:sendMessage", "sqs:sendMessage"),
    ("States.task.Resource", "arn:aws:lambda:us-east-1:123456789012:function:x", "arn:aws:lambda"),
    ("States.task.Resource", "arn:aws:states:::lambda:invoke.sync", "sync"),
    ("States.task.Resource", None, "None"),
    ("States.task.Parameters.FunctionName", "function", "function"),
    ("States.task.Parameters.Qualifier", "1", "Qualifier"),
    ("States.task.Parameters.Payload", {"x": 1}, "token"),
    ("States.task.Parameters.Payload.x\\.$", "$..deep", "$..deep"),
    ("States.task.Parameters.Payload.x\\.$", "$.a[?(@.b)]", "$.a[?(@.b)]"),
    ("States.task.Parameters.Payload.x\\.$", "States.UUID()", "UUID"),
    ("States.task.Parameters.Payload.x\\.$", "States.Unknown(1)", "Unknown"),
    ("States.task.Parameters.Payload.x\\.$", "a text", "a text"),
    ("States.task.Parameters.Payload.x\\.$", 5, "5"),
    ("States.task.InputPath", "a.b", "a.b"),
    ("States.task.ResultPath", "$.a[*]", "$.a[*]"),
    ("States.task.ResultPath", "$$.Task", "$$.Task"),
    ("States.task.TimeoutSeconds", 0, "0"),
    ("States.task.TimeoutSeconds", "60", "60"),
    ("States.task.HeartbeatSeconds", 60, "heartbeat"),
    ("States.task.Next", None, "Next or End"),
    ("States.task.End", True, "Next or End"),
    ("States.task.Next", "nowhere", "nowhere"),
    ("States.task.Retry.0.ErrorEquals", [], "names no errors"),
    ("States.task.Retry.0.ErrorEquals", ["States.ALL", "A"], "States.ALL"),
    ("States.task.Retry.0.IntervalSeconds", 0, "IntervalSeconds"),
    ("States.task.Retry.0.MaxAttempts", -1, "MaxAttempts"),
    ("States.task.Retry.0.BackoffRate", 0.5, "BackoffRate"),
    ("States.task.Retry.0.JitterStrategy", "SOME", "SOME"),
    ("States.task.Retry.0.Unknown", 1, "Unknown"),
    ("States.task.Catch.0.Next", None, "None"),
    ("States.task.Catch.0.Unknown", 1, "Unknown"),
    ("States.choice.Choices", [], "no choices"),
    ("States.choice.Choices.0.StringEquals", "x", "one comparison"),
    ("States.choice.Choices.0.IsNull", None, "one comparison"),
    ("States.choice.Choices.0.IsNull", "yes", "IsNull"),
    ("States.choice.Choices.0.Variable", None, "Variable"),
    ("States.choice.Choices.0.Next", None, "None"),
    ("States.choice.End", True, "End"),
    ("States.each.ItemReader", {}, "ItemReader"),
    ("States.each.ItemProcessor", None, "ItemProcessor"),
    ("States.each.ItemProcessor.ProcessorConfig", {"Mode": "DISTRIBUTED"}, "DISTRIBUTED"),
    ("States.each.ItemProcessor.States.t.Type", "Unknown", "Unknown"),
    ("States.each.MaxConcurrency", -1, "MaxConcurrency"),
    ("States.both.Branches", [], "no branches"),
    ("States.both.Branches.0.States.t.Next", "end", "Next or End"),
    ("States.wait.Seconds", None, "waits by one"),
    ("States.wait.Seconds", -1, "Seconds"),
    ("States.wait.Timestamp", "tomorrow", "waits by one"),
    ("States.lost", {"Type": "Succeed"}, "lost"),
]  # fmt: skip


def edited(place, value):
    machine = deepcopy(MACHINE)
    steps = [step.replace("\0", ".") for step in place.replace("\\.", "\0").split(".")]
    held = machine
    for step in steps[:-1]:
        held = held[int(step) if isinstance(held, list) else step]
    if value is None:
        del held[steps[-1]]
    else:
        held[steps[-1]] = value
    return json.dumps(machine)


def test_the_machine_itself_is_known():
    load("machine", json.dumps(MACHINE))


@pytest.mark.parametrize(("place", "value", "named"), FAULTS)
def test_refuses_what_it_does_not_know(place, value, named):
    with pytest.raises(Unrunnable, match=re.escape(named)):
        load("machine", edited(place, value))


@pytest.mark.parametrize("rule", [
    {"Variable": "$.x", "NumericEquals": "5"}, {"Variable": "$.x", "StringEquals": 5},
    {"Variable": "$.x", "BooleanEquals": "true"}, {"Variable": "$.x", "TimestampEquals": "yesterday"},
    {"Variable": "$.x", "StringEqualsPath": "no path"}, {"Variable": "$.x", "BooleanLessThan": True},
    {"Variable": "$.x", "StringMatches": 5}, {"And": []}, {"Not": [1]}, {"Or": "x"},
    {"And": [{"Variable": "$.x", "Unknown": 1}]},
], ids=str)  # fmt: skip
def test_refuses_a_rule_it_cannot_judge(rule):
    with pytest.raises(Unrunnable):
        load("machine", edited("States.choice.Choices", [{**rule, "Next": "end"}]))


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"StartAt": "x"}'])
def test_refuses_what_is_no_machine(text):
    with pytest.raises(Unrunnable):
        load("machine", text)


@pytest.mark.parametrize(
    "text",
    [
        "States.Format('x'",
        "States.Format('x",
        "States.Format(",
        "States.Format(x)",
        "States.Format('a') more",
        "States.Array(1 2)",
        "Format('x')",
    ],
)
def test_refuses_a_call_that_it_cannot_read(text):
    with pytest.raises(Unrunnable):
        intrinsics.parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "a", "$a", "$.", "$.a.", "$.a[", "$.a[x]", "$.a['b]", "$..a", "$.a[0,1]", "$.a[?(@.b==1)]", "$.a.length()"],
)
def test_refuses_a_path_that_it_cannot_read(text):
    with pytest.raises(Unrunnable):
        paths.parse(text)


def test_knows_every_workflow_that_is_deployed():
    found = sorted(WORKFLOWS.glob("*.asl.json"))

    assert [load(path.stem, path.read_text()).workflow for path in found]
