"""Accept a job: one transaction holds its record, its price, its people, its edge to the parent and its first event."""

from volary.accounts import Viewer
from volary.consent import Plan, cast, uses_of
from volary.credits import Hold, price
from volary.errors import ConditionFailed, TooMany
from volary.generation import Ask, Identity, request
from volary.ports import Services
from volary.remix import consent_checks, parent_for, prompts_above
from volary.stores.credits import Credits
from volary.stores.videos import Act, Videos
from volary.videos import Video

from events.bus import VideoRequested

ATTEMPTS = 4  # of the whole transaction, when other requests of the same person spend at the same moment


def create(ask: Ask, viewer: Viewer, services: Services) -> Video:
    """The queued video. Raises Invalid, Absent or Forbidden for its source and people, TooMany without credits.

    No model is called here: the words are judged by the workflow's first step.
    """
    owner_id = viewer.user_id or ""
    video = request(ask, _identity(owner_id, services))
    for attempt in range(ATTEMPTS):
        try:
            return _accept(video, ask, viewer, services)
        except ConditionFailed:
            if attempt == ATTEMPTS - 1:
                raise
    raise TooMany("too many requests at once", retry_after=1)


def _identity(owner_id: str, services: Services) -> Identity:
    ids = services.ids
    now = int(services.clock.now().timestamp())
    return Identity(id=ids.new("video"), owner_id=owner_id, record=ids.record(), seed=ids.seed(), now=now)


def _plan(ask: Ask, viewer: Viewer, services: Services) -> Plan:
    """Read before the conditions of the transaction, so that what changes in between fails it."""
    source = ask.source.video_id if ask.source else None
    parent = parent_for(source, viewer, services) if source else None
    store = Videos(services.items)
    above = (*prompts_above(parent, store), parent.prompt) if parent else ()
    return Plan(viewer.user_id or "", ask.purpose, ask.prompt, ask.likenesses, parent, above, ask.style)


def _accept(video: Video, ask: Ask, viewer: Viewer, services: Services) -> Video:
    owner_id = video.owner_id
    parent_checks = consent_checks(video, Videos(services.items))
    shown = cast(_plan(ask, viewer, services), services)
    video = video.model_copy(update={"people": shown.people})
    store, book = Videos(services.items), Credits(services.items)
    at = services.clock.now()
    now, amount = int(at.timestamp()), price(video.seconds)
    held = Hold(video_id=video.id, source=book.source_for(owner_id, amount, at.date(), now), amount=amount)
    event = VideoRequested(event_id=f"{video.id}.requested", at=at, video_id=video.id)
    more = [*book.hold_writes(held, now), *parent_checks, *shown.checks, *uses_of(shown.people, video.id)]
    return store.add(video, Act(action="requested", actor=owner_id, at=now), [event], more)
