"""Ports in plain dictionaries, as fast as Python gets: the same contract as the homes', with a hook at every effect.

`pause` is called before every read and write, so that other work can come between any two; it may raise to crash.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from volary.embedded.items import holds
from volary.errors import ConditionFailed
from volary.ports import Add, Check, Delete, Item, Key, Put, Range, Write

Pause = Callable[[str], None]
Commit = Callable[[Item], None]


class MemoryItems:
    """What `volary.embedded.items` does, less the checks of sizes and types; items are never changed once stored."""

    def __init__(self, pause: Pause, committed: Commit, stored: Mapping[str, dict[str, Item]]) -> None:
        self.rows: dict[str, dict[str, Item]] = {pk: dict(items) for pk, items in stored.items()}
        self._pause = pause
        self._committed = committed

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
        partition, sort = f"{index}pk", f"{index}sk"
        every = (item for items in self.rows.values() for item in items.values())
        return _ordered([(item[sort], item) for item in every if item.get(partition) == pk], span)

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
                self.rows.setdefault(write.item["pk"], {})[write.item["sk"]] = write.item
                self._committed(write.item)
            case Add():
                before = self.rows.get(write.key.pk, {}).get(write.key.sk, {"pk": write.key.pk, "sk": write.key.sk})
                added = {name: before.get(name, 0) + amount for name, amount in write.amounts.items()}
                self.rows.setdefault(write.key.pk, {})[write.key.sk] = before | added
            case Delete():
                self.rows.get(write.key.pk, {}).pop(write.key.sk, None)
            case Check():
                pass


class MemoryBlobs:
    """Only which files there are: what the simulated use cases put, and take away."""

    def __init__(self, pause: Pause) -> None:
        self.files: set[tuple[str, str]] = set()
        self._pause = pause

    def put(self, bucket: str, key: str, data: bytes, content_type: str) -> None:
        self.files.add((bucket, key))

    def delete(self, bucket: str, key: str) -> None:
        self._pause("write")
        self.files.discard((bucket, key))


class MemoryWorkflows:
    """Keeps the last answer to each token."""

    def __init__(self) -> None:
        self.answers: dict[str, Mapping[str, Any]] = {}

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        self.answers[token] = output

    def stop(self, workflow: str, name: str, cause: str) -> None:
        self.answers.pop(name, None)


class OpenKeyring:
    """Every likeness' key lies with the server."""

    def get(self, likeness_id: str, name: str) -> dict[str, str] | None:
        return {"generation": "key"} if name == "key" else None


def _ordered(found: Any, span: Range) -> list[Item]:
    chosen = [
        (place, item)
        for place, item in found
        if place.startswith(span.prefix)
        and (span.after is None or (place < span.after if span.newest_first else place > span.after))
    ]
    chosen.sort(key=lambda each: each[0], reverse=span.newest_first)
    return [item for _, item in chosen[: span.limit]]
