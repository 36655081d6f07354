"""The list of people who are refused by name, above `Items`: one record, because every request for a clip reads it.

BLOCKED/PEOPLE        the list, by version
AUDIT#blocked/number  who put whom on it, and took whom off
"""

import json
from collections.abc import Iterable

from volary.audit import GENESIS, Entry
from volary.blocked import BlockedPerson, blocked, named
from volary.errors import Absent, ConditionFailed, Conflict
from volary.ports import NEW, Check, Items, Key, Put, When

MOST = 2_000  # people
HEAVIEST = 300_000  # bytes of the record, which every store takes: DynamoDB's items end at 400 KB
KEY = Key("BLOCKED", "PEOPLE")
ATTEMPTS = 4


class Blocked:
    def __init__(self, items: Items) -> None:
        self._items = items

    def people(self) -> list[BlockedPerson]:
        item = self._items.get(KEY)
        return [BlockedPerson.model_validate(each) for each in item["people"]] if item else []

    def named(self, words: str, allowed: Iterable[str]) -> tuple[BlockedPerson | None, Check]:
        """Whom the words name, besides those whose likeness is `allowed`; and the condition under which a transaction
        may count on the answer: the list is the one that was read.
        """
        item = self._items.get(KEY)
        people = [BlockedPerson.model_validate(each) for each in item["people"]] if item else []
        when = When(equals={"number": item["number"]}) if item else When(exists=False)
        return named(words, people, allowed), Check(KEY, when)

    def add(self, person: BlockedPerson) -> BlockedPerson:
        """Raises Invalid for names that cannot be told, Conflict when the list is full."""
        self._change([blocked(person)], "", person.added_by, person.at)
        return person

    def remove(self, block_id: str, actor: str, at: int) -> None:
        """Raises Absent for somebody who is not listed."""
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
        people = [BlockedPerson.model_validate(each) for each in before["people"]] if before else []
        if removed and removed not in {each.id for each in people}:
            raise Absent(f"nobody is blocked as {removed}")
        after = [*(each for each in people if each.id != removed), *added]
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
        item = {"pk": KEY.pk, "sk": KEY.sk, "number": number, "head": entry.digest(), "people": people_now}
        self._items.transact([
            Put(item, When(equals={"number": number - 1}) if before else NEW),
            Put({"pk": "AUDIT#blocked", "sk": f"{number:08d}", **entry.model_dump(mode="json")}, NEW),
        ])  # fmt: skip
