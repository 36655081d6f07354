"""Notices by anybody and reports by users: each opens a case with its law's clock, whoever it comes from."""

import re
from typing import Any

from volary.accounts import Viewer
from volary.errors import Absent, ConditionFailed, Conflict, TooMany
from volary.ports import Add, Key, Services, When
from volary.review import notices
from volary.review.cases import RESTRICTIVE, Case
from volary.review.clocks import MARGIN, OF_GROUND, Ground, Kind, law_for, severity
from volary.review.notices import Takedown
from volary.stores.reviews import Reviews, day_of
from volary.stores.transparency import Transparency
from volary.stores.videos import Act, Videos
from volary.videos import Video

from functions.review.cases import now_of
from functions.review.outcome import log_act

NAMED = re.compile(r"video_[A-Za-z0-9_-]{8,120}")
SHA256 = re.compile(r"[0-9a-f]{64}")
MARK = re.compile(r"[0-9a-f]{16}")
MOST_A_DAY = 50  # notices about one clip


def receive(asked: Takedown, services: Services) -> Case:
    """The case of a notice. Raises Invalid for a void one, Absent where it names no clip of ours, TooMany."""
    notices.checked(asked)
    video, now = named(asked.content, services), now_of(services)
    _demand_measure(video, now, services)
    case = _case(video, "notice", asked.ground, asked.region, services)
    store = Reviews(services.items)
    logged = log_act(case, "notice.received", services, now)
    act = Act(action="noticed", actor="anybody", at=now, detail=f"{asked.ground}, {asked.region}")
    more = [store.takedown_write(case.id, asked), *Transparency(services.items).writes(logged)]
    services.items.transact([*store.opening_writes(case, act), *more])
    return case


def report(video: Video, ground: Ground, text: str, viewer: Viewer, services: Services) -> Case:
    """The case of a user's report; the same person reports a clip once. Raises Conflict for a second time."""
    now = now_of(services)
    case = _case(video, "report", ground, "US", services)
    case = case.model_copy(update={"barred": (viewer.user_id or "",)})
    act = Act(action="reported", actor=viewer.user_id or "", at=now, detail=text[:500])
    store = Reviews(services.items)
    try:
        services.items.transact([*store.opening_writes(case, act), *store.reported_writes(case, text)])
    except ConditionFailed as known:
        raise Conflict(f"you have reported {video.id} already", code="already_reported") from known
    return case


def reported(case: Case, services: Services) -> dict[str, Any] | None:
    """What a report says and how earlier ones of the same person ended, for who decides it; never who they are."""
    if case.kind != "report" or not case.barred:
        return None
    store = Reviews(services.items)
    earlier = [each for each in store.reports_by(case.barred[0]) if each.id != case.id]
    ended = [each.decision.action in RESTRICTIVE for each in earlier if each.decision and each.status == "done"]
    return {"words": store.reported(case), "earlier": len(earlier), "decided": len(ended), "upheld": sum(ended)}


def named(content: str, services: Services) -> Video:
    """The clip that an address, an id, a file's SHA-256 or our mark leads to. Raises Absent."""
    store, text = Videos(services.items), content.strip()
    if found := NAMED.search(text):
        video: Video | None = store.get(found.group())
    elif SHA256.fullmatch(text.lower()):
        ids = sorted(Reviews(services.items).made_from([text.lower()], ""))
        video = store.get(ids[0]) if ids else None
    else:
        video = store.by_mark(text.lower()) if MARK.fullmatch(text.lower()) else None
    if video is None or video.deleted_at is not None:
        raise Absent("no clip of ours is named: give its address, its id, its SHA-256, or its mark", param="content")
    return video


def _case(video: Video, kind: Kind, ground: Ground, region: str, services: Services) -> Case:
    now, law, category = now_of(services), law_for(kind, ground, region), OF_GROUND.get(ground)
    due_at = now + law.seconds
    return Case(
        id=services.ids.new(kind),
        kind=kind,
        subject=video.id,
        author_id=video.owner_id,
        category=category,
        ground=ground,
        severity=severity(category),
        law=law.basis,
        hides_at=due_at - min(MARGIN, law.seconds // 2) if law.hides else None,
        opened_at=now,
        due_at=due_at,
    )


def _demand_measure(video: Video, now: int, services: Services) -> None:
    key = Key(f"NOTICES#{video.id}", day_of(now))
    item = services.items.get(key)
    if item and int(item["count"]) >= MOST_A_DAY:
        raise TooMany(f"{video.id} was noticed {MOST_A_DAY} times today; it is being looked at", retry_after=3_600)
    services.items.write(Add(key, {"count": 1}, When()))
