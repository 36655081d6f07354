"""Ports in plain dictionaries, as fast as Python gets: the same contract as the homes', with a hook at every effect.

`pause` is called before every read and write, so that other work can come between any two; it may raise to crash.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from volary.embedded.items import holds
from volary.errors import Absent, ConditionFailed, Forbidden
from volary.ports import Add, Check, Delete, Item, Key, Put, Range, Write

Pause = Callable[[str], None]
Commit = Callable[[Item], None]
INDEXES = ("gsi1", "gsi2")


class MemoryItems:
    """What `volary.embedded.items` does, less the checks of sizes and types; items are never changed once stored."""

    def __init__(self, pause: Pause, committed: Commit, stored: Mapping[str, dict[str, Item]]) -> None:
        self.rows: dict[str, dict[str, Item]] = {}
        self._indexed: dict[tuple[str, str], dict[Key, Item]] = {}
        self.start(stored)
        self._pause = pause
        self._committed = committed

    def start(self, stored: Mapping[str, dict[str, Item]]) -> None:
        """Hold these items and no others."""
        self.rows = {pk: dict(items) for pk, items in stored.items()}
        self._indexed = {}
        for items in stored.values():
            for item in items.values():
                self._index(None, item)

    def get(self, key: Key) -> Item | None:
        self._pause("get")
        return self.rows.get(key.pk, {}).get(key.sk)

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """Each on its own: others may act in between."""
        found = {key: self.get(key) for key in keys}
        return {key: item for key, item in found.items() if item is not None}

    def query(self, pk: str, span: Range = Range()) -> list[Item]:
        self._pause("query")
        return _ordered(self.rows.get(pk, {}).items(), span)

    def query_index(self, index: str, pk: str, span: Range = Range()) -> list[Item]:
        self._pause("query")
        sort = f"{index}sk"
        return _ordered([(item[sort], item) for item in self._indexed.get((index, pk), {}).values()], span)

    def write(self, write: Write) -> None:
        self.transact([write])

    def transact(self, writes: Sequence[Write], *, token: str | None = None) -> None:
        self._pause("write")
        for place, write in enumerate(writes):
            key = write.item if isinstance(write, Put) else {"pk": write.key.pk, "sk": write.key.sk}
            if not holds(write.when, self.rows.get(key["pk"], {}).get(key["sk"])):
                raise ConditionFailed(f"write {place} on {key['pk']}/{key['sk']}", index=place)
        for write in writes:
            self._apply(write)
        self._pause("written")

    def _apply(self, write: Write) -> None:
        match write:
            case Put():
                held = self.rows.setdefault(write.item["pk"], {})
                self._index(held.get(write.item["sk"]), write.item)
                held[write.item["sk"]] = write.item
                self._committed(write.item)
            case Add():
                before = self.rows.get(write.key.pk, {}).get(write.key.sk, {"pk": write.key.pk, "sk": write.key.sk})
                added = {name: before.get(name, 0) + amount for name, amount in write.amounts.items()}
                self.rows.setdefault(write.key.pk, {})[write.key.sk] = before | added
            case Delete():
                self._index(self.rows.get(write.key.pk, {}).pop(write.key.sk, None), None)
            case Check():
                pass

    def _index(self, before: Item | None, after: Item | None) -> None:
        """What the indexes show of one item from now on; no Add touches their attributes."""
        for index in INDEXES:
            if before is not None and (partition := before.get(f"{index}pk")) is not None:
                del self._indexed[index, partition][Key(before["pk"], before["sk"])]
            if after is not None and (partition := after.get(f"{index}pk")) is not None:
                self._indexed.setdefault((index, partition), {})[Key(after["pk"], after["sk"])] = after


class MemoryBlobs:
    """Which files there are and what they hold."""

    def __init__(self, pause: Pause, stored: Mapping[tuple[str, str], bytes]) -> None:
        self.files = dict(stored)
        self._pause = pause

    def put(self, bucket: str, key: str, data: bytes, content_type: str) -> None:
        self._pause("write")
        self.files[bucket, key] = data
        self._pause("written")

    def get(self, bucket: str, key: str) -> bytes:
        self._pause("get")
        if (bucket, key) not in self.files:
            raise Absent(f"there is no file {key!r} in {bucket}")
        return self.files[bucket, key]

    def delete(self, bucket: str, key: str) -> None:
        self._pause("write")
        self.files.pop((bucket, key), None)

    def get_link(self, bucket: str, key: str, **limits: Any) -> str:
        return f"{bucket}/{key}"

    put_link = get_link


class MemoryWorkflows:
    """Keeps the last answer to each token."""

    def __init__(self) -> None:
        self.answers: dict[str, Mapping[str, Any]] = {}

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        self.answers[token] = output

    def stop(self, workflow: str, name: str, cause: str) -> None:
        self.answers.pop(name, None)


class MemoryKeyring:
    """Records by owner and name; what it wraps is bound to its context, and that is all: nobody here steals a copy."""

    def __init__(self, pause: Pause, stored: Mapping[tuple[str, str], dict[str, str]]) -> None:
        self.rows = dict(stored)
        self._pause = pause

    def wrap(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        return _spelt(context) + plaintext

    def unwrap(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        if not ciphertext.startswith(_spelt(context)):
            raise Forbidden(f"wrapped for another context than {dict(context)}")
        return ciphertext.removeprefix(_spelt(context))

    def add(self, owner: str, name: str, record: Mapping[str, str]) -> bool:
        self._pause("write")
        is_new = (owner, name) not in self.rows
        self.rows.setdefault((owner, name), dict(record))
        self._pause("written")
        return is_new

    def replace(self, owner: str, name: str, record: Mapping[str, str]) -> None:
        self._pause("write")
        if (owner, name) not in self.rows:
            raise ConditionFailed(f"there is no {name} of {owner}")
        self.rows[owner, name] = dict(record)
        self._pause("written")

    def get(self, owner: str, name: str) -> dict[str, str] | None:
        self._pause("get")
        return self.rows.get((owner, name))


def _spelt(context: Mapping[str, str]) -> bytes:
    return json.dumps(dict(context), sort_keys=True).encode()


def _ordered(found: Any, span: Range) -> list[Item]:
    chosen = [
        (place, item)
        for place, item in found
        if place.startswith(span.prefix)
        and (span.after is None or (place < span.after if span.newest_first else place > span.after))
    ]
    chosen.sort(key=lambda each: each[0], reverse=span.newest_first)
    return [item for _, item in chosen[: span.limit]]
