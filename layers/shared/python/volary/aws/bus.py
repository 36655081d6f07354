"""The `Bus` port on EventBridge: one entry per event, its type as the detail type; who listens is in the rules."""

import time
from collections.abc import Sequence
from typing import Any

from events.bus import Event
from volary.aws import faults
from volary.aws.clients import Clients
from volary.errors import Unavailable

SOURCE = "volary"
BATCH = 10  # entries per call, EventBridge's limit
TRIES = 4
FIRST_WAIT = 0.1  # seconds, doubled at each try


class EventBridgeBus:
    """EventBridge may take a part of a batch; what it refused is offered again, then `Unavailable` is raised."""

    def __init__(self, clients: Clients, bus: str) -> None:
        self._clients = clients
        self._bus = bus

    def publish(self, events: Sequence[Event]) -> None:
        entries = [self._entry(event) for event in events]
        for start in range(0, len(entries), BATCH):
            self._deliver(entries[start : start + BATCH])

    def _deliver(self, entries: list[dict[str, Any]]) -> None:
        for attempt in range(TRIES):
            if attempt:
                time.sleep(FIRST_WAIT * 2**attempt)
            with faults.translated(f"publishing {len(entries)} events"):
                answer = self._clients["events"].put_events(Entries=entries)
            refused = [result for result in answer["Entries"] if "EventId" not in result]
            if not refused:
                return
            pairs = zip(entries, answer["Entries"], strict=True)
            entries = [entry for entry, result in pairs if "EventId" not in result]
        raise Unavailable(f"{len(entries)} events were refused {TRIES} times: {refused[0].get('ErrorCode')}")

    def _entry(self, event: Event) -> dict[str, Any]:
        return {
            "Source": SOURCE,
            "DetailType": event.type,
            "Detail": event.model_dump_json(),
            "Time": event.at,
            "EventBusName": self._bus,
        }
