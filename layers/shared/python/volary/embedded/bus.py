"""The `Bus` port and the outbox behind it: each committed event reaches each of its handlers at least once.

A delivery is a row of its own, so one failing handler holds up no other; after five tries it is a dead letter,
which stays until somebody sends it again.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from events.bus import Event
from volary.embedded.calls import Outcome
from volary.embedded.database import Database
from volary.ports import Clock, Delete, Items, Key, Range

OUTBOX = "OUTBOX"
MAX_TRIES = 5
CLAIM_SECONDS = 300.0  # a handler that has not settled by then is taken for dead, and the event delivered again
KEPT_SECONDS = 7 * 86_400.0  # how long a settled delivery is remembered, so that a late duplicate is dropped
Subscriptions = Mapping[str, Sequence[str]]  # event type to dotted handler names


@dataclass(frozen=True)
class Delivery:
    """One event for one handler; `tries` counts this one."""

    event_id: str
    handler: str
    event: dict[str, Any]
    tries: int


@dataclass(frozen=True)
class DeadLetter:
    event_id: str
    handler: str
    event: dict[str, Any]
    error: str


@dataclass(frozen=True)
class SqlBus:
    database: Database
    clock: Clock
    subscriptions: Subscriptions

    def publish(self, events: Sequence[Event]) -> None:
        self._fan_out(event.model_dump(mode="json") for event in events)

    def relay(self, items: Items) -> int:
        """Move what the outbox holds into deliveries, oldest first; returns how many events it moved."""
        found = items.query(OUTBOX, Range(limit=100))
        self._fan_out({"event_id": item["sk"], **item.get("event", {})} for item in found)
        # After a crash here the same events are fanned out again, and dropped as duplicates.
        for item in found:
            items.write(Delete(Key(OUTBOX, item["sk"])))
        return len(found)

    def claim(self, limit: int = 10) -> list[Delivery]:
        """Take deliveries that are due. Each comes back by itself unless it is settled in time."""
        now = self.clock.now().timestamp()
        with self.database.transaction() as connection:
            rows = connection.execute(
                "UPDATE deliveries SET attempts = attempts + 1, due_at = ? WHERE rowid IN (SELECT rowid FROM "
                "deliveries WHERE status = 'due' AND due_at <= ? ORDER BY due_at LIMIT ?) RETURNING *",
                (now + CLAIM_SECONDS, now, limit),
            ).fetchall()
        return [_delivery(row) for row in rows]

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Record how a delivery went: done, due again after 1, 2, 4 … seconds, or dead."""
        now = self.clock.now().timestamp()
        if outcome.output is not None:
            status, due_at = "done", now
        elif delivery.tries >= MAX_TRIES:
            status, due_at = "dead", now
        else:
            status, due_at = "due", now + 2.0 ** (delivery.tries - 1)
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET status = ?, due_at = ?, error = ? WHERE event_id = ? AND handler = ?",
                (status, due_at, outcome.cause or None, delivery.event_id, delivery.handler),
            )

    def release(self) -> None:
        """Make every unsettled delivery due now: called when the only worker of a home starts."""
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET due_at = ? WHERE status = 'due' AND attempts > 0",
                (self.clock.now().timestamp(),),
            )

    def next_due(self) -> float | None:
        """When the next delivery is due, in epoch seconds."""
        with self.database.reading() as connection:
            row = connection.execute("SELECT min(due_at) AS at FROM deliveries WHERE status = 'due'").fetchone()
        return None if row["at"] is None else float(row["at"])

    def dead_letters(self) -> list[DeadLetter]:
        with self.database.reading() as connection:
            rows = connection.execute("SELECT * FROM deliveries WHERE status = 'dead' ORDER BY due_at").fetchall()
        return [
            DeadLetter(row["event_id"], row["handler"], json.loads(row["event"]), row["error"] or "") for row in rows
        ]

    def redrive(self) -> int:
        """Give every dead letter five more tries; returns how many there were."""
        with self.database.transaction() as connection:
            return connection.execute(
                "UPDATE deliveries SET status = 'due', attempts = 0, due_at = ? WHERE status = 'dead'",
                (self.clock.now().timestamp(),),
            ).rowcount

    def sweep(self) -> None:
        """Forget what was delivered long ago."""
        with self.database.transaction() as connection:
            connection.execute(
                "DELETE FROM deliveries WHERE status = 'done' AND due_at < ?",
                (self.clock.now().timestamp() - KEPT_SECONDS,),
            )

    def _fan_out(self, events: Iterable[dict[str, Any]]) -> None:
        now = self.clock.now().timestamp()
        rows = [
            (event["event_id"], handler, json.dumps(event), now)
            for event in events
            for handler in self.subscriptions.get(event.get("type", ""), ())
        ]
        if not rows:
            return
        with self.database.transaction() as connection:
            connection.executemany(
                "INSERT INTO deliveries (event_id, handler, event, status, attempts, due_at) "
                "VALUES (?, ?, ?, 'due', 0, ?) ON CONFLICT DO NOTHING",
                rows,
            )


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(row["event_id"], row["handler"], json.loads(row["event"]), row["attempts"])
