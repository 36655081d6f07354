"""Likenesses, their consents, and which clips show whom, above `Items`.

LIKENESS#id/RECORD           enrolment; gsi1 lists by owner; gsi2 by what waits: LIKENESS_REVIEW
LIKENESS#id/CONSENT          the row that every read of a clip with this person asks, and every publication checks
LIKENESS#id/USE#time#clip    one clip that shows the person, written in the transaction that puts them into it
LIKENESS#id/IMPACT#v#clip    one clip that withdrawal `v` took down, and when
LIKENESS#id/CASCADE#v        how far withdrawal `v` has been carried out
LIKENESS#id/RECEIPT#v#id     a signed receipt of version `v`
PERSON#user/LIKENESS         the likeness that @handle means
RECEIPT#id/RECEIPT           whose receipt an id is, for the public status
CAPTURE#call/CALL            a capture under check
AUDIT#likeness:id/number     the audit book
"""

from collections.abc import Iterable, Sequence

from events.bus import Event
from events.shapes import Shape
from volary.audit import Entry
from volary.enrolment import Likeness
from volary.errors import Absent
from volary.likeness import UNKNOWN, Appearance, Consent, Scope, Standing
from volary.ports import EXPIRES, NEW, Check, Items, Key, Put, Range, Services, When, Write
from volary.stores.videos import DAY, Act, outbox
from volary.videos import Video

AT_ONCE = 100  # what one query of a partition returns here at most


class UseOf(Shape):
    """That a clip shows somebody."""

    video_id: str
    at: int


class Impact(Shape):
    """What one withdrawal did to one clip; `was` is its state just before."""

    video_id: str
    version: int
    at: int
    was: str


class Cascade(Shape):
    """How far one withdrawal is carried out: `after` is the last use looked at, `taken_down` counts clips."""

    version: int
    scope: Scope
    value: str = ""
    started_at: int
    after: str | None = None
    looked_at: int = 0
    taken_down: int = 0
    done_at: int | None = None


class StoredReceipt(Shape):
    """A receipt as it was signed; `jws` verifies offline."""

    receipt_id: str
    likeness_id: str
    kind: str
    version: int
    issued_at: int
    jws: str


def consent_key(likeness_id: str) -> Key:
    return Key(f"LIKENESS#{likeness_id}", "CONSENT")


def unmoved(consent: Consent) -> Check:
    """For any transaction that relies on a consent: it is still the very version that was judged."""
    return Check(consent_key(consent.likeness_id), When(equals={"version": consent.version}))


def standing_of(videos: Iterable[Video], services: Services) -> Standing:
    """What the read gate needs for these clips, read now; nothing is read for clips without people."""
    shown = [video for video in videos if video.people]
    if not shown:
        return UNKNOWN
    return Likenesses(services.items).standing(shown, int(services.clock.now().timestamp()))


def use_write(appearance: Appearance, video_id: str) -> Put:
    key = {"pk": f"LIKENESS#{appearance.likeness_id}", "sk": f"USE#{appearance.at:012d}#{video_id}"}
    return Put({**key, "video_id": video_id, "at": appearance.at})


class Likenesses:
    def __init__(self, items: Items) -> None:
        self._items = items

    def get(self, likeness_id: str) -> Likeness:
        item = self._items.get(Key(f"LIKENESS#{likeness_id}", "RECORD"))
        if item is None:
            raise Absent(f"there is no likeness {likeness_id}")
        return Likeness.model_validate(item)

    def owned(self, likeness_id: str, user_id: str | None) -> Likeness:
        """The person's own; Absent for anybody else's, so that ids tell nothing."""
        found = self.get(likeness_id)
        if found.owner_id != user_id:
            raise Absent(f"there is no likeness {likeness_id}")
        return found

    def of_owner(self, owner_id: str, span: Range) -> list[Likeness]:
        found = self._items.query_index("gsi1", f"LIKENESSES#{owner_id}", span)
        return [Likeness.model_validate(item) for item in found]

    def waiting(self, span: Range) -> list[Likeness]:
        """Captures that a person must look at, oldest first."""
        return [Likeness.model_validate(i) for i in self._items.query_index("gsi2", "LIKENESS_REVIEW", span)]

    def add(self, likeness: Likeness, act: Act) -> Likeness:
        return self.change(likeness.model_copy(update={"version": 0}), act, is_new=True)

    def change(
        self, likeness: Likeness, act: Act, more: Sequence[Write] = (), events: Sequence[Event] = (), *,
        is_new: bool = False,
    ) -> Likeness:  # fmt: skip
        """Store the next state of a record read at `likeness.version`; raises ConditionFailed if it moved."""
        fresh, entry = self._audited(likeness, act)
        when = NEW if is_new else When(equals={"version": likeness.version})
        self._items.transact([Put(_item(fresh), when), entry, *map(outbox, events), *more])
        return fresh

    def named(self, user_id: str) -> str | None:
        """The likeness that this person's @handle means."""
        item = self._items.get(Key(f"PERSON#{user_id}", "LIKENESS"))
        return item["likeness_id"] if item else None

    def kept(self, user_id: str) -> Likeness | None:
        """This person's likeness whose capture and templates are kept, granted or withdrawn. Attempts that came to
        nothing and erased ones are none: there is nothing of them to compare with."""
        named = self.named(user_id)
        found = self.get(named) if named else None
        return found if found and found.state in ("active", "withdrawn") else None

    def name_write(self, user_id: str, likeness_id: str) -> Put:
        return Put({"pk": f"PERSON#{user_id}", "sk": "LIKENESS", "likeness_id": likeness_id})

    def consent(self, likeness_id: str) -> Consent | None:
        """None before the first consent was given."""
        item = self._items.get(consent_key(likeness_id))
        return Consent.model_validate(item) if item else None

    def consent_write(self, consent: Consent, before: Consent | None) -> Put:
        """The next consent, on the condition that `before` still stands: the one write that flips everything."""
        key = consent_key(consent.likeness_id)
        when = When(equals={"version": before.version}) if before else NEW
        return Put({"pk": key.pk, "sk": key.sk, **consent.model_dump(mode="json")}, when)

    def standing(self, videos: Iterable[Video], now: int) -> Standing:
        """The consents of everybody in these clips, read now; one read for each person, none for clips without."""
        ids = {each.likeness_id for video in videos for each in video.people}
        found = {likeness_id: self.consent(likeness_id) for likeness_id in sorted(ids)}
        return Standing({likeness_id: consent for likeness_id, consent in found.items() if consent}, now)

    def uses(self, likeness_id: str, span: Range) -> list[tuple[str, UseOf]]:
        """Clips that show the person, oldest first, each with its place for paging."""
        found = self._items.query(f"LIKENESS#{likeness_id}", _within("USE#", span))
        return [(item["sk"], UseOf.model_validate(item)) for item in found]

    @staticmethod
    def impact_write(likeness_id: str, impact: Impact) -> Put:
        key = {"pk": f"LIKENESS#{likeness_id}", "sk": f"IMPACT#{impact.version:08d}#{impact.video_id}"}
        return Put({**key, **impact.model_dump(mode="json")})

    def impacts(self, likeness_id: str, span: Range) -> list[Impact]:
        """What withdrawals took down, the first withdrawal's first; `span.after` is an `impact_place`."""
        found = self._items.query(f"LIKENESS#{likeness_id}", _within("IMPACT#", span))
        return [Impact.model_validate(item) for item in found]

    def count_impacts(self, likeness_id: str, version: int) -> int:
        """How many clips one withdrawal took down so far, counted row by row."""
        prefix, count, after = f"IMPACT#{version:08d}#", 0, None
        while page := self._items.query(f"LIKENESS#{likeness_id}", Range(prefix=prefix, after=after, limit=1_000)):
            count, after = count + len(page), page[-1]["sk"]
        return count

    def cascade_write(self, likeness_id: str, cascade: Cascade, before: Cascade | None) -> Put:
        when = When(equals={"after": before.after, "done_at": before.done_at}) if before else NEW
        key = {"pk": f"LIKENESS#{likeness_id}", "sk": f"CASCADE#{cascade.version:08d}"}
        return Put({**key, **cascade.model_dump(mode="json")}, when)

    def cascade(self, likeness_id: str, version: int) -> Cascade | None:
        item = self._items.get(Key(f"LIKENESS#{likeness_id}", f"CASCADE#{version:08d}"))
        return Cascade.model_validate(item) if item else None

    def cascades(self, likeness_id: str) -> list[Cascade]:
        """The newest first, a hundred at most."""
        span = Range(prefix="CASCADE#", newest_first=True, limit=AT_ONCE)
        return [Cascade.model_validate(item) for item in self._items.query(f"LIKENESS#{likeness_id}", span)]

    def receipt_writes(self, receipt: StoredReceipt) -> list[Write]:
        sk = f"RECEIPT#{receipt.version:08d}#{receipt.receipt_id}"
        own = {"pk": f"LIKENESS#{receipt.likeness_id}", "sk": sk, **receipt.model_dump(mode="json")}
        public = {"pk": f"RECEIPT#{receipt.receipt_id}", "sk": "RECEIPT", "likeness_id": receipt.likeness_id}
        return [Put(own, NEW), Put({**public, "version": receipt.version}, NEW)]

    def receipts(self, likeness_id: str) -> list[StoredReceipt]:
        span = Range(prefix="RECEIPT#", newest_first=True, limit=AT_ONCE)
        return [StoredReceipt.model_validate(i) for i in self._items.query(f"LIKENESS#{likeness_id}", span)]

    def by_receipt(self, receipt_id: str) -> tuple[Consent, int]:
        """The consent as it stands today and the version that the receipt was issued for; raises Absent."""
        item = self._items.get(Key(f"RECEIPT#{receipt_id}", "RECEIPT"))
        consent = self.consent(item["likeness_id"]) if item else None
        if item is None or consent is None:
            raise Absent(f"there is no receipt {receipt_id}")
        return consent, int(item["version"])

    def capture_write(self, call_id: str, likeness_id: str, now: int) -> Put:
        return Put({"pk": f"CAPTURE#{call_id}", "sk": "CALL", "likeness_id": likeness_id, EXPIRES: now + DAY}, NEW)

    def captured(self, call_id: str) -> str | None:
        """Whose capture this call checks; None for a call that is none of ours."""
        item = self._items.get(Key(f"CAPTURE#{call_id}", "CALL"))
        return item["likeness_id"] if item else None

    def is_checked_by(self, call_id: str) -> bool:
        """Whether a capture waits for the answer to this call."""
        likeness_id = self.captured(call_id)
        record = self.get(likeness_id) if likeness_id else None
        return record is not None and record.state == "checking" and record.call_id == call_id

    def audit(self, likeness_id: str) -> list[Entry]:
        entries: list[Entry] = []
        while page := self._items.query(
            f"AUDIT#likeness:{likeness_id}", Range(after=f"{entries[-1].number:08d}" if entries else None)
        ):
            entries += map(Entry.model_validate, page)
        return entries

    def _audited(self, likeness: Likeness, act: Act) -> tuple[Likeness, Put]:
        number = likeness.version + 1
        subject = f"likeness:{likeness.id}"
        entry = Entry(subject=subject, number=number, previous=likeness.audit_head, **act.model_dump())
        fresh = likeness.model_copy(update={"version": number, "audit_head": entry.digest()})
        key = {"pk": f"AUDIT#{subject}", "sk": f"{number:08d}"}
        return fresh, Put({**key, **entry.model_dump(mode="json")}, NEW)


def position(likeness: Likeness) -> str:
    """Where a likeness stands in its owner's list, for paging."""
    return f"{likeness.created_at:012d}#{likeness.id}"


def impact_place(impact: Impact) -> str:
    return f"IMPACT#{impact.version:08d}#{impact.video_id}"


def _item(likeness: Likeness) -> dict[str, object]:
    item = {"pk": f"LIKENESS#{likeness.id}", "sk": "RECORD", **likeness.model_dump(mode="json")}
    item |= {"gsi1pk": f"LIKENESSES#{likeness.owner_id}", "gsi1sk": position(likeness)}
    if likeness.state == "review":
        item |= {"gsi2pk": "LIKENESS_REVIEW", "gsi2sk": position(likeness)}
    return item


def _within(prefix: str, span: Range) -> Range:
    return Range(prefix=prefix, after=span.after, limit=span.limit, newest_first=span.newest_first)
