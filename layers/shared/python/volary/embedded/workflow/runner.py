"""The `Workflows` port on SQLite: every step of an execution is one transaction, so a crash loses and repeats none.

It calls no function itself. A worker claims calls, makes them, and settles what came of them; a call whose worker
died is made again, which every function of ours must bear. A token is answered once, by whoever comes first.
An execution keeps the definition it was started with.
"""

import hashlib
import json
import re
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from volary.embedded.calls import Outcome
from volary.embedded.database import Database
from volary.embedded.workflow.dataflow import MAX_DATA_BYTES
from volary.embedded.workflow.definition import Machine, load
from volary.embedded.workflow.execution import (
    Event,
    Execution,
    Heartbeat,
    Invoke,
    Started,
    Stopped,
    TakenOver,
    TaskFailed,
    TaskSucceeded,
    Tick,
)
from volary.embedded.workflow.machine import advance
from volary.errors import Absent, Invalid
from volary.ports import Clock

KEPT_SECONDS = 90 * 86_400.0  # how long Step Functions remembers the name of an execution that ended
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True)
class TaskCall:
    """One call to make: `function` is a dotted name, and with `waits` its return value answers nothing."""

    workflow: str
    name: str
    serial: int
    function: str
    payload: Any
    waits: bool


@dataclass(frozen=True)
class SqlWorkflows:
    database: Database
    clock: Clock
    definitions: Path
    _machines: dict[str, Machine] = field(default_factory=dict)

    def start(self, workflow: str, name: str, state: Mapping[str, Any]) -> None:
        given = json.dumps(state)
        if not _NAME.fullmatch(name) or len(given.encode()) > MAX_DATA_BYTES:
            raise Invalid(f"cannot start {workflow}/{name!r} with {len(given)} characters of input")
        text = self._definition(workflow)
        digest = hashlib.sha256(text.encode()).hexdigest()
        machine = self._machine(workflow, digest, text)
        now = self._now()
        execution = Execution(
            workflow=workflow, name=name, secret=secrets.token_hex(32), started_at=now, input=json.loads(given)
        )
        with self.database.transaction() as connection:
            if _find(connection, workflow, name) is not None:
                return
            connection.execute("INSERT INTO machines VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (digest, workflow, text))
            connection.execute(
                "INSERT INTO executions (workflow, name, machine, status, body) VALUES (?, ?, ?, 'RUNNING', '')",
                (workflow, name, digest),
            )
            _advance(connection, machine, execution, Started(), now)

    def stop(self, workflow: str, name: str, cause: str) -> None:
        self._apply(workflow, name, Stopped(cause=cause))

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        self._answer(token, lambda serial: TaskSucceeded(serial=serial, output=output))

    def fail(self, token: str, error: str, cause: str) -> None:
        self._answer(token, lambda serial: TaskFailed(serial=serial, error=error, cause=cause))

    def heartbeat(self, token: str) -> None:
        self._answer(token, lambda serial: Heartbeat(serial=serial))

    def execution(self, workflow: str, name: str) -> Execution:
        """Raises Absent."""
        with self.database.reading() as connection:
            row = _find(connection, workflow, name)
        if row is None:
            raise Absent(f"there is no execution {workflow}/{name}")
        return Execution.model_validate_json(row["body"])

    def history(self, workflow: str, name: str) -> list[dict[str, Any]]:
        """What happened, oldest first; each line has "at" in epoch seconds and "type"."""
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT at, event FROM history WHERE workflow = ? AND name = ? ORDER BY number", (workflow, name)
            ).fetchall()
        return [{"at": row["at"], **json.loads(row["event"])} for row in rows]

    def counts(self) -> dict[str, int]:
        """How many executions there are in each status."""
        with self.database.reading() as connection:
            rows = connection.execute("SELECT status, count(*) AS n FROM executions GROUP BY status").fetchall()
        return {row["status"]: row["n"] for row in rows}

    def load_all(self) -> None:
        """Raises Unrunnable for the first definition on disk that cannot be run here."""
        for path in sorted(self.definitions.glob("*.asl.json")):
            load(path.name.removesuffix(".asl.json"), path.read_text())

    def claim(self, limit: int = 10) -> list[TaskCall]:
        """Take calls that nobody is making."""
        with self.database.transaction() as connection:
            rows = connection.execute(
                "UPDATE tasks SET claimed = 1 WHERE rowid IN "
                "(SELECT rowid FROM tasks WHERE claimed = 0 ORDER BY rowid LIMIT ?) RETURNING *",
                (limit,),
            ).fetchall()
        return [
            TaskCall(
                row["workflow"],
                row["name"],
                row["serial"],
                f"functions.{row['workflow']}.{row['function']}",
                json.loads(row["payload"]),
                bool(row["waits"]),
            )
            for row in rows
        ]

    def settle(self, call: TaskCall, outcome: Outcome) -> None:
        """Record what a call came to; one that the execution no longer waits for changes nothing."""
        with self.database.transaction() as connection:
            connection.execute(
                "DELETE FROM tasks WHERE workflow = ? AND name = ? AND serial = ?",
                (call.workflow, call.name, call.serial),
            )
            if outcome.output is None:
                failed = TaskFailed(serial=call.serial, error=outcome.error, cause=outcome.cause)
                self._apply_in(connection, call.workflow, call.name, failed)
            elif not call.waits:
                done = TaskSucceeded(serial=call.serial, output=dict(outcome.output))
                self._apply_in(connection, call.workflow, call.name, done)

    def tick(self) -> int:
        """Let everything happen that is due; returns how many executions moved."""
        now = self._now()
        with self.database.reading() as connection:
            rows = connection.execute("SELECT workflow, name FROM executions WHERE due_at <= ?", (now,)).fetchall()
        for row in rows:
            self._apply(row["workflow"], row["name"], Tick())
        return len(rows)

    def next_due(self) -> float | None:
        """When `tick` next has something to do, in epoch seconds."""
        with self.database.reading() as connection:
            row = connection.execute("SELECT min(due_at) AS at FROM executions").fetchone()
        return None if row["at"] is None else float(row["at"])

    def recover(self) -> None:
        """Take over from a worker that is gone: make its calls again, and count no silence that was its own."""
        now = self._now()
        with self.database.transaction() as connection:
            connection.execute("UPDATE tasks SET claimed = 0")
            rows = connection.execute("SELECT workflow, name FROM executions WHERE status = 'RUNNING'").fetchall()
            for row in rows:
                machine, execution = self._stored(connection, row["workflow"], row["name"])
                _advance(connection, machine, execution, TakenOver(), now)

    def sweep(self) -> None:
        """Forget executions that ended long ago."""
        with self.database.transaction() as connection:
            rows = connection.execute(
                "DELETE FROM executions WHERE ended_at < ? RETURNING workflow, name", (self._now() - KEPT_SECONDS,)
            ).fetchall()
            for row in rows:
                connection.execute("DELETE FROM history WHERE workflow = ? AND name = ?", tuple(row))

    def _answer(self, token: str, event: Any) -> None:
        with self.database.transaction() as connection:
            self._tick_owner(connection, token)
            # Looked up again: the tick may have ended the task that the token belongs to.
            row = _owner(connection, token)
            if row is not None:
                self._apply_in(connection, row["workflow"], row["name"], event(row["serial"]))
        if row is None:
            raise Absent("no task waits for this token")

    def _tick_owner(self, connection: sqlite3.Connection, token: str) -> None:
        row = _owner(connection, token)
        if row is not None:
            self._apply_in(connection, row["workflow"], row["name"], Tick())

    def _apply(self, workflow: str, name: str, event: Event) -> None:
        with self.database.transaction() as connection:
            self._apply_in(connection, workflow, name, event)

    def _apply_in(self, connection: sqlite3.Connection, workflow: str, name: str, event: Event) -> None:
        row = _find(connection, workflow, name)
        if row is None or row["status"] != "RUNNING":
            return
        now = self._now()
        for each in (Tick(), event):  # what was due before the event came first
            machine, execution = self._stored(connection, workflow, name)
            _advance(connection, machine, execution, each, now)

    def _stored(self, connection: sqlite3.Connection, workflow: str, name: str) -> tuple[Machine, Execution]:
        row = connection.execute(
            "SELECT body, machine, definition FROM executions JOIN machines ON digest = machine "
            "WHERE executions.workflow = ? AND name = ?",
            (workflow, name),
        ).fetchone()
        machine = self._machine(workflow, row["machine"], row["definition"])
        return machine, Execution.model_validate_json(row["body"])

    def _definition(self, workflow: str) -> str:
        path = self.definitions / f"{workflow}.asl.json"
        if not _NAME.fullmatch(workflow) or not path.exists():
            raise Absent(f"there is no workflow {workflow!r} in {self.definitions.name}")
        return path.read_text()

    def _machine(self, workflow: str, digest: str, text: str) -> Machine:
        if digest not in self._machines:
            self._machines[digest] = load(workflow, text)
        return self._machines[digest]

    def _now(self) -> float:
        return self.clock.now().timestamp()


def _find(connection: sqlite3.Connection, workflow: str, name: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = connection.execute(
        "SELECT status, body FROM executions WHERE workflow = ? AND name = ?", (workflow, name)
    ).fetchone()
    return found


def _owner(connection: sqlite3.Connection, token: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = connection.execute(
        "SELECT workflow, name, serial FROM task_tokens WHERE token = ?", (token,)
    ).fetchone()
    return found


def _advance(connection: sqlite3.Connection, machine: Machine, execution: Execution, event: Event, now: float) -> None:
    """Take one step and store all that comes of it, in the transaction that the caller holds."""
    if isinstance(event, Tick) and (execution.due_at() or now + 1) > now:
        return
    step = advance(machine, execution, event, now)
    after, key = step.execution, (execution.workflow, execution.name)
    connection.execute(
        "UPDATE executions SET status = ?, body = ?, due_at = ?, ended_at = ? WHERE workflow = ? AND name = ?",
        (after.status, after.model_dump_json(), after.due_at(), None if after.status == "RUNNING" else now, *key),
    )
    _forget_tasks(connection, after)
    for call in step.calls:
        _remember_task(connection, after, call)
    start = connection.execute("SELECT count(*) FROM history WHERE workflow = ? AND name = ?", key).fetchone()[0]
    connection.executemany(
        "INSERT INTO history VALUES (?, ?, ?, ?, ?)",
        [(*key, start + number, now, json.dumps(line)) for number, line in enumerate(step.history)],
    )


def _forget_tasks(connection: sqlite3.Connection, execution: Execution) -> None:
    """Drop calls and tokens of tasks that the execution has left behind."""
    live = {frame.serial for frame in execution.frames.values()}
    key = (execution.workflow, execution.name)
    for table in ("tasks", "task_tokens"):
        rows = connection.execute(f"SELECT serial FROM {table} WHERE workflow = ? AND name = ?", key).fetchall()
        for row in rows:
            if row["serial"] not in live:
                connection.execute(
                    f"DELETE FROM {table} WHERE workflow = ? AND name = ? AND serial = ?", (*key, row["serial"])
                )


def _remember_task(connection: sqlite3.Connection, execution: Execution, call: Invoke) -> None:
    key = (execution.workflow, execution.name, call.serial)
    connection.execute(
        "INSERT INTO tasks (workflow, name, serial, function, payload, waits, claimed) VALUES (?, ?, ?, ?, ?, ?, 0)",
        (*key, call.function, json.dumps(call.payload), call.waits),
    )
    if call.waits:
        connection.execute("INSERT INTO task_tokens VALUES (?, ?, ?, ?)", (execution.token(call.serial), *key))
