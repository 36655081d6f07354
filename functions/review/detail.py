"""Everything that a reviewer needs on one screen: the clip's findings in time, its family, its people, its history."""

from collections.abc import Sequence
from typing import Any

from volary.accounts import Viewer
from volary.errors import Absent
from volary.likeness import Consent, Standing
from volary.ports import Range, Services
from volary.remix import ancestors
from volary.review import cases, exposure, strikes
from volary.review.cases import ACTIONS, Action, Case, Decision
from volary.review.handbook import handbook
from volary.stores import published
from volary.stores.accounts import Accounts
from volary.stores.likenesses import standing_of
from volary.stores.reviews import Reviews
from volary.stores.videos import Act, Screening, Videos
from volary.videos import Rendition, Video, is_withdrawn, may_review, work_key

from events.shapes import Shape
from functions.review import cases as reviewing
from functions.review.door import LINK_SECONDS

MOST_CHILDREN = 50


class Relative(Shape):
    """A clip in the tree, as far as a reviewer needs it."""

    id: str
    prompt: str
    state: str


class Happened(Shape):
    """One act on the case; `by` is a pseudonym, so that reviewers do not know each other through their work."""

    at: int
    by: str
    what: str


class Detail(Shape):
    """The case, its clip where it is still there, and what surrounds both."""

    case: Case
    video: Video | None
    screenings: tuple[Screening, ...]
    ancestors: tuple[Relative, ...] = ()
    children: tuple[Relative, ...] = ()
    author: dict[str, Any]
    notice: dict[str, str] | None = None
    report: dict[str, Any] | None = None
    notes: tuple[Happened, ...] = ()
    history: tuple[Happened, ...] = ()
    before: str | None = None
    appeal: str | None = None
    policy: dict[str, str]
    actions: tuple[str, ...]
    for_two: tuple[str, ...]


def detail(case_id: str, viewer: Viewer, services: Services) -> Detail:
    """Raises Absent for a case that this moderator may not know of."""
    case = reviewing.case_of(case_id, viewer, services)
    store, reviews = Videos(services.items), Reviews(services.items)
    video = _video(case, services)
    asked = reviews.takedown(case.id)
    allowed = ACTIONS[case.kind] if case.kind != "sample" or case.before is None else _alike(case.before)
    return Detail(
        case=case,
        video=reviewing.as_reviewed([video], services)[0] if video else None,
        screenings=tuple(reviewing.screenings_of(video, services)) if video else (),
        ancestors=_relatives(ancestors(video, store) if video else [], services),
        children=_relatives(_children(case.subject, store), services),
        author=_author(case, services),
        notice=asked.model_dump(include={"ground", "statement", "region"}) if asked else None,
        report=_report(case, reviews) if case.kind == "report" else None,
        notes=tuple(Happened(at=each.at, by=_name(each.by, case, services), what=each.text) for each in case.notes),
        history=_history(case, services),
        before=case.before.action if case.kind == "appeal" and case.before else None,
        appeal=case.notes[0].text if case.kind == "appeal" and case.notes else None,
        policy=handbook()[case.category.value if case.category else "none"],
        actions=allowed,
        for_two=tuple(action for action in allowed if cases.needs_two(case, action) and case.kind != "sample"),
    )


def link(case_id: str, rendition: Rendition, reason: str, viewer: Viewer, services: Services) -> str:
    """A short-lived link to the clip; each is an entry in the audit book with its reason. Raises Absent, TooMany.

    Whoever has not claimed the case is charged for the look.
    """
    case = reviewing.case_of(case_id, viewer, services)
    video = _video(case, services)
    if video is None or video.deleted_at is not None:
        raise Absent(f"the clip of case {case_id} is gone")
    standing = standing_of([video], services)
    is_waiting = _is_waiting(video, viewer, standing)
    if rendition == "video":
        reviewing.look(case, viewer, services)
    now = int(services.clock.now().timestamp())
    act = Act(action="viewed in review", actor=viewer.user_id or "", at=now, detail=f"{rendition}: {reason}"[:200])
    Videos(services.items).change(video, act)
    if is_waiting:
        return services.blobs.get_link("work", work_key(video, rendition), seconds=LINK_SECONDS)
    return published.link(video, rendition, standing, services)


def _is_waiting(video: Video, viewer: Viewer, standing: Standing) -> bool:
    """Whether it waits unsigned. What somebody withdrew from is shown to reviewers no more than to anybody."""
    if may_review(video, viewer, standing):
        return True
    if video.status != "completed" or video.signature is None or is_withdrawn(video, standing):
        raise Absent(f"the clip {video.id} was never finished")
    return False


def _video(case: Case, services: Services) -> Video | None:
    try:
        return Videos(services.items).get(case.subject)
    except Absent:
        return None


def _relatives(videos: Sequence[Video], services: Services) -> tuple[Relative, ...]:
    return tuple(map(_relative, reviewing.as_reviewed(videos, services)))


def _relative(video: Video) -> Relative:
    state = "deleted" if video.deleted_at else "hidden" if video.hidden_by else video.status
    return Relative(id=video.id, prompt=video.prompt[:500], state=state)


def _children(video_id: str, store: Videos) -> list[Video]:
    return [store.get(child) for child in store.children(video_id, Range(limit=MOST_CHILDREN))]


def _author(case: Case, services: Services) -> dict[str, Any]:
    """What there was before, without the name: a decision is about the clip."""
    reviews, now = Reviews(services.items), int(services.clock.now().timestamp())
    earlier = [each for each in reviews.about(case.author_id) if each.id != case.id]
    decided = [each.decision.action for each in earlier if each.decision and each.status == "done"]
    try:
        account = Accounts(services.items).get(case.author_id)
        known: dict[str, Any] = {"since": account.created_at, "status": account.status, "region": account.region}
    except Absent:
        known = {"since": None, "status": "gone", "region": None}
    return {
        **known,
        "cases": len(earlier),
        "restricted": sum(1 for action in decided if action in cases.RESTRICTIVE),
        "strikes": strikes.standing(reviews.strikes(case.author_id), now),
        "strikes_for_suspension": strikes.shipped_terms().suspension_proposed_from,
        "reports_on_clip": sum(1 for each in reviews.about(case.subject) if each.kind in ("report", "notice")),
    }


def _report(case: Case, reviews: Reviews) -> dict[str, Any]:
    """What somebody reported, and how their earlier reports ended, without who they are."""
    earlier = [each for each in reviews.reports_by(case.barred[0]) if each.id != case.id] if case.barred else []
    ended = [each.decision.action in cases.RESTRICTIVE for each in earlier if each.decision and each.status == "done"]
    return {"words": reviews.reported(case), "earlier": len(earlier), "decided": len(ended), "upheld": sum(ended)}


def _history(case: Case, services: Services) -> tuple[Happened, ...]:
    """Acts of others are told without what they proposed, so that the second look stays a look of its own."""
    return tuple(
        Happened(
            at=entry.at,
            by=_name(entry.actor, case, services),
            what=entry.action.partition(":")[0] if case.status == "open" else entry.action,
        )
        for entry in Reviews(services.items).history(case.id)
    )


def _name(user_id: str, case: Case, services: Services) -> str:
    return "author" if user_id == case.author_id else reviewing.pseudonym(user_id, services)


def _alike(before: Decision) -> tuple[Action, ...]:
    """What a sample's second look may decide: what the first one could have."""
    return next(actions for actions in ACTIONS.values() if before.action in actions)


def shift_of(viewer: Viewer, services: Services) -> dict[str, Any]:
    """The reviewer's pseudonym and what is left of their budget."""
    who = reviewing.reviewer(viewer, services)
    now = int(services.clock.now().timestamp())
    shift = exposure.current(who.shift, now)
    return {
        "pseudonym": who.pseudonym,
        "points": shift.points,
        "most_points": exposure.MOST_POINTS,
        "grave": shift.grave,
        "most_grave": exposure.MOST_GRAVE,
        "rest_until": shift.rest_until if shift.rest_until > now else None,
        "ends_at": shift.started_at + exposure.SHIFT_SECONDS,
    }


def consent(video: Video | None, services: Services) -> dict[str, Any]:
    """Who is shown, by which consent, whether each still stands, and what each person set; told by handle.

    `asks` are their own words with how they were understood, which a reviewer reads against the clip itself: the
    compiled rules saw the prompt only. Nothing binds the person themselves.
    """
    if video is None or not video.people:
        return {"state": "nobody is declared to be in it", "people": []}
    standing = standing_of([video], services)
    people = [
        {
            "handle": _handle(each.person_id, services),
            "how": str(each.how),
            "version": each.version,
            "stands": not standing.covers((each,), video.as_made),
            "is_maker": each.person_id == video.owner_id,
            "purpose": video.purpose,
            "asks": _asks(standing.consents.get(each.likeness_id)),
        }
        for each in video.people
    ]
    stands = all(each["stands"] for each in people)
    return {"state": "every consent stands" if stands else "somebody withdrew", "people": people}


def _asks(consent: Consent | None) -> list[str]:
    """The person's restrictions as they stand today, each as it was compiled."""
    return [rule.explanation for rule in consent.grant.rules] if consent else []


def _handle(user_id: str, services: Services) -> str:
    try:
        return Accounts(services.items).get(user_id).handle
    except Absent:
        return "gone"
