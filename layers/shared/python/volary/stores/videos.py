"""Clips, their lineage, their screenings, their model calls and their audit entries, above `Items`.

VIDEO#id/RECORD            the record; gsi1 lists by owner; gsi2 by what waits: ACTIVE, HELD, or the PUBLIC feed
VIDEO#id/CHILD#time#child  one edge of the remix tree, written when the child is accepted
VIDEO#id/SCREEN#what       what a screening saw, for moderators only
VIDEO#id/REVIEW            the token of a held workflow
MARK#record/MARK           which clip an invisible mark belongs to; written once, kept for good
AUDIT#video:id/number      the audit book
CALL#id/CALL               a model call under way and, later, its answer
"""

from collections.abc import Sequence

from pydantic import TypeAdapter

from events.bus import EVENT, Event
from events.inference import FrameHash
from events.moderation import Line, Signal
from events.shapes import Shape
from events.workflow import GenerationState, Verdict
from volary.audit import Entry
from volary.errors import Absent
from volary.ports import NEW, Index, Item, Items, Key, Put, Range, When, Write
from volary.videos import Video

DAY = 86_400
SIGNALS: TypeAdapter[tuple[Signal, ...]] = TypeAdapter(tuple[Signal, ...])


class Act(Shape):
    """Who did what to a clip, for the audit book."""

    action: str
    actor: str
    at: int
    detail: str = ""


class Screening(Shape):
    """What one screening of one clip saw and how it was decided, kept for the people who review."""

    what: str
    verdict: Verdict
    category: str | None = None
    reasons: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()  # what no model looked for
    policy_version: str
    signals: tuple[Signal, ...] = ()
    transcript: str = ""
    lines: tuple[Line, ...] = ()  # the transcript in time
    frame_hashes: tuple[FrameHash, ...] = ()
    at: int


class Call(Shape):
    """A question to the media server and the workflow token that waits for its answer."""

    call_id: str
    video_id: str
    token: str
    state: GenerationState
    answered: GenerationState | None = None
    index_id: str | None = None  # the state of the faces' index that the clip must have been matched with


class Waiting(Shape):
    """A held workflow's token."""

    token: str
    state: GenerationState


def record_key(video_id: str) -> Key:
    return Key(f"VIDEO#{video_id}", "RECORD")


def item_of(video: Video) -> Item:
    item: Item = {"pk": f"VIDEO#{video.id}", "sk": "RECORD", **video.model_dump(mode="json")}
    if video.deleted_at is None:
        item |= {"gsi1pk": f"OWNER#{video.owner_id}", "gsi1sk": _moment(video.created_at, video.id)}
    if queue := _queue(video):
        item |= {"gsi2pk": queue[0], "gsi2sk": _moment(queue[1], video.id)}
    return item


def outbox(event: Event) -> Put:
    """The event as an item of the same transaction; the relay deletes it once it is delivered."""
    return Put({"pk": "OUTBOX", "sk": event.event_id, "event": EVENT.dump_python(event, mode="json")}, NEW)


def _moment(at: int, video_id: str) -> str:
    return f"{at:012d}#{video_id}"


def _queue(video: Video) -> tuple[str, int] | None:
    if video.is_public and video.posted_at is not None:
        return "PUBLIC", video.posted_at
    if video.has_ended:
        return None
    return ("HELD" if video.stage == "held" else "ACTIVE"), video.created_at


class Videos:
    def __init__(self, items: Items) -> None:
        self._items = items

    def get(self, video_id: str) -> Video:
        """Raises Absent; a tombstone is returned as the deleted video it is."""
        item = self._items.get(record_key(video_id))
        if item is None:
            raise Absent(f"there is no video {video_id}")
        return Video.model_validate(item)

    def add(self, video: Video, act: Act, events: Sequence[Event], more: Sequence[Write] = ()) -> Video:
        """Store a new clip with its first audit entry, its events and its edge to the parent, all or nothing."""
        fresh, entry = _audited(video.model_copy(update={"version": 0}), act)
        # The mark's row is NEW too: no two clips may ever carry the same one.
        mark = Put({"pk": f"MARK#{fresh.record}", "sk": "MARK", "video_id": fresh.id}, NEW)
        writes = [Put(item_of(fresh), NEW), entry, *map(outbox, events), *more, mark]
        if fresh.parent_id:
            edge = {"pk": f"VIDEO#{fresh.parent_id}", "sk": f"CHILD#{_moment(fresh.created_at, fresh.id)}"}
            writes.append(Put({**edge, "child_id": fresh.id}, NEW))
        self._items.transact(writes, token=fresh.id)
        return fresh

    def change(self, video: Video, act: Act, events: Sequence[Event] = (), more: Sequence[Write] = ()) -> Video:
        """Store the next state of a clip read at `video.version`; raises ConditionFailed if it moved meanwhile.

        The record is the first write, so a ConditionFailed with index 0 means a newer record.
        """
        fresh, writes = changing(video, act)
        self._items.transact([*writes, *map(outbox, events), *more])
        return fresh

    def by_mark(self, record: str) -> Video | None:
        """The clip whose invisible mark this is, deleted ones too; None for a mark that is not of this home."""
        item = self._items.get(Key(f"MARK#{record}", "MARK"))
        return self.get(item["video_id"]) if item else None

    def of_owner(self, owner_id: str, span: Range) -> list[Video]:
        return self._listed("gsi1", f"OWNER#{owner_id}", span)

    def public(self, span: Range) -> list[Video]:
        return self._listed("gsi2", "PUBLIC", span)

    def held(self, span: Range) -> list[Video]:
        return self._listed("gsi2", "HELD", span)

    def active(self, span: Range) -> list[Video]:
        return self._listed("gsi2", "ACTIVE", span)

    def children(self, video_id: str, span: Range) -> list[str]:
        edges = self._items.query(f"VIDEO#{video_id}", Range(prefix="CHILD#", after=span.after, limit=span.limit))
        return [edge["child_id"] for edge in edges]

    def audit(self, video_id: str) -> list[Entry]:
        entries: list[Entry] = []
        while page := self._items.query(
            f"AUDIT#video:{video_id}", Range(after=f"{entries[-1].number:08d}" if entries else None)
        ):
            entries += map(Entry.model_validate, page)
        return entries

    def screening_write(self, video_id: str, screening: Screening) -> Write:
        return Put({"pk": f"VIDEO#{video_id}", "sk": f"SCREEN#{screening.what}", **screening.model_dump(mode="json")})

    def screenings(self, video_id: str) -> list[Screening]:
        return [Screening.model_validate(i) for i in self._items.query(f"VIDEO#{video_id}", Range(prefix="SCREEN#"))]

    def call_write(self, call: Call, now: int) -> Write:
        item = {"pk": f"CALL#{call.call_id}", "sk": "CALL", **call.model_dump(mode="json", by_alias=True)}
        return Put({**item, "expires_at_s": now + 2 * DAY})

    def call(self, call_id: str) -> Call | None:
        item = self._items.get(Key(f"CALL#{call_id}", "CALL"))
        return Call.model_validate(item) if item else None

    def waiting_write(self, video_id: str, waiting: Waiting) -> Write:
        return Put({"pk": f"VIDEO#{video_id}", "sk": "REVIEW", **waiting.model_dump(mode="json", by_alias=True)})

    def waiting(self, video_id: str) -> Waiting | None:
        item = self._items.get(Key(f"VIDEO#{video_id}", "REVIEW"))
        return Waiting.model_validate(item) if item else None

    def _listed(self, index: Index, pk: str, span: Range) -> list[Video]:
        return [Video.model_validate(item) for item in self._items.query_index(index, pk, span)]


def position(video: Video) -> str:
    """Where a clip stands in its owner's list, for paging."""
    return _moment(video.created_at, video.id)


def feed_position(video: Video) -> str:
    """Where a posted clip stands in the feed, for paging."""
    return _moment(video.posted_at or 0, video.id)


def changing(video: Video, act: Act) -> tuple[Video, list[Write]]:
    """The next state of a clip read at `video.version`, and the writes that store it, for a larger transaction."""
    fresh, entry = _audited(video, act)
    return fresh, [Put(item_of(fresh), When(equals={"version": video.version})), entry]


def _audited(video: Video, act: Act) -> tuple[Video, Put]:
    """The record one version on, and the entry that says who made it so."""
    number = video.version + 1
    entry = Entry(subject=f"video:{video.id}", number=number, previous=video.audit_head, **act.model_dump())
    fresh = video.model_copy(update={"version": number, "audit_head": entry.digest()})
    key = {"pk": f"AUDIT#video:{video.id}", "sk": f"{number:08d}"}
    return fresh, Put({**key, **entry.model_dump(mode="json")}, NEW)
