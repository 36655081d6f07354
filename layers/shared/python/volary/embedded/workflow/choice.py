"""Choice rules: every comparison of the States Language, checked when loaded and judged when run."""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from volary.embedded.workflow import paths
from volary.embedded.workflow.faults import StateFailed, Unrunnable
from volary.embedded.workflow.templates import Scope

Rule = Mapping[str, Any]
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_timestamp(value: Any) -> bool:
    return isinstance(value, str) and _RFC3339.fullmatch(value) is not None


def moment(text: str) -> datetime:
    """An RFC 3339 timestamp; raises ValueError."""
    if not is_timestamp(text):
        raise ValueError(f"{text!r} is not a timestamp of RFC 3339")
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


_KINDS: dict[str, tuple[Callable[[Any], bool], Callable[[Any], Any]]] = {
    "String": (lambda value: isinstance(value, str), lambda value: value),
    "Numeric": (is_number, lambda value: value),
    "Timestamp": (is_timestamp, moment),
    "Boolean": (lambda value: isinstance(value, bool), lambda value: value),
}
_TYPES: dict[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": is_number,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": is_timestamp,
    "IsPresent": lambda value: True,
}
# operator → its kind and its order; Boolean knows equality only.
_COMPARISONS = {
    f"{kind}{order}": (kind, order) for kind in _KINDS for order in _ORDERS if kind != "Boolean" or order == "Equals"
}


def check(rule: Rule) -> None:
    """Raises Unrunnable for a rule (without its Next) that we cannot judge."""
    names = set(rule) - {"Variable", "Comment"}
    if len(names) != 1:
        raise Unrunnable(f"a choice rule has one comparison, not {sorted(names)}")
    name = names.pop()
    operand = rule[name]
    if name in ("And", "Or", "Not"):
        _check_nested(name, operand)
        return
    if not isinstance(rule.get("Variable"), str):
        raise Unrunnable(f"the comparison {name} has no Variable")
    paths.parse(rule["Variable"])
    if name.removesuffix("Path") in _COMPARISONS and name.endswith("Path"):
        paths.parse(operand)
    elif name in _COMPARISONS:
        _check_operand(name, operand)
    elif name == "StringMatches":
        _check_text(name, operand)
    elif name not in _TYPES or not isinstance(operand, bool):
        raise Unrunnable(f"cannot judge {name}: {operand!r}")


def judge(rule: Rule, scope: Scope) -> bool:
    """Whether the rule holds; values of another type than the comparison's never compare as true.

    Raises StateFailed (States.Runtime) when a path finds nothing, but for IsPresent.
    """
    name = next(each for each in rule if each not in ("Variable", "Comment", "Next"))
    operand = rule[name]
    match name:
        case "And":
            return all(judge(each, scope) for each in operand)
        case "Or":
            return any(judge(each, scope) for each in operand)
        case "Not":
            return not judge(operand, scope)
        case "IsPresent":
            return _is_present(rule["Variable"], scope) is operand
    value = _found(rule["Variable"], scope)
    if name in _TYPES:
        return _TYPES[name](value) is operand
    if name == "StringMatches":
        return isinstance(value, str) and _pattern(operand).fullmatch(value) is not None
    if name.endswith("Path"):
        name, operand = name.removesuffix("Path"), _found(operand, scope)
    return _compare(name, value, operand)


def _compare(name: str, value: Any, operand: Any) -> bool:
    kind, order = _COMPARISONS[name]
    is_kind, read = _KINDS[kind]
    return is_kind(value) and is_kind(operand) and _ORDERS[order](read(value), read(operand))


def _found(text: str, scope: Scope) -> Any:
    try:
        return scope.read(paths.parse(text))
    except LookupError as problem:
        raise StateFailed("States.Runtime", f"the choice's path {problem}") from problem


def _is_present(text: str, scope: Scope) -> bool:
    try:
        found = scope.read(paths.parse(text))
    except LookupError:
        return False
    return paths.parse(text).is_definite or bool(found)


def _pattern(text: str) -> re.Pattern[str]:
    r"""`*` matches any characters; `\*` and `\\` stand for themselves."""
    parts = re.findall(r"\\[*\\]|\*|[^*\\]+|\\", text)
    return re.compile("".join(".*" if part == "*" else re.escape(re.sub(r"^\\", "", part)) for part in parts), re.S)


def _check_nested(name: str, operand: Any) -> None:
    rules = [operand] if name == "Not" else operand
    if not isinstance(rules, list) or not rules or not all(isinstance(each, dict) for each in rules):
        raise Unrunnable(f"{name} needs rules, not {operand!r}")
    for each in rules:
        check(each)


def _check_operand(name: str, operand: Any) -> None:
    if not _KINDS[_COMPARISONS[name][0]][0](operand):
        raise Unrunnable(f"{name} cannot compare with {operand!r}")


def _check_text(name: str, operand: Any) -> None:
    if not isinstance(operand, str):
        raise Unrunnable(f"{name} needs a text, not {operand!r}")
