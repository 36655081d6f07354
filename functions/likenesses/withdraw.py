"""Take consent back, wholly or in part, or take down one clip: one transaction, after which nothing covered is served.

The files, the running jobs and the makers follow by event; no read waits for that.
"""

from volary import likeness as consents
from volary import videos
from volary.accounts import Viewer
from volary.enrolment import Likeness
from volary.errors import Absent, ConditionFailed, Conflict
from volary.likeness import Consent, Scope
from volary.ports import Services
from volary.stores.credits import Credits
from volary.stores.likenesses import Cascade, Likenesses
from volary.stores.videos import Act, Videos
from volary.videos import Video

from events.bus import VideoDeleted
from functions.likenesses.receipts import changed_event

ATTEMPTS = 4


def withdraw(likeness_id: str, scope: Scope, value: str, viewer: Viewer, services: Services) -> Consent:
    """The consent after it. Raises Absent for another's likeness, Conflict where no consent was ever given.

    Withdrawing everything twice is no error and changes nothing.
    """
    Likenesses(services.items).owned(likeness_id, viewer.user_id)
    if scope == "clip":
        shown_in(value, likeness_id, services)
    for attempt in range(ATTEMPTS):
        try:
            return _withdraw(likeness_id, scope, value, services)
        except ConditionFailed:
            if attempt == ATTEMPTS - 1:
                raise
    raise Conflict(f"the consent of {likeness_id} keeps changing")


def take_down(likeness_id: str, video_id: str, viewer: Viewer, services: Services) -> Video:
    """Delete a clip that shows the person, whoever made it; what was made from it goes with it."""
    withdraw(likeness_id, "clip", video_id, viewer, services)
    store = Videos(services.items)
    for attempt in range(ATTEMPTS):
        video = store.get(video_id)
        if video.deleted_at is not None:
            return video
        try:
            return _delete(video, likeness_id, services)
        except ConditionFailed:
            if attempt == ATTEMPTS - 1:
                raise
    raise Conflict(f"the video {video_id} keeps changing")


def shown_in(video_id: str, likeness_id: str, services: Services) -> Video:
    """The clip; Absent unless it shows this person."""
    video = Videos(services.items).get(video_id)
    if video.deleted_at is not None or not any(each.likeness_id == likeness_id for each in video.people):
        raise Absent(f"there is no video {video_id} with likeness {likeness_id}")
    return video


def _withdraw(likeness_id: str, scope: Scope, value: str, services: Services) -> Consent:
    store, at = Likenesses(services.items), services.clock.now()
    record, before = store.get(likeness_id), store.consent(likeness_id)
    if before is None:
        raise Conflict(f"likeness {likeness_id} is {record.state}: no consent was given", code="not_enrolled")
    if scope == "all" and before.state != "active":
        return before
    now = int(at.timestamp())
    after = consents.withdrawn(before, scope, value, now, services.ids.new("rcpt"))
    cascade = Cascade(version=after.version, scope=scope, value=value, started_at=now)
    writes = [store.consent_write(after, before), store.cascade_write(likeness_id, cascade, None)]
    event = changed_event(after, "withdrawn", f"{scope} {value}".strip(), at)
    act = Act(action=f"withdrew {scope}", actor=record.owner_id, at=now, detail=value)
    store.change(_state_after(record, scope), act, writes, [event])
    return after


def _state_after(record: Likeness, scope: Scope) -> Likeness:
    return record.model_copy(update={"state": "withdrawn"}) if scope == "all" else record


def _delete(video: Video, likeness_id: str, services: Services) -> Video:
    at = services.clock.now()
    now = int(at.timestamp())
    refund = [] if video.has_ended else Credits(services.items).settle_writes(video.id, "refund", now)
    event = VideoDeleted(event_id=f"{video.id}.deleted", at=at, video_id=video.id, owner_id=video.owner_id)
    act = Act(action="deleted by a person in it", actor=f"likeness:{likeness_id}", at=now)
    return Videos(services.items).change(videos.delete(video, now), act, [event], refund)
