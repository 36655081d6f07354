"""Turns the asynchronous endpoint's notices into answers that a waiting job understands.

A notice names the object that holds the answer; it comes at least once, by SNS. What the embedded home hears from
its own model server directly, the cloud home hears here.
"""

import json
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError
from volary.entrypoint import entrypoint
from volary.errors import Absent
from volary.ports import Services

from events.bus import Done, ModelAnswered
from events.inference import InferenceError
from events.shapes import Shape
from functions.generation.answer import answer

FAULT = "model_fault"


class Places(Shape):
    """Where the endpoint wrote: s3:// addresses."""

    output: str | None = Field(default=None, alias="outputLocation")
    failure: str | None = Field(default=None, alias="failureLocation")


class Notice(Shape):
    """What SageMaker publishes when an asynchronous call has ended."""

    status: Literal["Completed", "Failed"] = Field(alias="invocationStatus")
    call_id: str = Field(alias="inferenceId")
    reason: str = Field(default="", alias="failureReason")
    places: Places = Field(default=Places(), alias="responseParameters")
    failure: str | None = Field(default=None, alias="failureLocation")


class Letter(Shape):
    text: str = Field(alias="Message")


class Delivery(Shape):
    letter: Letter = Field(alias="Sns")


class Mail(Shape):
    """What SNS hands to a function."""

    records: tuple[Delivery, ...] = Field(alias="Records")


def answered(mail: Mail, services: Services) -> Done:
    for delivery in mail.records:
        notice = Notice.model_validate_json(delivery.letter.text)
        answer(_read(notice, services), services)
    return Done()


def _read(notice: Notice, services: Services) -> ModelAnswered:
    if notice.status == "Completed" and notice.places.output:
        try:
            return ModelAnswered(call_id=notice.call_id, output=_object(notice.places.output, services))
        except (Absent, ValueError) as problem:
            return _fault(notice, InferenceError(code=FAULT, message=f"the answer cannot be read: {problem}"))
    return _fault(notice, _refusal(notice, services))


def _refusal(notice: Notice, services: Services) -> InferenceError:
    """The container's own words where the endpoint kept them, else SageMaker's."""
    place = notice.places.failure or notice.failure
    try:
        if place:
            return InferenceError.model_validate(_object(place, services))
    except (Absent, ValueError, ValidationError):
        pass  # SageMaker wrote its own text there, or nothing
    return InferenceError(code=FAULT, message=notice.reason or "the endpoint gave no reason")


def _fault(notice: Notice, error: InferenceError) -> ModelAnswered:
    return ModelAnswered(call_id=notice.call_id, error_code=error.code, error_message=error.message)


def _object(place: str, services: Services) -> dict[str, Any]:
    """The JSON object at an s3:// address in the work bucket; raises Absent or ValueError."""
    value = json.loads(services.blobs.get("work", urlsplit(place).path.lstrip("/")))
    if not isinstance(value, dict):
        raise ValueError(f"{place} holds a {type(value).__name__}, not an object")
    return value


lambda_handler = entrypoint(answered)
