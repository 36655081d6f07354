"""Cases, who reviews them, what was said of decisions, strikes and counts, above `Items`.

CASE#id/RECORD                the record; open: gsi1 by harm and gsi2 all, by rank; decided: gsi2 by effective time
CASE#id/NOTICE                the takedown notice behind it, with its sender's contact
AUDIT#case:id/number          the audit book; gsi1 by day
HIDES/time#case               undecided notices that must be hidden at that time
ABOUT#user or video/CASE#id   what there was about an author or a clip
VIDEO#id/REPORTED#user        what somebody reported of a clip, once; REPORTS#user/CASE#id their reports
REVIEWER#user/PROFILE         pseudonym and shift; PSEUDONYM#name/OWNER makes it unique
USER#id/NOTICE#time#id        what an author was told; USER#id/STRIKE#id what a breach cost
STATEMENT#puid/RECORD         a statement of reasons; gsi1 by day
COUNTS#day/ALL                how many cases were opened, decided, overturned; BACKLOG/day how many of that day wait
COPY#sha256/video             clips made from these very bytes; MARKED#record/video those made from a file so marked
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from events.bus import Event
from events.shapes import Shape
from volary.audit import Entry
from volary.errors import Absent
from volary.ports import ALWAYS, NEW, Add, Delete, Item, Items, Key, Put, Range, When, Write
from volary.review.cases import Case
from volary.review.exposure import Shift
from volary.review.notices import Notice, Takedown
from volary.review.reasons import Statement
from volary.review.strikes import Strike
from volary.stores.videos import Act, outbox


class Reviewer(Shape):
    """Somebody who reviews, by the name that others know them by."""

    user_id: str
    pseudonym: str
    shift: Shift | None = None
    version: int = 0


class Reviews:
    def __init__(self, items: Items) -> None:
        self._items = items

    def find(self, case_id: str) -> Case | None:
        item = self._items.get(Key(f"CASE#{case_id}", "RECORD"))
        return Case.model_validate(item) if item else None

    def get(self, case_id: str) -> Case:
        case = self.find(case_id)
        if case is None:
            raise Absent(f"there is no case {case_id}")
        return case

    def opening_writes(self, case: Case, act: Act) -> list[Write]:
        """A new case, for the transaction of what gave rise to it."""
        fresh, entry = _audited(case.model_copy(update={"version": 0}), act)
        about = {"case_id": case.id, "kind": case.kind, "opened_at": case.opened_at}
        writes: list[Write] = [
            Put(_item_of(fresh), NEW),
            entry,
            *(Put({"pk": f"ABOUT#{of}", "sk": f"CASE#{case.id}", **about}) for of in (case.author_id, case.subject)),
            *self.count_writes(case.opened_at, {"opened": 1, f"opened.{case.kind}": 1}),
            Add(Key("BACKLOG", day_of(case.opened_at)), {"open": 1}),
        ]
        if case.hides_at is not None:
            writes.append(Put({"pk": "HIDES", "sk": f"{case.hides_at:012d}#{case.id}", "case_id": case.id}))
        return writes

    def change(self, case: Case, act: Act, more: Sequence[Write] = (), events: Sequence[Event] = ()) -> Case:
        """Store the next state of a case read at `case.version`; raises ConditionFailed if it moved meanwhile."""
        fresh, writes = self.change_writes(case, act)
        self._items.transact([*writes, *more, *map(outbox, events)])
        return fresh

    def change_writes(self, case: Case, act: Act) -> tuple[Case, list[Write]]:
        """The next state of a case and its audit entry, for a transaction of the caller's."""
        fresh, entry = _audited(case, act)
        unmoved = When(equals={"version": case.version}) if case.version else NEW
        return fresh, [Put(_item_of(fresh), unmoved), entry]

    def open(self, span: Range, harm: str | None = None) -> list[Case]:
        """Open cases, the most urgent first; `after` is a `place`."""
        found = (
            self._items.query_index("gsi1", f"CASES#{harm}", span)
            if harm
            else self._items.query_index("gsi2", "CASES#OPEN", span)
        )
        return [Case.model_validate(item) for item in found]

    def due(self, now: int, limit: int) -> list[Case]:
        """Decided cases whose decision must take effect now."""
        found = self._items.query_index("gsi2", "CASES#DECIDED", Range(limit=limit))
        cases = [Case.model_validate(item) for item in found]
        return [case for case in cases if case.decision and case.decision.effective_at <= now]

    def hiding(self, now: int, limit: int) -> list[str]:
        """Ids of undecided cases whose clips must be hidden now."""
        found = self._items.query("HIDES", Range(limit=limit))
        return [item["case_id"] for item in found if int(item["sk"][:12]) <= now]

    def hidden_write(self, case: Case) -> Write:
        return Delete(Key("HIDES", f"{case.hides_at or 0:012d}#{case.id}"), ALWAYS)

    def about(self, of: str) -> list[Case]:
        """The newest hundred cases about an author or a clip."""
        found = self._items.query(f"ABOUT#{of}", Range(prefix="CASE#"))
        cases = (self.find(item["case_id"]) for item in found)
        return sorted((case for case in cases if case), key=lambda case: -case.opened_at)

    def reported_writes(self, case: Case, words: str) -> list[Write]:
        """What the person who may not decide a report's case said; refused where they reported the clip before."""
        (by,) = case.barred
        said = {"pk": f"VIDEO#{case.subject}", "sk": f"REPORTED#{by}", "case_id": case.id, "text": words[:2_000]}
        return [Put(said, NEW), Put({"pk": f"REPORTS#{by}", "sk": f"CASE#{case.id}", "case_id": case.id})]

    def reported(self, case: Case) -> str:
        """The words of a report."""
        item = self._items.get(Key(f"VIDEO#{case.subject}", f"REPORTED#{case.barred[0]}")) if case.barred else None
        return str(item["text"]) if item else ""

    def reports_by(self, user_id: str) -> list[Case]:
        """Up to a hundred cases that somebody's reports opened."""
        found = self._items.query(f"REPORTS#{user_id}", Range(prefix="CASE#"))
        return [case for item in found if (case := self.find(item["case_id"]))]

    def audit(self, day: str, limit: int) -> list[Entry]:
        """A day's acts of everybody who reviewed, newest first."""
        span = Range(limit=limit, newest_first=True)
        return [Entry.model_validate(item) for item in self._items.query_index("gsi1", f"AUDIT#REVIEW#{day}", span)]

    def history(self, case_id: str) -> list[Entry]:
        return [Entry.model_validate(item) for item in self._items.query(f"AUDIT#case:{case_id}", Range(limit=200))]

    def takedown_write(self, case_id: str, asked: Takedown) -> Write:
        return Put({"pk": f"CASE#{case_id}", "sk": "NOTICE", **asked.model_dump()}, NEW)

    def takedown(self, case_id: str) -> Takedown | None:
        item = self._items.get(Key(f"CASE#{case_id}", "NOTICE"))
        return Takedown.model_validate(item) if item else None

    def reviewer(self, user_id: str) -> Reviewer | None:
        item = self._items.get(Key(f"REVIEWER#{user_id}", "PROFILE"))
        return Reviewer.model_validate(item) if item else None

    def add_reviewer(self, reviewer: Reviewer) -> None:
        """Raises ConditionFailed where the name is taken, or the person has one."""
        self._items.transact(
            [
                Put({"pk": f"PSEUDONYM#{reviewer.pseudonym}", "sk": "OWNER", "user_id": reviewer.user_id}, NEW),
                Put({"pk": f"REVIEWER#{reviewer.user_id}", "sk": "PROFILE", **reviewer.model_dump()}, NEW),
            ]
        )

    def shift_write(self, reviewer: Reviewer, shift: Shift) -> Write:
        """Conditional, so that two claims at once cannot both take the last of a budget."""
        fresh = reviewer.model_copy(update={"shift": shift, "version": reviewer.version + 1})
        item = {"pk": f"REVIEWER#{reviewer.user_id}", "sk": "PROFILE", **fresh.model_dump()}
        return Put(item, When(equals={"version": reviewer.version}))

    def notice_write(self, notice: Notice) -> Write:
        key = {"pk": f"USER#{notice.user_id}", "sk": f"NOTICE#{notice.at:012d}#{notice.id}"}
        return Put({**key, **notice.model_dump()})

    def notices(self, user_id: str) -> list[Notice]:
        """The newest hundred."""
        found = self._items.query(f"USER#{user_id}", Range(prefix="NOTICE#", newest_first=True))
        return [Notice.model_validate(item) for item in found]

    def statement_write(self, told: Statement, at: int) -> Write:
        key = {"pk": f"STATEMENT#{told['puid']}", "sk": "RECORD"}
        index = {"gsi1pk": f"STATEMENTS#{day_of(at)}", "gsi1sk": f"{at:012d}#{told['puid']}"}
        return Put({**key, **index, "statement": told}, NEW)

    def statement(self, puid: str) -> Statement:
        item = self._items.get(Key(f"STATEMENT#{puid}", "RECORD"))
        if item is None:
            raise Absent(f"there is no statement of reasons {puid}")
        told: Statement = item["statement"]
        return told

    def statements(self, day: str) -> list[Statement]:
        found = self._items.query_index("gsi1", f"STATEMENTS#{day}", Range(limit=1000))
        return [item["statement"] for item in found]

    def strike_write(self, strike: Strike) -> Write:
        return Put({"pk": f"USER#{strike.user_id}", "sk": f"STRIKE#{strike.id}", **strike.model_dump()})

    def strikes(self, user_id: str) -> list[Strike]:
        return [Strike.model_validate(item) for item in self._items.query(f"USER#{user_id}", Range(prefix="STRIKE#"))]

    def count_writes(self, at: int, amounts: Mapping[str, int]) -> list[Write]:
        return [Add(Key(f"COUNTS#{day_of(at)}", "ALL"), dict(amounts))] if amounts else []

    def counts(self, day: str) -> dict[str, int]:
        item = self._items.get(Key(f"COUNTS#{day}", "ALL")) or {}
        return {name: value for name, value in item.items() if name not in ("pk", "sk") and isinstance(value, int)}

    def closing_write(self, case: Case) -> Write:
        return Add(Key("BACKLOG", day_of(case.opened_at)), {"open": -1})

    def reopening_write(self, case: Case) -> Write:
        return Add(Key("BACKLOG", day_of(case.opened_at)), {"open": 1})

    def backlog(self) -> dict[str, int]:
        """How many cases wait, by the day they were opened."""
        found = self._items.query("BACKLOG", Range(limit=1000))
        return {item["sk"]: int(item.get("open", 0)) for item in found if item.get("open", 0) > 0}

    def copy_writes(self, video_id: str, sha256: str, mark: str | None) -> list[Write]:
        """Remember what bytes, or whose marked file, a clip was made from."""
        keys = [f"COPY#{sha256}", *([f"MARKED#{mark}"] if mark else [])]
        return [Put({"pk": key, "sk": video_id, "video_id": video_id}) for key in keys]

    def made_from(self, sha256s: Iterable[str], mark: str) -> set[str]:
        """Ids of clips that were made from one of these files, or from any file that carries this mark."""
        keys = [*(f"COPY#{each}" for each in sha256s), f"MARKED#{mark}"]
        return {item["video_id"] for key in keys for item in self._items.query(key, Range(limit=1000))}


def merged(writes: Sequence[Write]) -> list[Write]:
    """The same writes with all additions to one item made one, because a batch writes no item twice."""
    sums: dict[Key, Add] = {}
    others: list[Write] = []
    for write in writes:
        if not isinstance(write, Add):
            others.append(write)
            continue
        known = sums.get(write.key)
        amounts = dict(known.amounts) if known else {}
        for name, amount in write.amounts.items():
            amounts[name] = amounts.get(name, 0) + amount
        sums[write.key] = Add(write.key, amounts)
    return [*others, *sums.values()]


def place(case: Case) -> str:
    """Where a case stands in its queue, for paging."""
    return f"{max(case.rank, 0):012d}#{case.id}"


def _item_of(case: Case) -> Item:
    item: Item = {"pk": f"CASE#{case.id}", "sk": "RECORD", **case.model_dump(mode="json")}
    if case.status == "open":
        harm = case.category.value if case.category else "none"
        item |= {"gsi1pk": f"CASES#{harm}", "gsi1sk": place(case), "gsi2pk": "CASES#OPEN", "gsi2sk": place(case)}
    elif case.status == "decided" and case.decision:
        item |= {"gsi2pk": "CASES#DECIDED", "gsi2sk": f"{case.decision.effective_at:012d}#{case.id}"}
    return item


def _audited(case: Case, act: Act) -> tuple[Case, Put]:
    """The record one version on, and the entry that says who made it so."""
    number = case.version + 1
    entry = Entry(subject=f"case:{case.id}", number=number, previous=case.audit_head, **act.model_dump())
    fresh = case.model_copy(update={"version": number, "audit_head": entry.digest()})
    index = {"gsi1pk": f"AUDIT#REVIEW#{day_of(act.at)}", "gsi1sk": f"{act.at:012d}#{case.id}#{number:06d}"}
    key = {"pk": f"AUDIT#case:{case.id}", "sk": f"{number:08d}", **index}
    return fresh, Put({**key, **entry.model_dump(mode="json")}, NEW)


def day_of(at: int) -> str:
    """The UTC day of a time, as YYYY-MM-DD."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()
