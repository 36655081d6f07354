"""The `Keyring` port on a SQLite file of its own, in a folder of its own, with a wrapping key beside it.

It keeps no write-ahead log, and SQLite overwrites what is deleted. Covered: a deleted key is in no file of the home.
Not covered: blocks that a file system or a disk keeps of overwritten files, and backups that somebody makes of this
folder; docs/operations.md says to leave it out of them.
"""

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from volary.boxes import box, unbox
from volary.embedded.keyfiles import secret_file
from volary.errors import ConditionFailed, Forbidden

BUSY_SECONDS = 30.0
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS keys (owner TEXT NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL, "
    "PRIMARY KEY (owner, name)) WITHOUT ROWID"
)


class SqlKeyring:
    """Files of `folder`: keyring.sqlite and wrapping.key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            folder / "keyring.sqlite", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        (folder / "keyring.sqlite").chmod(0o600)
        for pragma in ("journal_mode = DELETE", "synchronous = FULL", "secure_delete = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(SCHEMA)
        weakref.finalize(self, self._connection.close)

    def wrap(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        return box(self._wrapping_key(), plaintext, _canonical(context))

    def unwrap(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        try:
            return unbox(self._wrapping_key(), ciphertext, _canonical(context))
        except Forbidden as problem:
            raise Forbidden(f"the key does not open in the context {dict(context)!r}") from problem

    def add(self, owner: str, name: str, record: Mapping[str, str]) -> bool:
        with self._changing() as connection:
            values = (owner, name, json.dumps(dict(record)))
            return connection.execute("INSERT OR IGNORE INTO keys VALUES (?, ?, ?)", values).rowcount == 1

    def replace(self, owner: str, name: str, record: Mapping[str, str]) -> None:
        with self._changing() as connection:
            values = (json.dumps(dict(record)), owner, name)
            if connection.execute("UPDATE keys SET record = ? WHERE owner = ? AND name = ?", values).rowcount == 0:
                raise ConditionFailed(f"the keyring has no {name} of {owner}")

    def get(self, owner: str, name: str) -> dict[str, str] | None:
        with self._lock:
            row = self._connection.execute(
                "SELECT record FROM keys WHERE owner = ? AND name = ?", (owner, name)
            ).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def destroy(self, owner: str, name: str | None = None) -> int:
        with self._changing() as connection:
            if name is None:
                return connection.execute("DELETE FROM keys WHERE owner = ?", (owner,)).rowcount
            return connection.execute("DELETE FROM keys WHERE owner = ? AND name = ?", (owner, name)).rowcount

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            else:
                self._connection.execute("COMMIT")

    def _wrapping_key(self) -> bytes:
        return secret_file(self._folder / "wrapping.key", lambda: AESGCM.generate_key(256))


def _canonical(context: Mapping[str, str]) -> bytes:
    return json.dumps(dict(context), sort_keys=True, separators=(",", ":")).encode()
