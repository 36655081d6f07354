"""Items as DynamoDB spells them: every value under its type's letter, numbers as decimal text. It calls nothing."""

import math
from collections.abc import Mapping
from typing import Any

from volary.errors import Invalid
from volary.ports import Item

Attribute = dict[str, Any]


def to_attributes(item: Mapping[str, Any]) -> dict[str, Attribute]:
    """An item in DynamoDB's spelling; raises Invalid for what is not JSON."""
    return {name: to_attribute(value) for name, value in item.items()}


def from_attributes(attributes: Mapping[str, Attribute]) -> Item:
    """The item that `to_attributes` was given; a float without a fraction comes back as an int, which equals it."""
    return {name: from_attribute(attribute) for name, attribute in attributes.items()}


def to_attribute(value: Any) -> Attribute:
    """One value. Raises Invalid for what is not JSON, and for numbers that are not finite."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": _number(value)}
        case str():
            return {"S": value}
        case list():
            return {"L": [to_attribute(member) for member in value]}
        case dict() if all(isinstance(name, str) for name in value):
            return {"M": to_attributes(value)}
    raise Invalid(f"{value!r} is a {type(value).__name__}, which is not JSON")


def from_attribute(attribute: Attribute) -> Any:
    """Raises Invalid for a type that no item of ours holds, such as a set."""
    ((letter, value),) = attribute.items()
    match letter:
        case "S" | "BOOL":
            return value
        case "N":
            return _parsed(value)
        case "NULL":
            return None
        case "L":
            return [from_attribute(member) for member in value]
        case "M":
            return from_attributes(value)
    raise Invalid(f"an attribute of type {letter} is not JSON")


def _number(value: int | float) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid(f"{value} is not finite")
    return repr(value)


def _parsed(text: str) -> int | float:
    # DynamoDB drops trailing zeros and spells large numbers with an exponent, so 1e+20 may be the int it was.
    try:
        return int(text)
    except ValueError:
        number = float(text)
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
