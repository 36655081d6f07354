"""Parameters, their history, what a feed showed, and what ranking knows of clips, above `Items`.

USER#id/FEED               the parameters that stand, and which changes can be undone
USER#id/FEEDWAS#version    the parameters before that change, and the words that made it
USER#id/FEEDTIES           whom the person makes things with or follows
USER#id/FEEDVIEW#id        one order as it was drawn, so that its pages neither repeat nor skip; goes after a day
USER#id/SHOWN#day          how many clips a teenager was shown that day
USER#id/SHOWN#day#clip     one of them, so that it counts once
VIDEO#id/FEEDFACTS         what ranking knows of a clip; gsi1 lists the newest
VIDEO#id/REMAKER#person    somebody made something from it
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from events.shapes import Shape
from volary.errors import ConditionFailed, Conflict
from volary.ports import NEW, Add, Item, Items, Key, Put, Range, When
from volary.ranking import Ties
from volary.steering.parameters import Parameters

DAY = 86_400
MOST_UNDOS = 50
MOST_TIES = 200


class State(Shape):
    """`undoable` are the versions whose changes can still be taken back, the latest last; `locked_by` is the guardian
    who keeps it without personalisation.
    """

    parameters: Parameters = Parameters()
    version: int = 0
    undoable: tuple[int, ...] = ()
    time_zone: str = "UTC"
    zone_since: int = 0
    locked_by: str | None = None


class Change(Shape):
    """One change of the parameters: `said` is an instruction, or what was done by hand."""

    version: int
    at: int
    said: str
    before: Parameters


class Facts(Shape):
    """A clip as ranking sees it: `vector` are 512 half floats in base64."""

    video_id: str
    owner_id: str
    root_id: str
    seconds: int
    is_remix: bool
    completed_at: int
    topics: dict[str, float]
    vector: str
    remakers: int = 0
    language: str = ""  # of its words; empty in what an earlier version placed
    depth: int = 0  # how many clips it descends from


Why = tuple[tuple[str, float, str], ...]  # term, value, what it stands for


@dataclass(frozen=True)
class View:
    """An order that was drawn: clip ids with their scores' terms.

    It is kept as one string, because a store looks at every value of an item and this one has thousands.
    """

    id: str
    order: tuple[tuple[str, Why], ...]
    people: tuple[str, ...] = ()  # the likenesses in these clips, so that their consents are read with the clips
    version: int = -1  # of the parameters that it was drawn with
    makers: tuple[str, ...] = ()  # whose clip each one is, so that their names are read with the clips

    def kept(self) -> dict[str, Any]:
        order = json.dumps(self.order, separators=(",", ":"))
        made = json.dumps(self.makers, separators=(",", ":"))
        return {"id": self.id, "order": order, "people": list(self.people), "version": self.version, "makers": made}

    @classmethod
    def told(cls, item: Item) -> "View":
        """Of an item, also one that an earlier version kept as a list."""
        order = json.loads(item["order"]) if isinstance(item["order"], str) else item["order"]
        drawn = tuple((clip, tuple(map(tuple, why))) for clip, why in order)
        made = tuple(json.loads(item.get("makers", "[]")))
        return cls(item["id"], drawn, tuple(item["people"]), item.get("version", -1), made)


@dataclass(frozen=True)
class Opening:
    """What a person's page begins with."""

    state: State
    ties: Ties
    view: View | None = None

    @classmethod
    def told(cls, found: dict[Key, Item], user_id: str, view_id: str | None) -> "Opening":
        """Of the items at `opening_keys`, among others or not."""
        state, ties, view = (
            found.get(Key(f"USER#{user_id}", sk)) for sk in ("FEED", "FEEDTIES", f"FEEDVIEW#{view_id}")
        )
        return cls(
            state=State.model_validate(state) if state else State(),
            ties=Ties.model_validate(ties) if ties else Ties(),
            view=View.told(view) if view else None,
        )


def opening_keys(user_id: str, view_id: str | None) -> list[Key]:
    pk = f"USER#{user_id}"
    return [Key(pk, "FEED"), Key(pk, "FEEDTIES"), *([Key(pk, f"FEEDVIEW#{view_id}")] if view_id else [])]


def facts_key(video_id: str) -> Key:
    return Key(f"VIDEO#{video_id}", "FEEDFACTS")


class Feeds:
    def __init__(self, items: Items) -> None:
        self._items = items

    def state(self, user_id: str) -> State:
        item = self._items.get(Key(f"USER#{user_id}", "FEED"))
        return State.model_validate(item) if item else State()

    def change(self, user_id: str, state: State, parameters: Parameters, said: str, now: int) -> State:
        """Store new parameters and what was before them; raises ConditionFailed if they moved meanwhile."""
        version = state.version + 1
        was = Change(version=version, at=now, said=said, before=state.parameters)
        undoable = (*state.undoable, version)[-MOST_UNDOS:]
        fresh = state.model_copy(update={"parameters": parameters, "version": version, "undoable": undoable})
        self._store(user_id, fresh, state.version, was)
        return fresh

    def settle(self, user_id: str, state: State, locked_by: str | None, now: int) -> State:
        """Lock personalisation away, or open it again; it stands in the history, and undoing is not for the ward."""
        version = state.version + 1
        said = "a guardian switched personalisation off" if locked_by else "a guardian let personalisation be"
        was = Change(version=version, at=now, said=said, before=state.parameters)
        parameters = state.parameters.model_copy(update={"personalised": locked_by is None})
        fresh = state.model_copy(update={"parameters": parameters, "version": version, "locked_by": locked_by})
        self._store(user_id, fresh, state.version, was)
        return fresh

    def undo(self, user_id: str, state: State, now: int) -> State:
        """Put back exactly what was before the last change that was not undone. Raises Conflict where there is none."""
        if not state.undoable:
            raise Conflict("there is no change left to undo", code="nothing_to_undo")
        undone = self._items.get(Key(f"USER#{user_id}", f"FEEDWAS#{state.undoable[-1]:08d}"))
        assert undone is not None, f"change {state.undoable[-1]} of {user_id} is on record"
        before = Change.model_validate(undone).before
        version = state.version + 1
        fresh = state.model_copy(update={"parameters": before, "version": version, "undoable": state.undoable[:-1]})
        self._store(
            user_id, fresh, state.version, Change(version=version, at=now, said="undo", before=state.parameters)
        )
        return fresh

    def _store(self, user_id: str, fresh: State, expected: int, was: Change) -> None:
        pk = f"USER#{user_id}"
        unmoved = When(equals={"version": expected}) if expected else NEW
        self._items.transact(
            [
                Put({"pk": pk, "sk": "FEED", **fresh.model_dump(mode="json")}, unmoved),
                Put({"pk": pk, "sk": f"FEEDWAS#{was.version:08d}", **was.model_dump(mode="json")}, NEW),
            ]
        )

    def history(self, user_id: str, span: Range) -> list[Change]:
        """Changes, newest first; `after` is a version."""
        after = f"FEEDWAS#{int(span.after):08d}" if span.after else None
        found = self._items.query(f"USER#{user_id}", Range("FEEDWAS#", after, span.limit, newest_first=True))
        return [Change.model_validate(item) for item in found]

    def opening(self, user_id: str, view_id: str | None = None) -> "Opening":
        """Everything about a person that a page needs, in one read."""
        return Opening.told(self._items.get_many(opening_keys(user_id, view_id)), user_id, view_id)

    def ties(self, user_id: str) -> Ties:
        item = self._items.get(Key(f"USER#{user_id}", "FEEDTIES"))
        return Ties.model_validate(item) if item else Ties()

    def tie(self, user_id: str, companion: str, root_id: str) -> None:
        """Note that two people took part in one lineage; noting it again changes nothing."""
        known = self.ties(user_id)
        companions = [*sorted(known.companions - {companion}), companion][-MOST_TIES:]
        lineages = [*sorted(known.lineages - {root_id}), root_id][-MOST_TIES:]
        self._keep_ties(user_id, companions, lineages, sorted(known.following))

    def note_following(self, user_id: str, followed: str, wanted: bool) -> None:
        """Keep whom somebody follows where a page reads it; the last MOST_TIES of them."""
        known = self.ties(user_id)
        following = [*sorted(known.following - {followed}), *([followed] if wanted else [])][-MOST_TIES:]
        self._keep_ties(user_id, sorted(known.companions), sorted(known.lineages), following)

    def _keep_ties(self, user_id: str, companions: list[str], lineages: list[str], following: list[str]) -> None:
        ties = {"companions": companions, "lineages": lineages, "following": following}
        self._items.write(Put({"pk": f"USER#{user_id}", "sk": "FEEDTIES", **ties}))

    def keep_view(self, user_id: str, view: View, now: int) -> None:
        key = {"pk": f"USER#{user_id}", "sk": f"FEEDVIEW#{view.id}", "expires_at_s": now + DAY}
        self._items.write(Put({**key, **view.kept()}))

    def view(self, user_id: str, view_id: str) -> View | None:
        item = self._items.get(Key(f"USER#{user_id}", f"FEEDVIEW#{view_id}"))
        return View.told(item) if item else None

    def count_shown(self, user_id: str, day: str, clips: Sequence[str], now: int) -> None:
        """Count each clip once a day, however many devices report it."""
        for clip in clips:
            once = {"pk": f"USER#{user_id}", "sk": f"SHOWN#{day}#{clip}", "expires_at_s": now + 3 * DAY}
            try:
                self._items.transact([Put(once, NEW), Add(Key(f"USER#{user_id}", f"SHOWN#{day}"), {"count": 1})])
            except ConditionFailed:
                continue

    def shown(self, user_id: str, day: str) -> int:
        item = self._items.get(Key(f"USER#{user_id}", f"SHOWN#{day}"))
        return int(item["count"]) if item else 0

    def place(self, facts: Facts) -> None:
        """Keep what is known of a clip; a second time keeps the count of people who built on it."""
        key = facts_key(facts.video_id)
        before = self._items.get(key)
        if before is not None:
            facts = facts.model_copy(update={"remakers": before.get("remakers", 0)})
        place = {"gsi1pk": "FEEDFACTS", "gsi1sk": f"{facts.completed_at:012d}#{facts.video_id}"}
        self._items.write(Put({"pk": key.pk, "sk": key.sk, **place, **facts.model_dump(mode="json")}))

    def note_remaker(self, video_id: str, person: str) -> None:
        """Count a person once, however much they make from a clip."""
        if self._items.get(Key(f"VIDEO#{video_id}", "FEEDFACTS")) is None:
            return
        mark = Put({"pk": f"VIDEO#{video_id}", "sk": f"REMAKER#{person}"}, NEW)
        try:
            self._items.transact([mark, Add(Key(f"VIDEO#{video_id}", "FEEDFACTS"), {"remakers": 1}, When(exists=True))])
        except ConditionFailed:
            return

    def facts(self, span: Range) -> list[Facts]:
        """Those of the newest clips."""
        return [Facts.model_validate(item) for item in self._items.query_index("gsi1", "FEEDFACTS", span)]

    def facts_of(self, video_id: str) -> Facts | None:
        item = self._items.get(Key(f"VIDEO#{video_id}", "FEEDFACTS"))
        return Facts.model_validate(item) if item else None
