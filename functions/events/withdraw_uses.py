"""Carry a withdrawal out: every clip that it covers is taken down on its own record, jobs end, makers are told.

Nobody waits for this: the read gate asks the consent itself. It works in batches, each one transaction with its place
in the list, so that it goes on where it was killed, however often it is delivered.
"""

from datetime import datetime

from volary import videos
from volary.entrypoint import entrypoint
from volary.errors import ConditionFailed
from volary.generation import failure_of
from volary.likeness import Consent, Standing, carried_out
from volary.ports import Range, Services, Write
from volary.stores.credits import Credits
from volary.stores.likenesses import Cascade, Impact, Likenesses
from volary.stores.videos import Act, Videos, changing, outbox
from volary.videos import Video

from events.bus import CascadeContinued, ConsentChanged, Done, TakenDown, VideoFailed, VideosWithdrawn

BATCH = 25  # clips in one transaction: at most four writes each, and a transaction has a hundred
BATCHES = 40  # in one call, so that it ends within the function's time limit
ATTEMPTS = 4
CODE = "consent_withdrawn"


def withdraw_uses(event: ConsentChanged | CascadeContinued, services: Services) -> Done:
    likeness_id, version = _named(event)
    store = Likenesses(services.items)
    cascade = store.cascade(likeness_id, version)
    if cascade is None:
        return Done()  # nothing was withdrawn by this change
    for _ in range(BATCHES):
        if cascade.done_at is not None:
            return Done()
        cascade = _next(likeness_id, cascade, services)
    if cascade.done_at is None:
        going_on = f"{likeness_id}.cascade.{version}.{cascade.looked_at}"
        more = CascadeContinued(event_id=going_on, at=services.clock.now(), likeness_id=likeness_id, version=version)
        _say(more, services)
    return Done()


def _named(event: ConsentChanged | CascadeContinued) -> tuple[str, int]:
    if event.type == "consent.changed":
        return event.receipt.likeness_id, event.receipt.consent_version
    return event.likeness_id, event.version


def _say(event: CascadeContinued, services: Services) -> None:
    try:
        services.items.write(outbox(event))
    except ConditionFailed:
        return  # said before


def _next(likeness_id: str, cascade: Cascade, services: Services) -> Cascade:
    """One batch; a clip that moved meanwhile is read again."""
    for attempt in range(ATTEMPTS):
        try:
            return _batch(likeness_id, cascade, services)
        except ConditionFailed:
            if attempt == ATTEMPTS - 1:
                raise
            cascade = Likenesses(services.items).cascade(likeness_id, cascade.version) or cascade
            if cascade.done_at is not None:
                return cascade
    return cascade


def _batch(likeness_id: str, cascade: Cascade, services: Services) -> Cascade:
    store, at = Likenesses(services.items), services.clock.now()
    listed = store.uses(likeness_id, Range(after=cascade.after, limit=BATCH))
    consent = store.consent(likeness_id)
    if not listed or consent is None:
        return _finish(likeness_id, cascade, services)
    standing = Standing({likeness_id: consent}, int(at.timestamp()))
    found = [Videos(services.items).get(use.video_id) for _, use in listed]
    covered = [video for video in found if _is_covered(video, likeness_id, standing)]
    for video in covered:
        if not video.has_ended:
            _end(video, likeness_id, cascade, services)
    ended = [video for video in covered if video.has_ended]
    after = cascade.model_copy(update={"after": listed[-1][0], "looked_at": cascade.looked_at + len(listed)})
    writes: list[Write] = [write for video in ended for write in _taking(video, likeness_id, cascade, at)]
    if ended:
        place = f"{likeness_id}.withdrawn.{cascade.version}.{after.looked_at}"
        writes.append(_told(ended, place, at))
    services.items.transact([*writes, store.cascade_write(likeness_id, after, cascade)])
    return after


def _is_covered(video: Video, likeness_id: str, standing: Standing) -> bool:
    """Whether there is something to take down, for this person's sake."""
    if video.deleted_at is not None or video.withdrawn_at is not None or video.status == "failed":
        return False
    mine = tuple(each for each in video.people if each.likeness_id == likeness_id)
    return bool(mine) and standing.covers(mine, video.as_made)


def _taking(video: Video, likeness_id: str, cascade: Cascade, at: datetime) -> list[Write]:
    now = int(at.timestamp())
    act = Act(action="withdrawn", actor=f"likeness:{likeness_id}", at=now)
    _, writes = changing(videos.withdraw(video, failure_of(CODE), now), act)
    return [*writes, Likenesses.impact_write(likeness_id, _impact(video, cascade, now))]


def _end(video: Video, likeness_id: str, cascade: Cascade, services: Services) -> None:
    """A job under way ends as failed with its credits back; in its own transaction, because balances are shared."""
    at = services.clock.now()
    event = VideoFailed(event_id=f"{video.id}.failed", at=at, video_id=video.id, owner_id=video.owner_id, code=CODE)
    refund = Credits(services.items).settle_writes(video.id, "refund", int(at.timestamp()))
    told = _told([video], f"{video.id}.withdrawn", at)
    services.items.transact([*_taking(video, likeness_id, cascade, at), outbox(event), told, *refund])


def _told(taken: list[Video], event_id: str, at: datetime) -> Write:
    videos_taken = tuple(TakenDown(video_id=video.id, owner_id=video.owner_id) for video in taken)
    return outbox(VideosWithdrawn(event_id=event_id, at=at, videos=videos_taken))


def _impact(video: Video, cascade: Cascade, now: int) -> Impact:
    published = "published" if video.visibility == "public" else "draft"
    was = published if video.status == "completed" else "in progress"
    return Impact(video_id=video.id, version=cascade.version, at=now, was=was)


def _finish(likeness_id: str, cascade: Cascade, services: Services) -> Cascade:
    """Everything was looked at: note how many fell, and forget a single clip, whose own record says it now."""
    store, now = Likenesses(services.items), int(services.clock.now().timestamp())
    done = cascade.model_copy(update={"done_at": now, "taken_down": store.count_impacts(likeness_id, cascade.version)})
    writes: list[Write] = [store.cascade_write(likeness_id, done, cascade)]
    consent: Consent | None = store.consent(likeness_id)
    if consent is not None and cascade.scope == "clip":
        writes.append(store.consent_write(carried_out(consent, cascade.version), consent))
    services.items.transact(writes)
    return done


lambda_handler = entrypoint(withdraw_uses)
