"""Makes decisions take effect: clips hidden with their copies and remixes, shown again, deleted, accounts suspended.

Each clip is changed in a transaction of its own and changing it twice does nothing, so a crash half-way is gone over
again; the case itself is closed last, together with everything that is owed for the decision.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

from volary import videos
from volary.audiences import Limit
from volary.errors import Absent, ConditionFailed
from volary.ports import Range, Services, Write
from volary.review import cases
from volary.review.cases import Case, Decision
from volary.stores.accounts import Accounts
from volary.stores.reviews import Reviews
from volary.stores.transparency import Transparency
from volary.stores.videos import Act, Videos
from volary.videos import Video

from events.bus import Event, ReviewDecided, VideoDeleted, VideoHidden
from functions.generation.steps import audience
from functions.review.outcome import closing, log_act, told

MOST_RELATIVES = 1_000
SYSTEM = "system"


def take_effect(case: Case, services: Services) -> Case:
    """The closed case. Raises ConditionFailed when something moved meanwhile: the next call goes over it again."""
    at = services.clock.now()
    now, decision = int(at.timestamp()), _decision(case)
    hid, more = case.hid, list[Write]()
    match decision.action if case.kind != "sample" else "keep":
        case "release" | "reject":
            return _answer_held(case, decision, services)
        case "remove":
            hid = _hide(case, relatives(case.subject, services), services)
        case "erase":
            hid = _hide(case, relatives(case.subject, services), services)
            _erase(case, services)
        case "suspend":
            hid = _hide(case, [case.subject], services)
            more = _standing(case.author_id, "suspended", services)
        case "keep":
            _show(case.hid, case.id, services)
            hid = ()
        case "overturn":
            more = overturn(Reviews(services.items).get(case.of or ""), services)
        case "uphold":
            pass
    return close(cases.done(case, hid), services, now, more)


def close(case: Case, services: Services, now: int, more: Iterable[Write] = ()) -> Case:
    """Write the case as done, with its statement, notice, log entry, strike and counts."""
    fresh, writes = _closed(case, services, now)
    services.items.transact([*writes, *more])
    return fresh


def hide_in_time(case: Case, services: Services, now: int) -> Case:
    """Nobody decided yet and the clock runs out: hidden until somebody does."""
    store = Reviews(services.items)
    if case.status != "open" or case.hid:
        services.items.write(store.hidden_write(case))
        return case
    hid = _hide(case, relatives(case.subject, services), services)
    after = case.model_copy(update={"hid": hid})
    logged = log_act(after, "review.hidden", services, now)
    more = [*Transparency(services.items).writes(logged), store.hidden_write(case)]
    act = Act(action="hidden before the clock ran out", actor=SYSTEM, at=now, detail=f"{len(hid)} clips")
    return store.change(after, act, [*more, told(after, "remove", logged.id, services, now)])


def take_back(case: Case, before: Case, services: Services, now: int) -> list[Write]:
    """What undoing a decision that took effect needs: clips shown again, the strike lifted, all of it said."""
    store = Reviews(services.items)
    _show(before.hid, case.id, services)
    logged = log_act(case, "review.undone", services, now)
    return [
        *Transparency(services.items).writes(logged),
        *_lifted(case.id, case.author_id, services),
        store.reopening_write(case),
        *store.count_writes(now, {"undone": 1}),
        told(case, "overturn", logged.id, services, now),
    ]


def overturn(original: Case, services: Services) -> list[Write]:
    """What a won appeal gives back. What was deleted, or never finished, cannot come back."""
    decision = original.decision
    _show(original.hid, original.id, services)
    writes: list[Write] = [*_lifted(original.id, original.author_id, services)]
    if decision and decision.action == "suspend":
        writes += _standing(original.author_id, "active", services)
    return writes


def relatives(video_id: str, services: Services) -> list[str]:
    """The clip, its identical copies by content hash and by our mark, and every remix of any of them."""
    store, reviews = Videos(services.items), Reviews(services.items)
    found: list[str] = []
    waiting = [video_id]
    while waiting and len(found) < MOST_RELATIVES:
        each = waiting.pop()
        if each in found:
            continue
        found.append(each)
        try:
            video = store.get(each)
        except Absent:
            continue
        hashes = [known.sha256 for known in (video.made, video.signature) if known]
        waiting += [*store.children(each, Range(limit=MOST_RELATIVES)), *reviews.made_from(hashes, video.record)]
    return found


def _answer_held(case: Case, decision: Decision, services: Services) -> Case:
    """A held clip goes on to be signed, or ends; one that was deleted meanwhile stays so."""
    at = services.clock.now()
    store, now = Videos(services.items), int(at.timestamp())
    video = store.get(case.subject)
    is_waiting = video.stage == "held" and not video.has_ended and video.gate == "hold"
    review: Literal["release", "reject"] = "release" if decision.action == "release" else "reject"
    fresh, writes = _closed(cases.done(case), services, now)
    if not is_waiting:
        services.items.transact(writes)
        return fresh
    event = ReviewDecided(event_id=f"{video.id}.reviewed.{video.version}", at=at, video_id=video.id, review=review)
    gate = "pass" if review == "release" else "block"
    act = Act(action=f"review: {review}", actor=decision.by, at=now, detail=decision.explanation[:500])
    after = video.model_copy(update={"gate": gate, "limits": _still_kept_from(video, services)})
    store.change(after, act, [event], writes)
    return fresh


def _still_kept_from(video: Video, services: Services) -> tuple[Limit, ...]:
    """The limits without those of the maker's own age and region: a person has judged the clip for these."""
    maker = audience(video, services)
    return tuple(limit for limit in video.limits if not limit.applies(maker))


def _closed(case: Case, services: Services, now: int) -> tuple[Case, list[Write]]:
    store = Reviews(services.items)
    act = Act(action=f"took effect: {_decision(case).action}", actor=SYSTEM, at=now)
    fresh, writes = store.change_writes(case, act)
    unhide = [store.hidden_write(case)] if case.hides_at is not None else []
    return fresh, [*writes, *closing(case, services, now), *unhide]


def _hide(case: Case, ids: Iterable[str], services: Services) -> tuple[str, ...]:
    """Hide what is not hidden; returns the clips that this case hides, those of an earlier attempt included."""
    hidden = []
    for each in ids:
        video = _changed(each, lambda video: videos.hide(video, case.id), f"hidden by {case.id}", services)
        if video is not None and video.hidden_by == case.id:
            hidden.append(video.id)
    return tuple(hidden)


def _show(ids: Iterable[str], case_id: str, services: Services) -> None:
    for each in ids:
        _changed(each, lambda video: videos.show(video, case_id), f"shown again by {case_id}", services)


def _changed(video_id: str, change: Callable[[Video], Video], action: str, services: Services) -> Video | None:
    """The clip after a change, or as it is where the change changes nothing; None where it is gone."""
    store = Videos(services.items)
    try:
        before = store.get(video_id)
    except Absent:
        return None
    after = change(before)
    if before.deleted_at is not None or after == before:
        return before
    at = services.clock.now()
    act = Act(action=action, actor=SYSTEM, at=int(at.timestamp()))
    return store.change(after, act, _hidden(after, at))


def _hidden(video: Video, at: datetime) -> list[Event]:
    """What is told of a clip that is about to be changed, where the change hides it."""
    version = video.version + 1
    hidden = VideoHidden(event_id=f"{video.id}.hidden.{version}", at=at, video_id=video.id, version=version)
    return [hidden] if video.hidden_by else []


def _erase(case: Case, services: Services) -> None:
    at = services.clock.now()
    store, now = Videos(services.items), int(at.timestamp())
    video = store.get(case.subject)
    if video.deleted_at is not None:
        return
    event = VideoDeleted(event_id=f"{video.id}.deleted", at=at, video_id=video.id, owner_id=video.owner_id)
    store.change(videos.delete(video, now), Act(action=f"erased by {case.id}", actor=SYSTEM, at=now), [event])


def _standing(user_id: str, status: str, services: Services) -> list[Write]:
    accounts = Accounts(services.items)
    try:
        account = accounts.get(user_id)
    except Absent:
        return []
    if account.status in (status, "erased"):
        return []
    return [accounts.change_write(account.model_copy(update={"status": status}))]


def _lifted(case_id: str, user_id: str, services: Services) -> list[Write]:
    store = Reviews(services.items)
    return [
        store.strike_write(each.model_copy(update={"lifted": True}))
        for each in store.strikes(user_id)
        if each.case_id == case_id and not each.lifted
    ]


def _decision(case: Case) -> Decision:
    if case.decision is None:
        raise ConditionFailed(f"case {case.id} has no decision any more")
    return case.decision
