"""A moderator's answer to a held clip. The waiting workflow hears of it through the outbox, so no answer is lost."""

from typing import Literal

from volary.accounts import Viewer
from volary.errors import Absent, Conflict, Forbidden
from volary.ports import Services
from volary.stores.videos import Act, Videos
from volary.videos import Video, may_review

from events.bus import ReviewDecided
from functions.review.queue import demand_moderator

Review = Literal["release", "reject"]


def decide(video_id: str, review: Review, note: str, viewer: Viewer, services: Services) -> Video:
    """Raises Forbidden for one's own clip, Absent for an unknown one, Conflict for one that is not held."""
    demand_moderator(viewer)
    store = Videos(services.items)
    video = store.get(video_id)
    _demand_reviewable(video, viewer)
    at = services.clock.now()
    after = video.model_copy(update={"gate": "pass" if review == "release" else "block"})
    event = ReviewDecided(event_id=f"{video.id}.reviewed.{video.version}", at=at, video_id=video.id, review=review)
    act = Act(action=f"review: {review}", actor=viewer.user_id or "", at=int(at.timestamp()), detail=note[:500])
    return store.change(after, act, [event])


def _demand_reviewable(video: Video, viewer: Viewer) -> None:
    if video.deleted_at is not None:
        raise Absent(f"there is no video {video.id}")
    if video.owner_id == viewer.user_id:
        raise Forbidden("nobody reviews their own clip", code="conflict_of_interest")
    if not may_review(video, viewer) or video.gate != "hold":
        raise Conflict(f"video {video.id} is {video.stage} with gate {video.gate}, not held", code="not_held")
