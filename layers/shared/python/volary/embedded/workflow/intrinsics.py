"""Intrinsic functions of the States Language: their grammar and what each one computes.

States.UUID and States.MathRandom are refused: an execution must come out the same when it is advanced again.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from volary.embedded.workflow import paths
from volary.embedded.workflow.faults import StateFailed, Unrunnable

_MAX_BASE64 = 10_000
_MAX_RANGE = 1_000
_NAME = re.compile(r"States\.(\w+)\s*\(")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None}
_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


@dataclass(frozen=True)
class Literal:
    value: Any


@dataclass(frozen=True)
class Call:
    """`States.<name>(<arguments>)`."""

    name: str
    arguments: "tuple[Term, ...]"


Term = Literal | paths.Path | Call


def parse(text: str) -> Call:
    """Raises Unrunnable for a function we do not know or a text that is no call."""
    call, end = _call(text, 0)
    if text[end:].strip():
        raise Unrunnable(f"{text!r} goes on after the call: {text[end:]!r}")
    return call


def evaluate(call: Call, look_up: Callable[[paths.Path], Any]) -> Any:
    """The value of `call`, whose paths `look_up` reads; raises StateFailed (States.IntrinsicFailure)."""
    values = [_value(term, look_up) for term in call.arguments]
    function, least, most = _FUNCTIONS[call.name]
    if len(values) < least or (most is not None and len(values) > most):
        raise _failure(call.name, f"takes {least} to {most} arguments, not {len(values)}")
    try:
        return function(*values)
    except (TypeError, ValueError, IndexError, KeyError, binascii.Error) as problem:
        raise _failure(call.name, str(problem)) from problem


def _value(term: Term, look_up: Callable[[paths.Path], Any]) -> Any:
    match term:
        case Literal():
            return term.value
        case Call():
            return evaluate(term, look_up)
        case paths.Path():
            return look_up(term)


def _failure(name: str, cause: str) -> StateFailed:
    return StateFailed("States.IntrinsicFailure", f"States.{name} {cause}")


def _call(text: str, place: int) -> tuple[Call, int]:
    found = _NAME.match(text, place)
    if found is None or found[1] not in _FUNCTIONS:
        raise Unrunnable(f"{text[place:]!r} is no intrinsic function that we know")
    place = _past_space(text, found.end())
    terms: list[Term] = []
    while text[place : place + 1] != ")":
        term, place = _term(text, place)
        terms.append(term)
        place = _past_space(text, place)
        if text[place : place + 1] == ",":
            place = _past_space(text, place + 1)
        elif text[place : place + 1] != ")":
            raise Unrunnable(f"{text!r} has no closing parenthesis")
    return Call(found[1], tuple(terms)), place + 1


def _past_space(text: str, place: int) -> int:
    while text[place : place + 1].isspace():
        place += 1
    return place


def _term(text: str, place: int) -> tuple[Term, int]:
    if text.startswith("States.", place):
        return _call(text, place)
    if text.startswith("'", place):
        return _quoted(text, place + 1)
    if text.startswith("$", place):
        end = _path_end(text, place)
        return paths.parse(text[place:end]), end
    for word, value in _WORDS.items():
        if text.startswith(word, place):
            return Literal(value), place + len(word)
    found = _NUMBER.match(text, place)
    if found is None:
        raise Unrunnable(f"cannot read an argument from {text[place:]!r} on")
    return Literal(json.loads(found[0])), found.end()


def _quoted(text: str, place: int) -> tuple[Literal, int]:
    letters: list[str] = []
    while place < len(text):
        letter = text[place]
        if letter == "'":
            return Literal("".join(letters)), place + 1
        if letter == "\\" and place + 1 < len(text):
            # An escaped brace is no placeholder: Format tells them apart by the backslash.
            letters.append(text[place : place + 2] if text[place + 1] in "{}" else text[place + 1])
            place += 2
        else:
            letters.append(letter)
            place += 1
    raise Unrunnable(f"{text!r} has a text without its closing quote")


def _path_end(text: str, place: int) -> int:
    depth = 0
    for end in range(place, len(text)):
        depth += {"[": 1, "]": -1}.get(text[end], 0)
        if depth == 0 and (text[end] in ",)" or text[end].isspace()):
            return end
    raise Unrunnable(f"{text!r} ends inside a path")


def _format(template: str, *values: Any) -> str:
    parts = re.split(r"(?<!\\)\{\}", template)
    if len(parts) != len(values) + 1:
        raise ValueError(f"has {len(parts) - 1} placeholders for {len(values)} values")
    shown = [value if isinstance(value, str) else _compact(value) for value in values]
    joined = parts[0] + "".join(value + part for value, part in zip(shown, parts[1:], strict=True))
    return joined.replace("\\{", "{").replace("\\}", "}")


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _partition(array: list[Any], size: int) -> list[list[Any]]:
    if _whole(size) <= 0:
        raise ValueError(f"needs a size above 0, not {size}")
    return [_list(array)[start : start + size] for start in range(0, len(array), size)]


def _range(first: int, last: int, step: int) -> list[int]:
    if _whole(step) == 0:
        raise ValueError("needs a step other than 0")
    values = range(_whole(first), _whole(last) + (1 if step > 0 else -1), step)
    if len(values) > _MAX_RANGE:
        raise ValueError(f"makes {len(values)} values, over {_MAX_RANGE}")
    return list(values)


def _item(array: list[Any], index: int) -> Any:
    if not 0 <= _whole(index) < len(_list(array)):
        raise IndexError(f"finds no item {index} in {len(array)}")
    return array[index]


def _unique(array: list[Any]) -> list[Any]:
    kept: dict[str, Any] = {}
    for value in _list(array):
        kept.setdefault(json.dumps(value, sort_keys=True), value)
    return list(kept.values())


def _encode(text: str) -> str:
    return base64.b64encode(_short(text).encode()).decode()


def _decode(text: str) -> str:
    return base64.b64decode(_short(text), validate=True).decode()


def _hash(data: Any, algorithm: str) -> str:
    text = data if isinstance(data, str) else _compact(data)
    return hashlib.new(_ALGORITHMS[algorithm], _short(text).encode(), usedforsecurity=False).hexdigest()


def _merge(one: dict[str, Any], other: dict[str, Any], deep: bool) -> dict[str, Any]:
    if deep is not False:
        raise ValueError("merges shallowly only: its third argument must be false")
    if not isinstance(one, dict) or not isinstance(other, dict):
        raise TypeError("merges objects only")
    return {**one, **other}


def _split(text: str, splitters: str) -> list[str]:
    return [part for part in re.split(f"[{re.escape(splitters)}]", text) if part]


def _contains(array: list[Any], value: Any) -> bool:
    wanted = json.dumps(value, sort_keys=True)
    return any(json.dumps(each, sort_keys=True) == wanted for each in _list(array))


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"needs a whole number, not {value!r}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"needs an array, not {value!r}")
    return value


def _short(text: str) -> str:
    if len(text) > _MAX_BASE64:
        raise ValueError(f"takes up to {_MAX_BASE64} characters, not {len(text)}")
    return text


# name → the function, and the least and most number of arguments (None: no limit)
_FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int | None]] = {
    "Format": (_format, 1, None),
    "StringToJson": (json.loads, 1, 1),
    "JsonToString": (_compact, 1, 1),
    "Array": (lambda *values: list(values), 0, None),
    "ArrayPartition": (_partition, 2, 2),
    "ArrayContains": (_contains, 2, 2),
    "ArrayRange": (_range, 3, 3),
    "ArrayGetItem": (_item, 2, 2),
    "ArrayLength": (lambda array: len(_list(array)), 1, 1),
    "ArrayUnique": (_unique, 1, 1),
    "Base64Encode": (_encode, 1, 1),
    "Base64Decode": (_decode, 1, 1),
    "Hash": (_hash, 2, 2),
    "JsonMerge": (_merge, 3, 3),
    "MathAdd": (lambda one, other: _whole(one) + _whole(other), 2, 2),
    "StringSplit": (_split, 2, 2),
}
