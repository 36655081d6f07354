"""The audit book of openings: one chained entry before anything sealed is opened. It holds ids and purposes only."""

from volary.audit import GENESIS, Entry
from volary.errors import ConditionFailed
from volary.ports import NEW, Item, Key, Put, Range, Services, When

TRIES = 8


def note_opening(subject: str, what_for: str, services: Services) -> None:
    """Append an entry; raises ConditionFailed when others keep being faster, and then nothing may be opened."""
    for attempt in range(TRIES):
        try:
            _append(subject, what_for, services)
        except ConditionFailed:
            if attempt == TRIES - 1:
                raise
        else:
            return


def openings(subject: str, services: Services) -> list[Entry]:
    """Every opening of a likeness, or of the index, oldest first."""
    found: list[Entry] = []
    while page := services.items.query(
        _book(subject), Range(prefix="0", after=f"{found[-1].number:08d}" if found else None)
    ):
        found += map(Entry.model_validate, page)
    return found


def head(subject: str, services: Services) -> str:
    """The hash that the chain of openings ends in."""
    item = services.items.get(Key(_book(subject), "HEAD"))
    return str(item["head"]) if item else GENESIS


def _append(subject: str, what_for: str, services: Services) -> None:
    before: Item | None = services.items.get(Key(_book(subject), "HEAD"))
    number = int(before["number"]) + 1 if before else 1
    entry = Entry(
        subject=f"opening:{subject}",
        number=number,
        action="opened",
        actor="system",
        at=int(services.clock.now().timestamp()),
        detail=what_for,
        previous=before["head"] if before else GENESIS,
    )
    after = {"pk": _book(subject), "sk": "HEAD", "number": number, "head": entry.digest()}
    services.items.transact([
        Put(after, When(equals={"number": number - 1}) if before else NEW),
        Put({"pk": _book(subject), "sk": f"{number:08d}", **entry.model_dump(mode="json")}, NEW),
    ])  # fmt: skip


def _book(subject: str) -> str:
    return f"AUDIT#opening:{subject}"
