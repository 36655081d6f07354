"""Calling a function of the product by its dotted name: the embedded counterpart of volary/entrypoint.py.

The functions are handed in, because `volary` imports none of them. An exception becomes an `Outcome` here and
nowhere else, spelt as Lambda spells it, so that Retry and Catch see the same names in both homes.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger("volary")

Payload = Mapping[str, Any]
Call = Callable[[str, Payload], Payload]  # a dotted function name and its JSON input, to its JSON output


@dataclass(frozen=True)
class Outcome:
    """What one call came to: `output`, or the error's class name and its cause."""

    output: Payload | None
    error: str = ""
    cause: str = ""


def attempt(call: Call, function: str, payload: Payload) -> Outcome:
    """Call once; every exception is logged with its trace and returned by name and message only."""
    try:
        return Outcome(call(function, payload))
    except Exception as problem:  # noqa: BLE001 — this is an entrypoint: whatever a function raises is its outcome
        logger.warning("%s failed", function, exc_info=problem)
        name = type(problem).__name__
        return Outcome(None, name, json.dumps({"errorType": name, "errorMessage": str(problem)}))
