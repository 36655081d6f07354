"""A moderator's decision. In the console it takes effect after half a minute, until which it can be taken back.

`decide` answers a held clip at once, for the command line; the waiting workflow hears of both through the outbox.
"""

from typing import Literal

from pydantic import Field
from volary.accounts import Viewer
from volary.errors import Absent, Conflict, Forbidden, VolaryError
from volary.likeness import Standing
from volary.ports import Services
from volary.review import cases
from volary.review.cases import Action, Case, Decision
from volary.stores.likenesses import standing_of
from volary.stores.reviews import Reviews
from volary.stores.videos import Act, Videos
from volary.videos import Video, may_review

from events.moderation import Category
from events.shapes import Shape
from functions.review.cases import case_of, now_of, opened
from functions.review.door import demand_moderator
from functions.review.effects import take_back, take_effect

Review = Literal["release", "reject"]
MOST_AT_ONCE = 100


class Asked(Shape):
    """What a reviewer decides; the explanation goes to the author."""

    action: Action
    category: Category | None = None
    explanation: str = Field(default="", max_length=2_000)


class Outcome(Shape):
    """What became, or would become, of one case of many."""

    case_id: str
    is_possible: bool
    status: str = ""
    problem: str = ""
    code: str = ""  # of the problem


def decide(video_id: str, review: Review, note: str, viewer: Viewer, services: Services) -> Video:
    """Answer a held clip at once. Forbidden for one's own clip, Absent for an unknown one, Conflict if not held."""
    demand_moderator(viewer)
    store, now = Videos(services.items), now_of(services)
    video = store.get(video_id)
    _demand_reviewable(video, viewer, standing_of([video], services))
    case = Reviews(services.items).find(video_id) or opened(video, store.screenings(video_id), video.created_at)
    cases.demand_impartial(case, viewer)
    if cases.needs_two(case, review):
        raise Forbidden(f"{video_id} needs two reviewers: decide it in the console", code="second_reviewer")
    decision = Decision(action=review, explanation=note[:500], by=viewer.user_id or "", at=now, effective_at=now)
    take_effect(case.model_copy(update={"decision": decision, "status": "decided"}), services)
    return store.get(video_id)


def decide_case(case_id: str, asked: Asked, viewer: Viewer, services: Services) -> Case:
    """The case, decided or waiting for a second reviewer. Raises Absent, Conflict, Forbidden, Invalid."""
    case, now = case_of(case_id, viewer, services), now_of(services)
    after = cases.decide(case, _decision(asked, viewer, now), viewer)
    said = "proposed" if after.proposal else "escalated: two disagreed" if after.is_escalated else "decided"
    act = Act(action=f"{said}: {asked.action}", actor=viewer.user_id or "", at=now)
    return Reviews(services.items).change(after, act)


def decide_many(
    case_ids: tuple[str, ...], asked: Asked, viewer: Viewer, services: Services, *, is_preview: bool
) -> list[Outcome]:
    """Decide cases that this person holds, or say what would become of each. One that fails hinders no other."""
    if len(case_ids) > MOST_AT_ONCE:
        raise Conflict(f"{len(case_ids)} cases at once are over {MOST_AT_ONCE}")
    return [_outcome(case_id, asked, viewer, services, is_preview=is_preview) for case_id in case_ids]


def undo(case_id: str, viewer: Viewer, services: Services) -> Case:
    """Open again, in its decider's hands. Raises Conflict for what took effect and cannot be taken back."""
    case, now = case_of(case_id, viewer, services), now_of(services)
    after = cases.undo(case, viewer, now)
    more = take_back(after, case, services, now) if case.status == "done" else []
    act = Act(action="took the decision back", actor=viewer.user_id or "", at=now)
    if case.status == "done":
        after = after.model_copy(update={"hid": ()})
    return Reviews(services.items).change(after, act, more)


def _outcome(case_id: str, asked: Asked, viewer: Viewer, services: Services, *, is_preview: bool) -> Outcome:
    try:
        if is_preview:
            case = case_of(case_id, viewer, services)
            after = cases.decide(case, _decision(asked, viewer, now_of(services)), viewer)
        else:
            after = decide_case(case_id, asked, viewer, services)
    except VolaryError as problem:
        return Outcome(case_id=case_id, is_possible=False, problem=problem.message, code=problem.code or "")
    return Outcome(case_id=case_id, is_possible=True, status="second" if after.proposal else after.status)


def _decision(asked: Asked, viewer: Viewer, now: int) -> Decision:
    return Decision(
        action=asked.action, category=asked.category, explanation=asked.explanation, by=viewer.user_id or "", at=now
    )


def _demand_reviewable(video: Video, viewer: Viewer, standing: Standing) -> None:
    if video.deleted_at is not None:
        raise Absent(f"there is no video {video.id}")
    if video.owner_id == viewer.user_id:
        raise Forbidden("nobody reviews their own clip", code="conflict_of_interest")
    if not may_review(video, viewer, standing) or video.gate != "hold":
        raise Conflict(f"video {video.id} is {video.stage} with gate {video.gate}, not held", code="not_held")
