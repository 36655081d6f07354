"""Loads a state machine and refuses, before anything runs, whatever this interpreter would not run as AWS does.

Known: JSONPath machines with every state type; tasks that are a `${name}` placeholder, or Lambda's own
integration with and without a task token. Refused by name: JSONata, activities, other services' integrations,
distributed maps, recursive paths, States.UUID and States.MathRandom.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from volary.embedded.workflow import choice, paths, templates
from volary.embedded.workflow.faults import Unrunnable

State = Mapping[str, Any]
PLACEHOLDER = re.compile(r"\$\{([a-z][a-z0-9_]*)\}")
INVOKE = "arn:aws:states:::lambda:invoke"
WAIT_FOR_TOKEN = f"{INVOKE}.waitForTaskToken"

_COMMON = {"Type", "Comment", "InputPath", "OutputPath"}
_FLOW = {"Next", "End"}
_RESULT = {"Parameters", "ResultSelector", "ResultPath"}
_FAULTS = {"Retry", "Catch"}
_LIMITS = {"TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"}
_WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
_FIELDS = {
    "Task": _COMMON | _FLOW | _RESULT | _FAULTS | _LIMITS | {"Resource"},
    "Parallel": _COMMON | _FLOW | _RESULT | _FAULTS | {"Branches"},
    "Map": _COMMON | _FLOW | _RESULT | _FAULTS
    | {"ItemsPath", "ItemSelector", "ItemProcessor", "Iterator", "MaxConcurrency"},
    "Choice": _COMMON | {"Choices", "Default"},
    "Wait": _COMMON | _FLOW | set(_WAITS),
    "Pass": _COMMON | _FLOW | {"Parameters", "Result", "ResultPath"},
    "Succeed": _COMMON,
    "Fail": {"Type", "Comment", "Error", "ErrorPath", "Cause", "CausePath"},
}  # fmt: skip
_MACHINE = {"Comment", "StartAt", "States", "Version", "QueryLanguage", "TimeoutSeconds"}
_PROCESSOR = {"Comment", "StartAt", "States", "ProcessorConfig"}
_RETRIER = {
    "Comment", "ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy"
}  # fmt: skip
_CATCHER = {"Comment", "ErrorEquals", "Next", "ResultPath"}


@dataclass(frozen=True)
class Machine:
    """A checked definition. `scope` below is the way to a nested machine: pairs of state name and branch number."""

    workflow: str
    definition: Mapping[str, Any]

    def states(self, scope: Iterable[tuple[str, int]]) -> Mapping[str, State]:
        found: Mapping[str, Any] = self.definition
        for name, branch in scope:
            found = branches(found["States"][name])[branch]
        states: Mapping[str, State] = found["States"]
        return states


def branches(state: State) -> list[Mapping[str, Any]]:
    """The nested machines of a Parallel or Map state; a map has one, whichever item it works on."""
    if state["Type"] == "Map":
        return _Repeated([state.get("ItemProcessor") or state["Iterator"]])
    found: list[Mapping[str, Any]] = state["Branches"]
    return found


class _Repeated(list[Mapping[str, Any]]):
    """One machine under every number."""

    def __getitem__(self, number: Any) -> Any:
        return super().__getitem__(0)


def function_of(state: State) -> str:
    """The placeholder's name in a Task: the function that it calls."""
    text = state["Resource"]
    if text in (INVOKE, WAIT_FOR_TOKEN):
        text = state["Parameters"]["FunctionName"]
    found = PLACEHOLDER.fullmatch(text)
    if found is None:
        raise Unrunnable(f"cannot call {text!r}: only ${{name}} placeholders are run here")
    return found[1]


def load(workflow: str, text: str) -> Machine:
    """Raises Unrunnable naming the state and the field that this interpreter does not know."""
    try:
        definition = json.loads(text)
    except ValueError as problem:
        raise Unrunnable(f"{workflow} is not JSON: {problem}") from problem
    _check_machine(workflow, definition, _MACHINE)
    if definition.get("QueryLanguage", "JSONPath") != "JSONPath":
        raise Unrunnable(f"{workflow} asks for {definition['QueryLanguage']}: only JSONPath is run here")
    return Machine(workflow, definition)


def _check_machine(where: str, machine: Any, fields: set[str]) -> None:
    _check_fields(where, machine, fields)
    states = machine.get("States")
    if not isinstance(states, dict) or machine.get("StartAt") not in states:
        raise Unrunnable(f"{where} starts at {machine.get('StartAt')!r}, which is none of its states")
    for name, state in states.items():
        _check_state(f"{where}.{name}", state, states)
    _check_reachable(where, machine["StartAt"], states)


def _check_fields(where: str, value: Any, known: set[str]) -> None:
    if not isinstance(value, dict):
        raise Unrunnable(f"{where} is not an object")
    unknown = sorted(set(value) - known)
    if unknown:
        raise Unrunnable(f"{where} has fields that are not run here: {', '.join(unknown)}")


def _check_state(where: str, state: Any, siblings: Mapping[str, State]) -> None:
    kind = state.get("Type") if isinstance(state, dict) else None
    if kind not in _FIELDS:
        raise Unrunnable(f"{where} has the type {kind!r}, which is not run here")
    _check_fields(where, state, _FIELDS[kind])
    if "Next" in _FIELDS[kind] and ("Next" in state) == (state.get("End") is True):
        raise Unrunnable(f"{where} needs either Next or End")
    for target in _targets(state):
        if target not in siblings:
            raise Unrunnable(f"{where} goes on to {target!r}, which is no state beside it")
    _check_data(where, state)
    if kind in _CHECKS:
        _CHECKS[kind](where, state)
    for number, retrier in enumerate(state.get("Retry", ())):
        _check_retrier(f"{where}.Retry[{number}]", retrier)
    for number, catcher in enumerate(state.get("Catch", ())):
        _check_fields(f"{where}.Catch[{number}]", catcher, _CATCHER)
    for field in ("Retry", "Catch"):
        _check_errors(f"{where}.{field}", state.get(field, []))


def _targets(state: State) -> list[str]:
    found = [state["Next"]] if "Next" in state else []
    found += [rule.get("Next") for rule in state.get("Choices", ())]
    found += [catcher.get("Next") for catcher in state.get("Catch", ())]
    return found + ([state["Default"]] if "Default" in state else [])


def _check_reachable(where: str, start: str, states: Mapping[str, State]) -> None:
    reached, todo = set(), [start]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += _targets(states[name])
    lost = sorted(set(states) - reached)
    if lost:
        raise Unrunnable(f"{where} has states that nothing leads to: {', '.join(lost)}")


def _check_data(where: str, state: State) -> None:
    _within(where, _check_paths_and_templates, state)


def _check_paths_and_templates(state: State) -> None:
    for field in ("InputPath", "OutputPath", "ItemsPath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath",
                  "HeartbeatSecondsPath", "ErrorPath", "CausePath"):  # fmt: skip
        if state.get(field) is not None:
            paths.parse(state[field])
    for holder in (state, *state.get("Catch", ())):
        if holder.get("ResultPath") is not None:
            paths.reference(holder["ResultPath"])
    for field in ("Parameters", "ResultSelector", "ItemSelector"):
        templates.check(state.get(field))


def _within(where: str, check: Callable[[Any], object], value: Any) -> None:
    try:
        check(value)
    except Unrunnable as problem:
        raise Unrunnable(f"{where}: {problem.message}") from problem


def _check_task(where: str, state: State) -> None:
    resource = state.get("Resource")
    parameters = state.get("Parameters", {})
    if resource in (INVOKE, WAIT_FOR_TOKEN):
        _check_fields(f"{where}.Parameters", parameters, {"FunctionName", "Payload", "Payload.$"})
    elif not isinstance(resource, str) or not PLACEHOLDER.fullmatch(resource):
        raise Unrunnable(f"{where} calls {resource!r}, which is not run here")
    _within(where, function_of, {"Parameters": {"FunctionName": ""}, **state})
    if resource == WAIT_FOR_TOKEN and "$$.Task.Token" not in dict(_swap(templates.dynamic_fields(parameters))):
        raise Unrunnable(f"{where} waits for a token that it gives to nobody: pass $$.Task.Token")
    for field in ("TimeoutSeconds", "HeartbeatSeconds"):
        if field in state:
            _check_number(f"{where}.{field}", state[field], least=1)
    if state.get("HeartbeatSeconds", 0) >= state.get("TimeoutSeconds", float("inf")):
        raise Unrunnable(f"{where} has a heartbeat that is not shorter than its time limit")


def _swap(pairs: Iterable[tuple[str, Any]]) -> Iterable[tuple[Any, str]]:
    return ((value, name) for name, value in pairs)


def _check_parallel(where: str, state: State) -> None:
    found = state.get("Branches")
    if not isinstance(found, list) or not found:
        raise Unrunnable(f"{where} has no branches")
    for number, branch in enumerate(found):
        _check_machine(f"{where}[{number}]", branch, {"Comment", "StartAt", "States"})


def _check_map(where: str, state: State) -> None:
    if ("ItemProcessor" in state) == ("Iterator" in state):
        raise Unrunnable(f"{where} needs either ItemProcessor or Iterator")
    if "Parameters" in state and "ItemSelector" in state:
        raise Unrunnable(f"{where} has ItemSelector and its old name Parameters")
    processor = branches(state)[0]
    _check_machine(f"{where}[]", processor, _PROCESSOR)
    if processor.get("ProcessorConfig", {"Mode": "INLINE"}) != {"Mode": "INLINE"}:
        raise Unrunnable(f"{where} asks for {processor['ProcessorConfig']!r}: only inline maps are run here")
    _check_number(f"{where}.MaxConcurrency", state.get("MaxConcurrency", 0), least=0)


def _check_choice(where: str, state: State) -> None:
    rules = state.get("Choices")
    if not isinstance(rules, list) or not rules:
        raise Unrunnable(f"{where} has no choices")
    for number, rule in enumerate(rules):
        bare = {name: value for name, value in rule.items() if name != "Next"}
        _within(f"{where}.Choices[{number}]", choice.check, bare)


def _check_wait(where: str, state: State) -> None:
    given = [field for field in _WAITS if field in state]
    if len(given) != 1:
        raise Unrunnable(f"{where} waits by one of {', '.join(_WAITS)}, not by {given}")
    if "Seconds" in state:
        _check_number(f"{where}.Seconds", state["Seconds"], least=0)
    if "Timestamp" in state and not choice.is_timestamp(state["Timestamp"]):
        raise Unrunnable(f"{where} waits until {state['Timestamp']!r}, which is no timestamp")


def _check_fail(where: str, state: State) -> None:
    for field in ("Error", "Cause"):
        if field in state and f"{field}Path" in state:
            raise Unrunnable(f"{where} has {field} and {field}Path")


def _check_retrier(where: str, retrier: Any) -> None:
    _check_fields(where, retrier, _RETRIER)
    _check_number(f"{where}.IntervalSeconds", retrier.get("IntervalSeconds", 1), least=1)
    _check_number(f"{where}.MaxAttempts", retrier.get("MaxAttempts", 3), least=0)
    _check_number(f"{where}.MaxDelaySeconds", retrier.get("MaxDelaySeconds", 1), least=1)
    rate = retrier.get("BackoffRate", 2.0)
    if not choice.is_number(rate) or rate < 1:
        raise Unrunnable(f"{where}.BackoffRate is {rate!r}, not a number of at least 1")
    if retrier.get("JitterStrategy", "NONE") not in ("NONE", "FULL"):
        raise Unrunnable(f"{where}.JitterStrategy is {retrier['JitterStrategy']!r}, not FULL or NONE")


def _check_errors(where: str, handlers: Any) -> None:
    for number, handler in enumerate(handlers):
        errors = handler.get("ErrorEquals")
        if not isinstance(errors, list) or not errors or not all(isinstance(each, str) for each in errors):
            raise Unrunnable(f"{where}[{number}] names no errors")
        if "States.ALL" in errors and (len(errors) > 1 or number < len(handlers) - 1):
            raise Unrunnable(f"{where}[{number}] has States.ALL, which stands alone and last")


def _check_number(where: str, value: Any, *, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise Unrunnable(f"{where} is {value!r}, not a whole number of at least {least}")


_CHECKS: dict[str, Callable[[str, State], None]] = {
    "Task": _check_task,
    "Parallel": _check_parallel,
    "Map": _check_map,
    "Choice": _check_choice,
    "Wait": _check_wait,
    "Fail": _check_fail,
}
