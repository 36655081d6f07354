"""The parameters of a feed: the wishes that stand, how a new instruction changes them, and how long each one holds.

Pure. `volary.steering/1` is the format in which they are exported and imported: the same parameters, candidates and
seed give the same order anywhere.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from events.shapes import Shape
from volary.errors import Invalid
from volary.steering.clauses import Clause
from volary.steering.compiler import Understanding

MOST_ENTRIES = 100
SESSION = timedelta(hours=4)
NIGHT_ENDS = time(6)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OPPOSED = {
    "keep": {"keep"},
    "more": {"more", "less", "block", "keep", "unblock"},
    "less": {"more", "less", "only", "keep", "unblock"},
    "block": {"more", "less", "block", "only", "keep", "unblock"},
    "only": {"more", "less", "block", "only", "keep", "unblock"},
}


class Entry(Shape):
    """A wish that stands since `since` and, unless None, until `until` (epoch seconds)."""

    clause: Clause
    since: int
    until: int | None = None


class Parameters(Shape):
    """All wishes of one person, oldest first."""

    format: Literal["volary.steering/1"] = "volary.steering/1"
    entries: tuple[Entry, ...] = Field(default=(), max_length=MOST_ENTRIES)
    personalised: bool = True


def standing(parameters: Parameters, now: int) -> tuple[Clause, ...]:
    """The clauses that hold at this moment."""
    return tuple(entry.clause for entry in parameters.entries if entry.until is None or now < entry.until)


def apply(parameters: Parameters, said: Understanding, at: datetime, zone: str = "UTC") -> Parameters:
    """The parameters after an instruction; a refusal, a question and small talk change nothing. Undo is history's."""
    entries = parameters.entries
    now = int(at.timestamp())
    for clause in said.clauses if said.kind in ("steer", "reset") else ():
        match clause.op:
            case "reset":
                entries = _without(entries, clause.labels) if clause.labels else ()
            case "keep":
                entries = _excepted(_without(entries, clause.labels, {"less", "block"}), clause, now)
            case "unblock":
                entries = _without(entries, clause.labels, {"less", "block"})
            case "more" | "less" | "block" | "only" | "facet":
                entries = _added(entries, Entry(clause=clause, since=now, until=ends(clause.scope, at, zone)))
            case "undo" | "noop" | "query" | "reject":
                pass
    living = _needed(entry for entry in entries if entry.until is None or now < entry.until)
    if len(living) > MOST_ENTRIES:
        raise Invalid(f"{len(living)} wishes are more than {MOST_ENTRIES}; take some away first", param="text")
    return parameters.model_copy(update={"entries": living})


def _excepted(entries: tuple[Entry, ...], keep: Clause, now: int) -> tuple[Entry, ...]:
    """What is kept by its own words, under no topic, stands as an exception to what is turned away."""
    targets = tuple(target for target in keep.targets if target.vector and not target.topics)
    exception = Entry(clause=keep.model_copy(update={"targets": targets}), since=now)
    return _added(entries, exception) if targets else entries


def _needed(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Without exceptions to nothing."""
    kept = tuple(entries)
    turns_away = any(entry.clause.op in ("less", "block") for entry in kept)
    return tuple(entry for entry in kept if turns_away or entry.clause.op != "keep")


def _added(entries: Sequence[Entry], fresh: Entry) -> tuple[Entry, ...]:
    """The newer word wins over every earlier one on the same target."""
    clause = fresh.clause
    if clause.op == "facet":
        families = {family for target in clause.targets for family in _families(target.words)}
        kept = [
            e
            for e in entries
            if e.clause.op != "facet" or families.isdisjoint(f for t in e.clause.targets for f in _families(t.words))
        ]
        return (*kept, fresh)
    return (*_without(entries, clause.labels, OPPOSED[clause.op]), fresh)


def _families(facet: str) -> set[str]:
    """What only one wish may stand for: one language is asked for at a time, and each is asked for or turned away."""
    kind = facet.rpartition("_")[0]
    return {kind, facet} if kind in ("language", "format") else {kind}


def _without(entries: Iterable[Entry], labels: Sequence[str], ops: set[str] | None = None) -> tuple[Entry, ...]:
    """Entries with these targets taken out of those of `ops`; an entry that loses its last target goes."""
    kept = []
    for entry in entries:
        clause = entry.clause
        if (ops is None or clause.op in ops) and set(clause.labels) & set(labels):
            left = tuple(target for target in clause.targets if not set(target.labels) & set(labels))
            if left:
                kept.append(entry.model_copy(update={"clause": clause.model_copy(update={"targets": left})}))
        else:
            kept.append(entry)
    return tuple(kept)


def ends(scope: str, at: datetime, zone: str) -> int | None:
    """When a wish of this scope ends for somebody in `zone`; None for one that stays. Raises Invalid for no zone."""
    here = at.astimezone(zone_of(zone))
    name, _, detail = scope.partition(":")
    match name:
        case "session":
            end = here + SESSION
        case "hours":
            end = here + timedelta(hours=float(detail))
        case "tonight":
            days = 0 if here.time() < NIGHT_ENDS else 1
            end = datetime.combine(here.date() + timedelta(days=days), NIGHT_ENDS, here.tzinfo)
        case "today":
            end = _midnight(here, 1)
        case "week" | "weekend":
            end = _midnight(here, 7 - here.weekday())
        case "until":
            ahead = (WEEKDAYS.index(detail) - here.weekday() - 1) % 7 + 1 if detail in WEEKDAYS else 7
            end = _midnight(here, ahead)
        case _:
            return None
    return int(end.astimezone(UTC).timestamp())


def _midnight(here: datetime, days: int) -> datetime:
    return datetime.combine(here.date() + timedelta(days=days), time(), here.tzinfo)


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as problem:
        raise Invalid(
            f"the time zone {name[:80]!r} is not an IANA name such as Europe/Paris", param="time_zone"
        ) from problem
