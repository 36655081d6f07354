"""Banks of known pictures above `Items`: BANKS/bank#bits."""

from collections.abc import Iterable

from volary.banks import Known, checked
from volary.ports import Delete, Items, Key, Put, Range

MOST = 20_000  # entries that one screening compares with; more needs another index than a list


class Banks:
    def __init__(self, items: Items) -> None:
        self._items = items

    def add(self, entries: Iterable[Known]) -> int:
        """Adding a known one again changes nothing. Raises Invalid for what is no hash."""
        count = 0
        for known in map(checked, entries):
            self._items.write(Put({"pk": "BANKS", "sk": f"{known.bank}#{known.bits}", **known.model_dump()}))
            count += 1
        return count

    def entries(self) -> list[Known]:
        return [Known.model_validate(item) for item in self._items.query("BANKS", Range(limit=MOST))]

    def remove(self, bank: str) -> int:
        """Forget a whole bank."""
        gone = [item for item in self._items.query("BANKS", Range(prefix=f"{bank}#", limit=MOST))]
        for item in gone:
            self._items.write(Delete(Key("BANKS", item["sk"])))
        return len(gone)
