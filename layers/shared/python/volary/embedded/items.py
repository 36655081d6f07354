"""The `Items` port on SQLite: JSON bodies under (pk, sk), two indexes, conditions and all-or-nothing batches."""

import hashlib
import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from volary.embedded.database import Database
from volary.errors import ConditionFailed, Conflict, Invalid
from volary.ports import EXPIRES, Add, Check, Clock, Delete, Index, Item, Key, Put, Range, When, Write

MAX_BATCH = 100
MAX_KEYS = 1_000
MAX_ITEM_BYTES = 400_000  # DynamoDB's limit is 400 KB: what fits here must fit there
TOKEN_SECONDS = 600
_INDEX_KEYS = ("gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk")


class SqlItems:
    """Raises Invalid for an item, key or batch that DynamoDB would refuse, too."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def get(self, key: Key) -> Item | None:
        with self._database.reading() as connection:
            return _stored(connection, key)

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Item]:
        if len(keys) > MAX_KEYS:
            raise Invalid(f"{len(keys)} keys at once are over the limit of {MAX_KEYS}")
        wanted = json.dumps([list(key) for key in dict.fromkeys(keys)])
        # A join from the keys makes SQLite look each one up; a row value IN a list would scan the table.
        sql = (
            "SELECT items.body FROM json_each(?) AS wanted CROSS JOIN items "
            "ON items.pk = json_extract(wanted.value, '$[0]') AND items.sk = json_extract(wanted.value, '$[1]')"
        )
        with self._database.reading() as connection:
            found = [json.loads(row["body"]) for row in connection.execute(sql, (wanted,))]
        return {Key(item["pk"], item["sk"]): item for item in found}

    def query(self, pk: str, span: Range | None = None) -> list[Item]:
        return self._ordered("pk", "sk", pk, span or Range())

    def query_index(self, index: Index, pk: str, span: Range | None = None) -> list[Item]:
        return self._ordered(f"{index}pk", f"{index}sk", pk, span or Range())

    def write(self, write: Write) -> None:
        # Flushing costs more than all else in a request, and what expires by itself may as well be lost with the power.
        is_passing = isinstance(write, Put) and EXPIRES in write.item
        with self._database.transaction(is_durable=not is_passing) as connection:
            _apply(connection, write, 0)

    def transact(self, writes: Sequence[Write], *, token: str | None = None) -> None:
        keys = [_key(write) for write in writes]
        if len(keys) > MAX_BATCH:
            raise Invalid(f"a batch of {len(keys)} writes is over the limit of {MAX_BATCH}")
        if len(set(keys)) != len(keys):
            raise Invalid(f"a batch writes one key twice: {max(keys, key=keys.count)}")
        with self._database.transaction() as connection:
            if token is not None and self._is_repeated(connection, token, writes):
                return
            for place, write in enumerate(writes):
                _apply(connection, write, place)

    def sweep(self, lag_seconds: int = 3600) -> int:
        """Delete items that expired `lag_seconds` ago, and used-up transaction tokens; returns how many items."""
        now = self._clock.now().timestamp()
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM transaction_tokens WHERE used_at < ?", (now - TOKEN_SECONDS,))
            gone = connection.execute("DELETE FROM items WHERE expires_at_s < ?", (now - lag_seconds,))
            return gone.rowcount

    def _is_repeated(self, connection: sqlite3.Connection, token: str, writes: Sequence[Write]) -> bool:
        now = self._clock.now().timestamp()
        digest = hashlib.sha256(repr(list(writes)).encode()).hexdigest()
        row = connection.execute(
            "SELECT digest FROM transaction_tokens WHERE token = ? AND used_at > ?", (token, now - TOKEN_SECONDS)
        ).fetchone()
        if row is None:
            connection.execute("REPLACE INTO transaction_tokens VALUES (?, ?, ?)", (token, digest, now))
            return False
        if row["digest"] != digest:
            raise Conflict(f"the transaction token {token!r} was used for other writes")
        return True

    def _ordered(self, partition: str, sort: str, pk: str, span: Range) -> list[Item]:
        terms, values = [f"{partition} = ?", f"{sort} >= ?"], [pk, span.prefix]
        beyond = _beyond(span.prefix)
        if beyond is not None:
            terms.append(f"{sort} < ?")
            values.append(beyond)
        if span.after is not None:
            terms.append(f"{sort} {'<' if span.newest_first else '>'} ?")
            values.append(span.after)
        # The column names come from the two callers above, never from data.
        sql = (
            f"SELECT body FROM items WHERE {' AND '.join(terms)} "
            f"ORDER BY {sort} {'DESC' if span.newest_first else 'ASC'} LIMIT ?"
        )
        with self._database.reading() as connection:
            return [json.loads(row["body"]) for row in connection.execute(sql, (*values, span.limit))]


def _beyond(prefix: str) -> str | None:
    """The least string above all that start with `prefix`, in code point order, which is also UTF-8's."""
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if 0xD800 <= following <= 0xDFFF else following)


def _key(write: Write) -> Key:
    key = Key(write.item.get("pk", ""), write.item.get("sk", "")) if isinstance(write, Put) else write.key
    if not all(isinstance(part, str) and part for part in key):
        raise Invalid(f"an item's pk and sk must be texts that are not empty, not {key!r}")
    return key


def _stored(connection: sqlite3.Connection, key: Key) -> Item | None:
    row = connection.execute("SELECT body FROM items WHERE pk = ? AND sk = ?", tuple(key)).fetchone()
    return None if row is None else dict(json.loads(row["body"]))


def _apply(connection: sqlite3.Connection, write: Write, place: int) -> None:
    key = _key(write)
    found = _stored(connection, key)
    if not holds(write.when, found):
        raise ConditionFailed(f"write {place} on {tuple(key)} met {_met(write.when, found)}", index=place)
    match write:
        case Put():
            _save(connection, key, write.item)
        case Add():
            _save(connection, key, _added(write, found or {"pk": key.pk, "sk": key.sk}))
        case Delete():
            connection.execute("DELETE FROM items WHERE pk = ? AND sk = ?", tuple(key))
        case Check():
            pass


def holds(when: When, found: Item | None) -> bool:
    """Whether the stored item meets the condition; an absent item or attribute equals nothing."""
    if when.exists is not None and when.exists != (found is not None):
        return False
    item = found or {}
    return all(name in item and _same(item[name], value) for name, value in when.equals.items()) and all(
        _is_number(item.get(name)) and item[name] >= value for name, value in when.at_least.items()
    )


def _met(when: When, found: Item | None) -> str:
    if found is None:
        return "no item"
    names = sorted({*when.equals, *when.at_least})
    return str({name: found[name] for name in names if name in found}) if names else "an item"


def _same(one: Any, other: Any) -> bool:
    # Python says True == 1; DynamoDB does not.
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _added(write: Add, item: Item) -> Item:
    changed = dict(item)
    for name, amount in write.amounts.items():
        held = changed.get(name, 0)
        if not _is_number(held):
            raise Invalid(f"cannot add {amount} to {name!r} of {tuple(write.key)}: it holds {held!r}")
        changed[name] = held + amount
    return changed


def _save(connection: sqlite3.Connection, key: Key, item: Item) -> None:
    body = _json(key, item)
    if len(body) > MAX_ITEM_BYTES:
        raise Invalid(f"the item {tuple(key)} has {len(body)} bytes, over {MAX_ITEM_BYTES}")
    indexed = [item.get(name) for name in _INDEX_KEYS]
    if not all(value is None or (isinstance(value, str) and value) for value in indexed):
        raise Invalid(f"the index keys of {tuple(key)} must be texts that are not empty: {indexed!r}")
    connection.execute(
        "REPLACE INTO items (pk, sk, gsi1pk, gsi1sk, gsi2pk, gsi2sk, expires_at_s, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*key, *indexed, item.get(EXPIRES), body.decode()),
    )


def _json(key: Key, item: Item) -> bytes:
    try:
        _refuse_foreign(item)
        return json.dumps(item, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as problem:
        raise Invalid(f"the item {tuple(key)} is not JSON: {problem}") from problem


def _refuse_foreign(value: Any) -> None:
    """json.dumps turns tuples to lists and number keys to texts; a store must give back what it got."""
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            raise TypeError(f"keys {[name for name in value if not isinstance(name, str)]!r} are not texts")
        for member in value.values():
            _refuse_foreign(member)
    elif isinstance(value, list):
        for member in value:
            _refuse_foreign(member)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not finite")
    elif not isinstance(value, str | int | float | bool | None):
        raise TypeError(f"{value!r} is a {type(value).__name__}")
