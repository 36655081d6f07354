"""The log's waiting entries, its leaves, its head, and the details behind each entry, above `Items`.

TLOG#PENDING/time#id       an action that was committed and has no place in the log yet
TLOG#LEAF#bundle/place     entry number 256 × bundle + place, as text
TLOG#ACT#id/LEAF           where an action's entry stands
TLOG#ACT#id/OPENING        salt and details of an action, until its subject is erased; gsi1 lists by subject
TLOG/HEAD                  size and frontier of the tree
TLOG/PUBLISHED             the newest signed head, and the size up to which tiles are written
"""

from events.shapes import Shape
from volary.errors import Absent
from volary.merkle import TILE, grown, leaf_hash
from volary.ports import ALWAYS, NEW, Delete, Item, Items, Key, Put, Range, When, Write
from volary.transparency import Act, Head, entry_of

MOST_AT_ONCE = 32  # three writes for each, and one for the head, in a batch of at most a hundred
PENDING, HEAD, PUBLISHED = "TLOG#PENDING", Key("TLOG", "HEAD"), Key("TLOG", "PUBLISHED")


class Opening(Shape):
    """What an entry's commitment stands for."""

    salt: str
    details: dict[str, object]
    subject: str


class Published(Shape):
    """The newest head that was signed, as a note, and its size."""

    size: int = 0
    note: str = ""


class Transparency:
    def __init__(self, items: Items) -> None:
        self._items = items

    def writes(self, act: Act) -> list[Write]:
        """To be part of the very transaction that does what `act` says; the sequencer gives it a place later."""
        waiting: Item = {"pk": PENDING, "sk": f"{act.at:012d}#{act.id}", "act_id": act.id, "entry": entry_of(act)}
        opening: Item = {
            **_act_key(act.id, "OPENING")._asdict(),
            "gsi1pk": f"OPENINGS#{act.subject}",
            "gsi1sk": f"{act.at:012d}#{act.id}",
            **Opening(salt=act.salt, details=act.details, subject=act.subject).model_dump(),
        }
        return [Put(waiting, NEW), Put(opening, NEW)]

    def head(self) -> Head:
        item = self._items.get(HEAD)
        return Head.model_validate(item) if item else Head()

    def integrate(self) -> int:
        """Give the oldest waiting entries their places; returns how many. ConditionFailed: another one was faster."""
        waiting = self._items.query(PENDING, Range(limit=MOST_AT_ONCE))
        if not waiting:
            return 0
        before = self.head()
        size, frontier = before.size, [bytes.fromhex(each) for each in before.frontier]
        writes: list[Write] = []
        for item in waiting:
            writes += _placed(item, size)
            frontier = grown(frontier, size, leaf_hash(item["entry"].encode()))
            size += 1
        after = Head(size=size, frontier=tuple(each.hex() for each in frontier))
        unmoved = When(equals={"size": before.size}) if before.size else NEW
        self._items.transact([Put({**HEAD._asdict(), **after.model_dump(mode="json")}, unmoved), *writes])
        return len(waiting)

    def entries(self, start: int, end: int) -> list[str]:
        """Entries `start` up to, not including, `end`."""
        found: list[str] = []
        for number in range(start // TILE, -(-end // TILE)):
            items = self._items.query(f"TLOG#LEAF#{number:08d}", Range(limit=TILE))
            found += [item["entry"] for item in items if start <= item["index"] < end]
        return found

    def published(self) -> Published:
        item = self._items.get(PUBLISHED)
        return Published.model_validate(item) if item else Published()

    def publish(self, before: Published, after: Published) -> None:
        """Raises ConditionFailed when another head was published meanwhile."""
        unmoved = When(equals={"size": before.size}) if before.note else NEW
        self._items.write(Put({**PUBLISHED._asdict(), **after.model_dump()}, unmoved))

    def place(self, act_id: str) -> int:
        """The index of an action's entry; raises Absent for one that the log does not hold yet, or never."""
        item = self._items.get(_act_key(act_id, "LEAF"))
        if item is None:
            raise Absent(f"the log has no entry {act_id}")
        return int(item["index"])

    def opening(self, act_id: str) -> Opening | None:
        """None where it was erased."""
        item = self._items.get(_act_key(act_id, "OPENING"))
        return Opening.model_validate(item) if item else None

    def erase(self, subject: str) -> int:
        """Forget salt and details of everything about a person; the entries stay and say nothing any more."""
        gone = 0
        while found := self._items.query_index("gsi1", f"OPENINGS#{subject}", Range(limit=100)):
            self._items.transact([Delete(Key(item["pk"], item["sk"]), ALWAYS) for item in found])
            gone += len(found)
        return gone


def _act_key(act_id: str, what: str) -> Key:
    return Key(f"TLOG#ACT#{act_id}", what)


def _placed(item: Item, index: int) -> list[Write]:
    leaf: Item = {"pk": f"TLOG#LEAF#{index // TILE:08d}", "sk": f"{index % TILE:03d}"}
    known = {"index": index, "entry": item["entry"]}
    where = {**_act_key(item["act_id"], "LEAF")._asdict(), "index": index}
    return [Put({**leaf, **known}, NEW), Put(where, NEW), Delete(Key(item["pk"], item["sk"]))]
