"""What a state reads and writes: its input, its parameters, its output, and the context object that "$$" shows."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from volary.embedded.workflow import choice, templates
from volary.embedded.workflow.definition import State
from volary.embedded.workflow.execution import Execution, Frame
from volary.embedded.workflow.faults import StateFailed
from volary.embedded.workflow.templates import Scope

MAX_DATA_BYTES = 262_144


class Flow:
    """The data of `frame`, which stands in `state` of `execution`. Every method may raise StateFailed."""

    def __init__(self, execution: Execution, frame: Frame, state: State) -> None:
        self._execution = execution
        self._frame = frame
        self._state = state

    def input(self) -> Any:
        return templates.select(self._state.get("InputPath", "$"), self._over(self._frame.raw))

    def parameters(self) -> Any:
        given = self.input()
        if "Parameters" not in self._state:
            return given
        return templates.fill(self._state["Parameters"], self._over(given))

    def output(self, value: Any) -> Any:
        return templates.select(self._state.get("OutputPath", "$"), self._over(value))

    def output_with(self, result: Any) -> Any:
        """The output once a state's work has come to `result`: ResultSelector, ResultPath, OutputPath."""
        check_size(result)
        if "ResultSelector" in self._state:
            result = templates.fill(self._state["ResultSelector"], self._over(result))
        return self.output(templates.place(self._state.get("ResultPath", "$"), self._frame.raw, result))

    def passed(self) -> Any:
        given = self.parameters()
        return self.output_with(self._state.get("Result", given))

    def chosen(self) -> str:
        """The state that a Choice goes on to."""
        scope = self._over(self.input())
        for rule in self._state["Choices"]:
            if choice.judge(rule, scope):
                return str(rule["Next"])
        if "Default" not in self._state:
            raise StateFailed("States.NoChoiceMatched", f"no rule of {self._frame.state} holds, and it has no Default")
        return str(self._state["Default"])

    def failure(self) -> tuple[str, str]:
        """The error and cause of a Fail state."""
        error, cause = (
            templates.select(self._state[f"{field}Path"], self._over(self._frame.raw))
            if f"{field}Path" in self._state
            else self._state.get(field, "")
            for field in ("Error", "Cause")
        )
        return str(error), str(cause)

    def limit(self, field: str) -> int | None:
        """TimeoutSeconds or HeartbeatSeconds, given outright or by a path."""
        if f"{field}Path" not in self._state:
            return self._state.get(field)
        found = templates.select(self._state[f"{field}Path"], self._over(self.input()))
        if not isinstance(found, int) or isinstance(found, bool) or found < 1:
            raise StateFailed("States.Runtime", f"{field}Path of {self._frame.state} leads to {found!r}")
        return found

    def wake_at(self, now: float) -> float:
        """When a Wait ends, in epoch seconds."""
        state, scope = self._state, self._over(self.input())
        if "Seconds" in state:
            return now + float(state["Seconds"])
        if "Timestamp" in state:
            return choice.moment(state["Timestamp"]).timestamp()
        field = "SecondsPath" if "SecondsPath" in state else "TimestampPath"
        found = templates.select(state[field], scope)
        if field == "SecondsPath" and choice.is_number(found) and found >= 0:
            return now + float(found)
        if field == "TimestampPath" and choice.is_timestamp(found):
            return choice.moment(found).timestamp()
        raise StateFailed("States.Runtime", f"{field} {state[field]!r} leads to {found!r}")

    def items(self) -> tuple[Any, ...]:
        """The input of each iteration of a Map."""
        given = self.input()
        items = templates.select(self._state.get("ItemsPath", "$"), self._over(given))
        if not isinstance(items, list):
            raise StateFailed("States.Runtime", f"the items of {self._frame.state} are {items!r}, not an array")
        selector = self._state.get("ItemSelector", self._state.get("Parameters"))
        if selector is None:
            return tuple(items)
        frames = [self._frame.model_copy(update={"item": map_item(n, each)}) for n, each in enumerate(items)]
        return tuple(templates.fill(selector, Scope(given, context(self._execution, frame))) for frame in frames)

    def _over(self, value: Any) -> Scope:
        return Scope(value, context(self._execution, self._frame))


def context(execution: Execution, frame: Frame) -> Mapping[str, Any]:
    """The context object, as far as an execution here has it."""
    found: dict[str, Any] = {
        "Execution": {
            "Id": f"{execution.workflow}:{execution.name}",
            "Input": execution.input,
            "Name": execution.name,
            "StartTime": _timestamp(execution.started_at),
        },
        "State": {
            "EnteredTime": _timestamp(frame.entered_at),
            "Name": frame.state,
            "RetryCount": sum(frame.retries),
        },
        "StateMachine": {"Id": execution.workflow, "Name": execution.workflow},
    }
    if frame.token is not None:
        found["Task"] = {"Token": frame.token}
    if frame.item is not None:
        found["Map"] = {"Item": frame.item}
    return found


def map_item(number: int, value: Any) -> dict[str, Any]:
    return {"Index": number, "Value": value}


def check_size(value: Any) -> None:
    """Raises StateFailed where Step Functions would: a state's data may have 256 KiB."""
    size = len(json.dumps(value, ensure_ascii=False).encode())
    if size > MAX_DATA_BYTES:
        raise StateFailed("States.DataLimitExceeded", f"a state's data has {size} bytes, over {MAX_DATA_BYTES}")


def _timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
