"""State machines whose results two interpreters must agree on: data only, no expectations.

The answers of the second interpreter are in answers.json (see second.py for how they came there). Tasks are left
out, because the second interpreter runs a Lambda task only with Docker; Fail states inside Parallel stand for them.
"""
# ruff: noqa: E501 — a case reads best on one line

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """A machine and an input for it."""

    name: str
    machine: dict[str, Any]
    input: Any


def machine(*states: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """States in a row: each without a way on leads to the next, and the last one ends."""
    named = dict(states)
    names = list(named)
    for name, following in zip(names, [*names[1:], None], strict=True):
        state = named[name]
        if state["Type"] in ("Succeed", "Fail", "Choice") or "Next" in state or "End" in state:
            continue
        state |= {"End": True} if following is None else {"Next": following}
    return {"StartAt": names[0], "States": named}


def passes(**fields: Any) -> dict[str, Any]:
    return machine(("only", {"Type": "Pass", **fields}))


def judged(rule: dict[str, Any]) -> dict[str, Any]:
    """A machine that says whether a rule holds."""
    return machine(
        ("ask", {"Type": "Choice", "Choices": [{**rule, "Next": "yes"}], "Default": "no"}),
        ("yes", {"Type": "Pass", "Result": "yes", "End": True}),
        ("no", {"Type": "Pass", "Result": "no"}),
    )


def shown(expression: str) -> dict[str, Any]:
    """A machine that shows what an intrinsic function or a path comes to."""
    return passes(Parameters={"is.$": expression})


FAILING = {"StartAt": "f", "States": {"f": {"Type": "Fail", "Error": "Custom.Error", "Cause": "because"}}}
FINE = {"StartAt": "p", "States": {"p": {"Type": "Pass", "End": True}}}
INPUT = {
    "a": {"b": [10, 20, 30], "c": "text"}, "n": 5, "f": 2.5, "yes": True, "nothing": None,
    "when": "2026-11-22T12:00:00Z", "later": "2026-11-22T13:30:00+01:00", "word": "kite", "list": [3, 1, 2],
    "people": [{"name": "Ada", "age": 36}, {"name": "Bo", "age": 17}], "empty": {}, "json": "{\"x\": [1, null]}",
}  # fmt: skip


def caught(errors: list[str], **fields: Any) -> dict[str, Any]:
    return machine(
        ("try", {"Type": "Parallel", "Branches": [FINE, FAILING], "Catch": [{"ErrorEquals": errors, "Next": "after", **fields}]}),
        ("after", {"Type": "Pass"}),
    )  # fmt: skip


DATA = {
    "pass hands its input on": passes(),
    "pass gives its result": passes(Result={"x": 1}),
    "result goes where ResultPath says": passes(Result=1, ResultPath="$.a.new"),
    "result makes the objects on its way": passes(Result=1, ResultPath="$.x.y.z"),
    "result replaces": passes(Result="new", ResultPath="$.a.c"),
    "null ResultPath drops the result": passes(Result=1, ResultPath=None),
    "InputPath selects": passes(InputPath="$.a"),
    "InputPath selects one of a list": passes(InputPath="$.a.b[1]"),
    "null InputPath is an empty object": passes(InputPath=None),
    "OutputPath selects": passes(OutputPath="$.a.b"),
    "null OutputPath is an empty object": passes(OutputPath=None),
    "ResultPath writes into the raw input": passes(InputPath="$.a", ResultPath="$.copy"),
    "parameters mix fixed and dynamic": passes(Parameters={"fixed": "$.n", "n.$": "$.n", "deep": {"c.$": "$.a.c"}}),
    "parameters in lists": passes(Parameters={"list": [{"n.$": "$.n"}, "x", 1, [None, {"c.$": "$.a.c"}]]}),
    "parameters with ResultPath": passes(Parameters={"n.$": "$.n"}, ResultPath="$.made"),
    "quoted members": passes(Parameters={"c.$": "$['a']['c']"}),
    "star takes all members": passes(Parameters={"names.$": "$.people[*].name"}),
    "slice takes some members": passes(Parameters={"some.$": "$.a.b[0:2]"}),
    "missing members of several are skipped": passes(Parameters={"found.$": "$.people[*].nothing"}),
    "the context's input": passes(Parameters={"n.$": "$$.Execution.Input.n"}),
    "the context's state": passes(Parameters={"name.$": "$$.State.Name", "again.$": "$$.State.RetryCount"}),
    "a missing parameter path": passes(Parameters={"n.$": "$.absent"}),
    "a missing InputPath": passes(InputPath="$.absent"),
    "a missing OutputPath": passes(OutputPath="$.absent"),
    "succeed selects its output": machine(("end", {"Type": "Succeed", "OutputPath": "$.a"})),
    "fail says why": machine(("end", {"Type": "Fail", "Error": "Custom.Error", "Cause": "because"})),
    "fail without a word": machine(("end", {"Type": "Fail"})),
    "fail by path": machine(("end", {"Type": "Fail", "ErrorPath": "$.word", "CausePath": "$.a.c"})),
    "wait hands its input on": machine(("wait", {"Type": "Wait", "Seconds": 0, "OutputPath": "$.a"})),
    "wait until the past": machine(("wait", {"Type": "Wait", "Timestamp": "2020-01-01T00:00:00Z"})),
    "wait until a path": machine(("wait", {"Type": "Wait", "TimestampPath": "$.past"})),
    "no choice matches": machine(("ask", {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "ask"}]})),
    "the first rule that holds wins": machine(
        ("ask", {"Type": "Choice", "Choices": [
            {"Variable": "$.n", "NumericGreaterThan": 3, "Next": "first"},
            {"Variable": "$.n", "NumericGreaterThan": 1, "Next": "second"},
        ]}),
        ("first", {"Type": "Pass", "Result": 1, "End": True}), ("second", {"Type": "Pass", "Result": 2}),
    ),
    "a choice's paths": machine(
        ("ask", {"Type": "Choice", "InputPath": "$.a", "OutputPath": "$.b", "Choices": [
            {"Variable": "$.c", "StringEquals": "text", "Next": "yes"}]}),
        ("yes", {"Type": "Pass"}),
    ),
    "parallel gives a list in order": machine(
        ("both", {"Type": "Parallel", "Branches": [passes(Result=1), passes(Result=2), passes(InputPath="$.n")]})
    ),
    "parallel takes parameters": machine(
        ("both", {"Type": "Parallel", "Parameters": {"n.$": "$.n"}, "Branches": [FINE, passes(InputPath="$.n")]})
    ),
    "parallel selects and places its results": machine(
        ("both", {"Type": "Parallel", "Branches": [passes(Result=1), passes(Result=2)],
                  "ResultSelector": {"second.$": "$[1]", "all.$": "$"}, "ResultPath": "$.made", "OutputPath": "$.made"})
    ),
    "parallel in parallel": machine(
        ("out", {"Type": "Parallel", "Branches": [
            machine(("in", {"Type": "Parallel", "Branches": [passes(Result=1), passes(Result=2)]})), passes(Result=3)]})
    ),
    "a branch fails them all": machine(("both", {"Type": "Parallel", "Branches": [FINE, FAILING]})),
    "catch by name": caught(["Custom.Error"]),
    "catch by States.ALL": caught(["States.ALL"]),
    "catch by States.TaskFailed": caught(["States.TaskFailed"]),
    "catch by another name does not": caught(["Other.Error", "States.Timeout"]),
    "catch places the error": caught(["States.ALL"], ResultPath="$.error"),
    "catch drops the error": caught(["States.ALL"], ResultPath=None),
    "the first catcher that matches wins": machine(
        ("try", {"Type": "Parallel", "Branches": [FAILING], "Catch": [
            {"ErrorEquals": ["Other"], "Next": "other"}, {"ErrorEquals": ["Custom.Error"], "Next": "mine"},
            {"ErrorEquals": ["States.ALL"], "Next": "other"}]}),
        ("mine", {"Type": "Pass", "Result": "mine", "End": True}), ("other", {"Type": "Pass", "Result": "other"}),
    ),
    "a missing path is not caught as States.ALL": machine(
        ("try", {"Type": "Parallel", "Branches": [passes(InputPath="$.absent")], "Catch": [
            {"ErrorEquals": ["States.ALL"], "Next": "after"}]}),
        ("after", {"Type": "Pass", "Result": "caught"}),
    ),
    "no choice matched is caught by name": machine(
        ("try", {"Type": "Parallel", "Branches": [
            machine(("ask", {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "ask"}]}))],
            "Catch": [{"ErrorEquals": ["States.NoChoiceMatched"], "Next": "after"}]}),
        ("after", {"Type": "Pass", "Result": "caught"}),
    ),
    "retry then catch": machine(
        ("try", {"Type": "Parallel", "Branches": [FAILING],
                 "Retry": [{"ErrorEquals": ["Custom.Error"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1.0}],
                 "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "after", "ResultPath": "$.error"}]}),
        ("after", {"Type": "Pass", "OutputPath": "$.error"}),
    ),
    "no attempts is no retry": machine(
        ("try", {"Type": "Parallel", "Branches": [FAILING], "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 0}]})
    ),
    "map over the input": machine(("each", {"Type": "Map", "InputPath": "$.list", "ItemProcessor": FINE})),
    "map over a path": machine(("each", {"Type": "Map", "ItemsPath": "$.people", "ItemProcessor": passes(OutputPath="$.name")})),
    "map one at a time": machine(
        ("each", {"Type": "Map", "ItemsPath": "$.list", "MaxConcurrency": 1, "ItemProcessor": FINE})
    ),
    "map over nothing": machine(("each", {"Type": "Map", "ItemsPath": "$.none", "ItemProcessor": FINE})),
    "map selects its items": machine(
        ("each", {"Type": "Map", "ItemsPath": "$.people", "ItemProcessor": FINE, "ItemSelector": {
            "index.$": "$$.Map.Item.Index", "name.$": "$$.Map.Item.Value.name", "n.$": "$.n"}})
    ),
    "map by its old names": machine(
        ("each", {"Type": "Map", "ItemsPath": "$.list", "Iterator": FINE, "Parameters": {"v.$": "$$.Map.Item.Value"}})
    ),
    "map places its results": machine(
        ("each", {"Type": "Map", "ItemsPath": "$.list", "ItemProcessor": passes(Result="x"), "ResultPath": "$.made",
                  "ResultSelector": {"count.$": "States.ArrayLength($)"}, "OutputPath": "$.made"})
    ),
    "map over what is no list": machine(("each", {"Type": "Map", "ItemsPath": "$.word", "ItemProcessor": FINE})),
    "map with one that fails": machine(
        ("each", {"Type": "Map", "ItemsPath": "$.people", "ItemProcessor": machine(
            ("ask", {"Type": "Choice", "Choices": [{"Variable": "$.age", "NumericLessThan": 18, "Next": "no"}], "Default": "ok"}),
            ("ok", {"Type": "Pass", "End": True}), ("no", {"Type": "Fail", "Error": "Minor", "Cause": "too young"})),
            "Catch": [{"ErrorEquals": ["Minor"], "Next": "after", "ResultPath": "$.error"}]}),
        ("after", {"Type": "Pass", "OutputPath": "$.error"}),
    ),
    "map in map": machine(
        ("out", {"Type": "Map", "ItemsPath": "$.rows", "ItemProcessor": machine(
            ("in", {"Type": "Map", "ItemProcessor": FINE, "ItemSelector": {"v.$": "$$.Map.Item.Value"}}))})
    ),
}  # fmt: skip

RULES = {
    "StringEquals": [("$.word", "kite"), ("$.word", "bird"), ("$.n", "5"), ("$.nothing", "")],
    "StringLessThan": [("$.word", "kites"), ("$.word", "bird")],
    "StringGreaterThanEquals": [("$.word", "kite")],
    "StringEqualsPath": [("$.word", "$.word"), ("$.word", "$.a.c"), ("$.word", "$.n")],
    "StringMatches": [("$.word", "k*e"), ("$.word", "*"), ("$.word", "k"), ("$.word", "ki\\*"), ("$.n", "*")],
    "NumericEquals": [("$.n", 5), ("$.n", 5.0), ("$.f", 2.5), ("$.word", 5), ("$.yes", 1)],
    "NumericLessThan": [("$.n", 6), ("$.n", 5)],
    "NumericLessThanEquals": [("$.n", 5)],
    "NumericGreaterThan": [("$.f", 2), ("$.n", 5)],
    "NumericGreaterThanPath": [("$.n", "$.f"), ("$.f", "$.n")],
    "BooleanEquals": [("$.yes", True), ("$.yes", False), ("$.n", True), ("$.word", True)],
    "BooleanEqualsPath": [("$.yes", "$.yes")],
    "TimestampEquals": [("$.when", "2026-11-22T12:00:00Z"), ("$.when", "2026-11-22T13:00:00+01:00")],
    "TimestampLessThan": [("$.when", "2026-11-22T12:00:01Z"), ("$.word", "2026-11-22T12:00:01Z")],
    "TimestampGreaterThanPath": [("$.later", "$.when")],
    "IsNull": [("$.nothing", True), ("$.nothing", False), ("$.n", True), ("$.n", False)],
    "IsPresent": [("$.n", True), ("$.absent", True), ("$.absent", False), ("$.nothing", True), ("$.a.b[5]", True)],
    "IsNumeric": [("$.n", True), ("$.f", True), ("$.yes", True), ("$.word", False)],
    "IsString": [("$.word", True), ("$.n", True)],
    "IsBoolean": [("$.yes", True), ("$.nothing", True)],
    "IsTimestamp": [("$.when", True), ("$.word", True), ("$.n", False)],
}
COMBINED = {
    "And": {"And": [{"Variable": "$.n", "NumericEquals": 5}, {"Variable": "$.yes", "BooleanEquals": True}]},
    "And of one that fails": {"And": [{"Variable": "$.n", "NumericEquals": 5}, {"Variable": "$.yes", "BooleanEquals": False}]},
    "Or": {"Or": [{"Variable": "$.n", "NumericEquals": 1}, {"Variable": "$.word", "StringEquals": "kite"}]},
    "Not": {"Not": {"Variable": "$.n", "NumericEquals": 5}},
    "And guards what is absent": {"And": [{"Variable": "$.absent", "IsPresent": True}, {"Variable": "$.absent", "IsNull": False}]},
    "nested": {"Or": [{"Not": {"Variable": "$.yes", "IsBoolean": True}}, {"And": [{"Variable": "$.f", "NumericLessThan": 3}]}]},
}  # fmt: skip
EXPRESSIONS = [
    "States.Format('Hello, {}!', $.word)", "States.Format('{} and {}', $.n, $.a.b)", "States.Format('no values')",
    "States.Format('\\{\\} {}', $.word)", "States.Format('it\\'s {}', $.yes)", "States.Format('{}', $.nothing)",
    "States.StringToJson($.json)", "States.JsonToString($.a)", "States.Array(1, 'two', $.n, $.a.b, true, null)",
    "States.Array()", "States.ArrayPartition($.a.b, 2)", "States.ArrayContains($.list, 1)",
    "States.ArrayContains($.list, 9)", "States.ArrayRange(1, 9, 2)", "States.ArrayRange(5, 1, -2)",
    "States.ArrayGetItem($.list, 0)", "States.ArrayLength($.list)", "States.ArrayUnique(States.Array(1, 1, 2, 'a', 'a'))",
    "States.Base64Encode('Data to encode')", "States.Base64Decode('RGF0YSB0byBlbmNvZGU=')",
    "States.Hash('input data', 'SHA-1')", "States.Hash('input data', 'SHA-256')", "States.Hash('input data', 'MD5')",
    "States.JsonMerge($.a, $.people[0], false)", "States.MathAdd($.n, -7)", "States.StringSplit('1,2,3,4', ',')",
    "States.StringSplit('This.is+a,test', '.+,')", "States.Format('{}', States.MathAdd(1, 2))",
    "States.ArrayLength(States.StringSplit('a b c', ' '))", "States.ArrayGetItem($.list, 9)", "States.MathAdd($.word, 1)",
    "States.StringToJson($.word)", "States.ArrayPartition($.a.b, 0)", "States.Format('{} {}', $.n)",
]  # fmt: skip


def all_cases() -> list[Case]:
    more = {"past": "2020-01-01T00:00:00Z", "none": [], "rows": [[1, 2], [], [3]]}
    given = {**INPUT, **more}
    cases = [Case(name, definition, given) for name, definition in DATA.items()]
    for operator, pairs in RULES.items():
        cases += [
            Case(f"{operator} {variable} {operand!r}", judged({"Variable": variable, operator: operand}), given)
            for variable, operand in pairs
        ]
    cases += [Case(f"rule: {name}", judged(rule), given) for name, rule in COMBINED.items()]
    cases += [Case(expression, shown(expression), given) for expression in EXPRESSIONS]
    return cases
