"""Where the second interpreter is wrong or silent: what we hold to instead, and on whose word."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """What a case must come to, and why not what the second interpreter says."""

    expected: dict[str, Any]
    reason: str


def gives(output: Any, reason: str) -> Verdict:
    return Verdict({"status": "SUCCEEDED", "error": "", "cause": "", "output": output}, reason)


def fails(error: str, reason: str) -> Verdict:
    return Verdict({"status": "FAILED", "error": error, "cause": ""}, reason)


APPENDIX = "States Language, Appendix A, names this error; moto ends every fault of its own with States.Runtime"
RFC3339 = "States Language: timestamps are RFC 3339, which has offsets; moto reads only those that end in Z"
INTRINSIC = "States Language, Appendix B: braces and quotes are escaped with a backslash"

OURS = {
    "the context's state": gives(
        {"name": "only", "again": 0}, "Step Functions' context object has RetryCount in every state; moto leaves it out"
    ),
    "a missing parameter path": fails("States.ParameterPathFailure", APPENDIX),
    "no choice matches": fails("States.NoChoiceMatched", APPENDIX),
    "no choice matched is caught by name": gives("caught", APPENDIX),
    "map over what is no list": fails(
        "States.Runtime", "Step Functions says States.Runtime; States.QueryEvaluationError belongs to JSONata"
    ),
    "TimestampEquals $.when '2026-11-22T13:00:00+01:00'": gives("yes", RFC3339),
    "TimestampGreaterThanPath $.later '$.when'": gives("yes", RFC3339),
    "States.Format('{} and {}', $.n, $.a.b)": gives(
        {"is": "5 and [10,20,30]"}, "the same spelling as States.JsonToString, which is compact in both"
    ),
    "States.Format('\\{\\} {}', $.word)": gives({"is": "{} kite"}, INTRINSIC),
    "States.Format('it\\'s {}', $.yes)": gives({"is": "it's true"}, INTRINSIC),
    "States.Array(1, 'two', $.n, $.a.b, true, null)": gives(
        {"is": [1, "two", 5, [10, 20, 30], True, None]}, "null is an argument like any other; moto drops it"
    ),
    "States.ArrayRange(5, 1, -2)": gives({"is": [5, 3, 1]}, "the step may be any number but 0"),
    "States.ArrayGetItem($.list, 9)": fails("States.IntrinsicFailure", APPENDIX),
    "States.MathAdd($.word, 1)": fails("States.IntrinsicFailure", APPENDIX),
    "States.StringToJson($.word)": fails("States.IntrinsicFailure", APPENDIX),
    "States.ArrayPartition($.a.b, 0)": fails("States.IntrinsicFailure", APPENDIX),
    "States.Format('{} {}', $.n)": fails("States.IntrinsicFailure", APPENDIX),
}
