"""One SQLite file for everything the embedded home must remember; it knows tables, not what is in them.

Any number of threads and processes may use one file: every thread borrows a connection for as long as one read or
one transaction lasts, writers of one process queue on a lock, and writers of several processes on SQLite's own.
"""

import sqlite3
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

VERSION = 1
BUSY_SECONDS = 30.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    pk TEXT NOT NULL, sk TEXT NOT NULL,
    gsi1pk TEXT, gsi1sk TEXT, gsi2pk TEXT, gsi2sk TEXT,
    expires_at_s INTEGER, body TEXT NOT NULL,
    PRIMARY KEY (pk, sk)
);
CREATE INDEX IF NOT EXISTS items_gsi1 ON items (gsi1pk, gsi1sk) WHERE gsi1pk IS NOT NULL;
CREATE INDEX IF NOT EXISTS items_gsi2 ON items (gsi2pk, gsi2sk) WHERE gsi2pk IS NOT NULL;
CREATE INDEX IF NOT EXISTS items_expiry ON items (expires_at_s) WHERE expires_at_s IS NOT NULL;
CREATE TABLE IF NOT EXISTS transaction_tokens (
    token TEXT PRIMARY KEY, digest TEXT NOT NULL, used_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS blobs (
    bucket TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,
    content_type TEXT NOT NULL, stored_at REAL NOT NULL,
    PRIMARY KEY (bucket, key)
);
CREATE INDEX IF NOT EXISTS blobs_digest ON blobs (digest);
CREATE TABLE IF NOT EXISTS deliveries (
    event_id TEXT NOT NULL, handler TEXT NOT NULL, event TEXT NOT NULL,
    status TEXT NOT NULL, attempts INTEGER NOT NULL, due_at REAL NOT NULL, error TEXT,
    PRIMARY KEY (event_id, handler)
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (status, due_at);
CREATE TABLE IF NOT EXISTS machines (
    digest TEXT PRIMARY KEY, workflow TEXT NOT NULL, definition TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS executions (
    workflow TEXT NOT NULL, name TEXT NOT NULL, machine TEXT NOT NULL REFERENCES machines (digest),
    status TEXT NOT NULL, body TEXT NOT NULL, due_at REAL, ended_at REAL,
    PRIMARY KEY (workflow, name)
);
CREATE INDEX IF NOT EXISTS executions_due ON executions (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS history (
    workflow TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL, at REAL NOT NULL, event TEXT NOT NULL,
    PRIMARY KEY (workflow, name, number)
);
CREATE TABLE IF NOT EXISTS tasks (
    workflow TEXT NOT NULL, name TEXT NOT NULL, serial INTEGER NOT NULL,
    function TEXT NOT NULL, payload TEXT NOT NULL, waits INTEGER NOT NULL, claimed INTEGER NOT NULL,
    PRIMARY KEY (workflow, name, serial)
);
CREATE TABLE IF NOT EXISTS task_tokens (
    token TEXT PRIMARY KEY, workflow TEXT NOT NULL, name TEXT NOT NULL, serial INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS task_tokens_execution ON task_tokens (workflow, name);
CREATE TABLE IF NOT EXISTS model_calls (
    number INTEGER PRIMARY KEY AUTOINCREMENT, call_id TEXT NOT NULL UNIQUE, request TEXT NOT NULL,
    status TEXT NOT NULL, tries INTEGER NOT NULL, due_at REAL NOT NULL, answer TEXT
);
CREATE INDEX IF NOT EXISTS model_calls_due ON model_calls (status, due_at);
"""


class Database:
    """Connections to one file, or to one private database in memory when `location` is ":memory:".

    Raises sqlite3.DatabaseError when the file is not ours or was written by a newer Volary.
    """

    def __init__(self, location: Path | Literal[":memory:"]) -> None:
        self._location = location
        self._idle: deque[sqlite3.Connection] = deque()
        self._writing = threading.RLock()
        self._current = threading.local()
        # A database in memory lives in its one connection, so its readers queue where writers do.
        self._shared = location == ":memory:"
        first = self._connect()
        try:
            _create(first)
        except BaseException:
            first.close()
            raise
        self._idle.append(first)
        weakref.finalize(self, _close_all, self._idle)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection; inside this thread's own transaction, that transaction's."""
        held: sqlite3.Connection | None = getattr(self._current, "connection", None)
        if held is not None:
            yield held
        elif self._shared:
            with self._writing, self._lent() as connection:
                yield connection
        else:
            with self._lent() as connection:
                yield connection

    @contextmanager
    def transaction(self, *, is_durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Lend a connection inside BEGIN IMMEDIATE … COMMIT; any exception rolls back. It does not nest.

        One that is not durable survives every crash but the machine's own, and with the next durable one that too.
        """
        with self._writing, self._lent() as connection:
            connection.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            self._current.connection = connection
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            else:
                connection.execute("COMMIT")
            finally:
                self._current.connection = None

    def changes(self) -> "Changes":
        """A cheap way for one thread to learn that anybody has committed. In memory it never does."""
        return Changes(self._connect())

    def checkpoint(self) -> None:
        """Empty the write-ahead log, which holds older states of what was changed since; where a reader is slow, it
        stays until the next time.
        """
        with self._writing, self._lent() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every idle connection. Nobody may be using the database."""
        _close_all(self._idle)

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection
        finally:
            self._idle.append(connection)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._location, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is erased is no longer in the file's free space
        return connection


class Changes:
    """Watches one file over a connection of its own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._seen = -1

    def any(self) -> bool:
        """Whether there was a commit since the last call; true at first."""
        found: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        changed, self._seen = found != self._seen, found
        return changed

    def close(self) -> None:
        self._connection.close()


def _close_all(idle: deque[sqlite3.Connection]) -> None:
    while idle:
        idle.pop().close()


def _create(connection: sqlite3.Connection) -> None:
    _use_wal(connection)
    connection.execute("BEGIN IMMEDIATE")
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > VERSION:
        connection.execute("ROLLBACK")
        raise sqlite3.DatabaseError(f"the home has schema {found}, this Volary knows schemas up to {VERSION}")
    for statement in SCHEMA.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def _use_wal(connection: sqlite3.Connection) -> None:
    # The switch to WAL does not wait on the busy handler, so two processes that start together collide here.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
