"""The list of people who are refused by name, above `Items`: one record, because every request for a clip reads it.

The record holds what this home changed of the list that ships (`blocked.shipped`): whom it added, and whom it took off.
A home without the record lists everybody who ships, so that nobody has to remember to load them.

BLOCKED/PEOPLE        what was changed, by version
AUDIT#blocked/number  who put whom on it, and took whom off
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from volary.audit import GENESIS, Entry
from volary.blocked import (
    MOST_NAMES,
    BlockedPerson,
    blocked,
    directory,
    mentions,
    shipped,
    shipped_directory,
    stranger,
)
from volary.errors import Absent, ConditionFailed, Conflict
from volary.ports import NEW, Check, Items, Key, Put, When

MOST = 2_000  # people whom a home adds
HEAVIEST = 300_000  # bytes of the record, which every store takes: DynamoDB's items end at 400 KB
KEY = Key("BLOCKED", "PEOPLE")
ATTEMPTS = 4


class Blocked:
    def __init__(self, items: Items) -> None:
        self._items = items

    def people(self) -> list[BlockedPerson]:
        """Whom this home added, then those who ship and whom it neither took off nor added itself."""
        return _listed(self._items.get(KEY)).people()

    def named(self, words: str, allowed: Iterable[str]) -> tuple[BlockedPerson | None, Check]:
        """Whom the words name, besides those whose likeness is `allowed`; and the condition under which a transaction
        may count on the answer: the list is the one that was read.
        """
        item = self._items.get(KEY)
        when = When(equals={"number": item["number"]}) if item else When(exists=False)
        return stranger(_listed(item).mentioned(words), allowed), Check(KEY, when)

    def add(self, person: BlockedPerson) -> BlockedPerson:
        """The person as listed: whoever ships under one of the names is replaced, and brings their other names.

        Raises Invalid for names that cannot be told, Conflict when the list is full.
        """
        names = dict.fromkeys((*blocked(person).names, *(name for each in _same(person) for name in each.names)))
        whole = person.model_copy(update={"names": tuple(names)[:MOST_NAMES]})
        self._change([whole], "", person.added_by, person.at)
        return whole

    def remove(self, block_id: str, actor: str, at: int) -> None:
        """Raises Absent for somebody who is not listed. Whoever ships is listed again when an addition that stood for
        them is removed, until they are removed themselves.
        """
        self._change([], block_id, actor, at)

    def _change(self, added: list[BlockedPerson], removed: str, actor: str, at: int) -> None:
        for attempt in range(ATTEMPTS):
            try:
                return self._write(added, removed, actor, at)
            except ConditionFailed:
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError(ATTEMPTS)

    def _write(self, added: list[BlockedPerson], removed: str, actor: str, at: int) -> None:
        before = self._items.get(KEY)
        old = _listed(before)
        if removed and removed not in {each.id for each in old.people()}:
            raise Absent(f"nobody is blocked as {removed}")
        after = [*(each for each in old.added if each.id != removed), *added]
        lifted = sorted(old.lifted | ({removed} & {each.id for each in shipped()}))
        if len(after) > MOST:
            raise Conflict(f"{MOST} people are on the list already", code="list_full")
        number = int(before["number"]) + 1 if before else 1
        action, detail = ("blocked a person", added[0].id) if added else ("unblocked a person", removed)
        entry = Entry(
            subject="blocked", number=number, action=action, actor=actor, at=at, detail=detail,
            previous=before["head"] if before else GENESIS,
        )  # fmt: skip
        people_now = [each.model_dump(mode="json") for each in after]
        if added and len(json.dumps(people_now, ensure_ascii=False).encode()) > HEAVIEST:
            raise Conflict(f"{len(after)} people with all their names are over {HEAVIEST} bytes", code="list_full")
        item = {
            "pk": KEY.pk, "sk": KEY.sk, "number": number, "head": entry.digest(), "people": people_now, "lifted": lifted
        }  # fmt: skip
        self._items.transact([
            Put(item, When(equals={"number": number - 1}) if before else NEW),
            Put({"pk": "AUDIT#blocked", "sk": f"{number:08d}", **entry.model_dump(mode="json")}, NEW),
        ])  # fmt: skip


@dataclass(frozen=True)
class _Listed:
    """The record: whom the home added, and the ids of those it took off the list that ships."""

    added: list[BlockedPerson]
    lifted: frozenset[str]

    def people(self) -> list[BlockedPerson]:
        out = self._out()
        return [*self.added, *(each for each in shipped() if each.id not in out)]

    def mentioned(self, words: str) -> Iterator[BlockedPerson]:
        """Everybody in force whom the words name."""
        yield from mentions(words, directory(self.added))
        known = list(mentions(words, shipped_directory()))
        out = self._out() if known else frozenset()
        yield from (each for each in known if each.id not in out)

    def _out(self) -> frozenset[str]:
        return self.lifted | {each.id for person in self.added for each in _same(person)}


def _listed(item: Mapping[str, Any] | None) -> _Listed:
    if item is None:
        return _Listed([], frozenset())
    people = [BlockedPerson.model_validate(each) for each in item["people"]]
    return _Listed(people, frozenset(item.get("lifted", ())))


def _same(person: BlockedPerson) -> set[BlockedPerson]:
    """Those who ship under one of the person's names."""
    known = shipped_directory().by_name
    return {spelt.person for name in directory([person]).by_name for spelt in known.get(name, ())}
