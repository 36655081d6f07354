"""The outbox reaches the bus, in order, at least once."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from volary import embedded
from volary.aws.attributes import to_attributes
from volary.errors import Unavailable
from volary.ports import Key
from volary.stores.videos import outbox

from events.bus import VideoRequested
from functions.outbox.relay import Changes, relay


@dataclass
class Bus:
    """Takes events until `refuses` names one."""

    refuses: str = ""
    taken: list = field(default_factory=list)

    def publish(self, events):
        for event in events:
            if event.event_id == self.refuses:
                raise Unavailable(f"{event.event_id} was refused")
            self.taken.append(event.event_id)


@pytest.fixture
def services():
    return replace(embedded.services(":memory:"), bus=Bus())


def committed(services, *names):
    """Commit one event per name and return the stream's records of it."""
    records = []
    for number, name in enumerate(names):
        write = outbox(VideoRequested(event_id=name, at=datetime.now(UTC), video_id="video_1"))
        services.items.write(write)
        change = {"SequenceNumber": str(number), "NewImage": to_attributes(write.item)}
        records.append({"eventName": "INSERT", "dynamodb": change})
    return records


def test_events_are_published_in_order_and_leave_the_outbox(services):
    records = committed(services, "a", "b")

    answer = relay(Changes.model_validate({"Records": records}), services)

    assert services.bus.taken == ["a", "b"]
    assert answer.model_dump(by_alias=True) == {"batchItemFailures": ()}
    assert services.items.query("OUTBOX") == []


def test_what_the_bus_refuses_is_offered_again_and_nothing_overtakes_it(services):
    services.bus.refuses = "b"
    records = committed(services, "a", "b", "c")

    answer = relay(Changes.model_validate({"Records": records}), services)

    assert services.bus.taken == ["a"]
    assert answer.model_dump(by_alias=True) == {"batchItemFailures": ({"itemIdentifier": "1"},)}
    assert services.items.get(Key("OUTBOX", "b")) is not None


def test_an_event_nobody_understands_stops_the_stream_there(services):
    (record,) = committed(services, "a")
    record["dynamodb"]["NewImage"]["event"] = {"M": {"type": {"S": "video.unheard-of"}}}

    assert relay(Changes.model_validate({"Records": [record]}), services).unread[0].number == "0"


@pytest.mark.parametrize("kind", ["MODIFY", "REMOVE"])
def test_only_new_items_are_events(services, kind):
    (record,) = committed(services, "a")

    relay(Changes.model_validate({"Records": [record | {"eventName": kind}]}), services)

    assert services.bus.taken == []


def test_other_items_of_the_table_are_no_events(services):
    item = to_attributes({"pk": "VIDEO#1", "sk": "RECORD"})
    record = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "0", "NewImage": item}}

    assert relay(Changes.model_validate({"Records": [record]}), services).unread == ()
    assert services.bus.taken == []
