"""Publishes what use cases put into the outbox, from the table's stream; the embedded home has a loop for it.

An event leaves the outbox only after the bus took it, so a crash publishes it again: handlers are idempotent.
"""

from typing import Any, Literal

from pydantic import Field, ValidationError
from volary.aws.attributes import from_attributes
from volary.entrypoint import entrypoint, logger
from volary.errors import Unavailable
from volary.ports import Delete, Item, Key, Services

from events.bus import EVENT
from events.shapes import Shape

OUTBOX = "OUTBOX"


class Change(Shape):
    """One item's change, as the table's stream tells it."""

    number: str = Field(alias="SequenceNumber")
    after: dict[str, Any] = Field(default_factory=dict, alias="NewImage")


class Record(Shape):
    kind: Literal["INSERT", "MODIFY", "REMOVE"] = Field(alias="eventName")
    change: Change = Field(alias="dynamodb")


class Changes(Shape):
    """A batch of changes, oldest first."""

    records: tuple[Record, ...] = Field(alias="Records")


class Unread(Shape):
    """Where the stream must start again."""

    number: str = Field(serialization_alias="itemIdentifier")


class Taken(Shape):
    """Lambda's partial answer to a batch: everything before the first unread change is done."""

    unread: tuple[Unread, ...] = Field(default=(), serialization_alias="batchItemFailures")


def relay(changes: Changes, services: Services) -> Taken:
    """Publish each new outbox item in order; stops at the first that fails, so that the stream offers it again."""
    for record in changes.records:
        if record.kind != "INSERT":
            continue
        try:
            _publish(from_attributes(record.change.after), services)
        except (Unavailable, ValidationError) as problem:
            logger.warning("outbox stopped", extra={"change": record.change.number, "why": type(problem).__name__})
            return Taken(unread=(Unread(number=record.change.number),))
    return Taken()


def _publish(item: Item, services: Services) -> None:
    if item.get("pk") != OUTBOX:
        return
    services.bus.publish([EVENT.validate_python(item["event"])])
    services.items.write(Delete(Key(item["pk"], item["sk"])))


lambda_handler = entrypoint(relay)
