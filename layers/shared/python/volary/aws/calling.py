"""Calls one of a stage's functions by name, for the commands of whoever keeps an installation; no function calls it.

IAM alone decides who may. What the function refuses comes back as the error that it is.
"""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError

from volary import errors
from volary.aws import faults
from volary.aws.clients import Clients
from volary.errors import Absent, Forbidden, Invalid, Unavailable, VolaryError

KNOWN = {"AccessDeniedException": Forbidden, "ResourceNotFoundException": Absent}
LOST = {"NoCredentialsError", "NoRegionError", "ProfileNotFound", "PartialCredentialsError"}


def called(function: str, request: Mapping[str, Any], clients: Clients | None = None) -> dict[str, Any]:
    """What the function answered. Raises Forbidden without the right, Absent where there is no such function, Invalid
    where this machine has no credentials or region, what the function raised, and Unavailable for everything else.
    """
    clients = clients or Clients()
    try:
        with faults.translated(f"calling {function}", KNOWN):
            reply = clients["lambda"].invoke(FunctionName=function, Payload=json.dumps(dict(request)).encode())
            payload = reply["Payload"].read()
    except BotoCoreError as problem:
        if type(problem).__name__ not in LOST:
            raise
        raise Invalid(f"calling {function}: {problem}") from problem
    return answer_of(function, payload, failed="FunctionError" in reply)


def answer_of(function: str, payload: bytes, *, failed: bool) -> dict[str, Any]:
    """The answer's JSON object, or the error of ours that the function's own words name."""
    try:
        answer = json.loads(payload)
    except ValueError as problem:
        raise Unavailable(f"{function} answered {len(payload)} bytes that are not JSON") from problem
    if not isinstance(answer, dict):
        raise Unavailable(f"{function} answered a {type(answer).__name__}, not an object")
    if failed:
        raise _fault(function, str(answer.get("errorType")), str(answer.get("errorMessage")))
    return answer


def _fault(function: str, kind: str, message: str) -> VolaryError:
    known = getattr(errors, kind, None)
    if kind == "ValidationError":
        return Invalid(message)
    if isinstance(known, type) and issubclass(known, Invalid | Forbidden | Absent | errors.Conflict):
        return known(message)
    return Unavailable(f"{function} failed: {kind}: {message}")
