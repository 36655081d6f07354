"""Accept a job: one transaction holds its record, its price, its edge to the parent and the event that starts it."""

from volary.accounts import Viewer
from volary.credits import Hold, price
from volary.errors import ConditionFailed, TooMany
from volary.generation import Ask, Identity, request
from volary.ports import Services
from volary.remix import consent_checks, parent_for
from volary.stores.credits import Credits
from volary.stores.videos import Act, Videos
from volary.videos import Video

from events.bus import VideoRequested

ATTEMPTS = 4  # of the whole transaction, when other requests of the same person spend at the same moment


def create(ask: Ask, viewer: Viewer, services: Services) -> Video:
    """The queued video. Raises Invalid, Absent or Forbidden for its source, TooMany when credits are used up.

    No model is called here: the words are judged by the workflow's first step.
    """
    store = Videos(services.items)
    owner_id = viewer.user_id or ""
    if ask.source and ask.source.video_id:
        parent_for(ask.source.video_id, viewer, store)
    video = request(ask, _identity(owner_id, services))
    for attempt in range(ATTEMPTS):
        try:
            return _accept(video, owner_id, services)
        except ConditionFailed:
            if attempt == ATTEMPTS - 1:
                raise
    raise TooMany("too many requests at once", retry_after=1)


def _identity(owner_id: str, services: Services) -> Identity:
    ids = services.ids
    now = int(services.clock.now().timestamp())
    return Identity(id=ids.new("video"), owner_id=owner_id, record=ids.record(), seed=ids.seed(), now=now)


def _accept(video: Video, owner_id: str, services: Services) -> Video:
    store, book = Videos(services.items), Credits(services.items)
    at = services.clock.now()
    now, amount = int(at.timestamp()), price(video.seconds)
    held = Hold(video_id=video.id, source=book.source_for(owner_id, amount, at.date(), now), amount=amount)
    event = VideoRequested(event_id=f"{video.id}.requested", at=at, video_id=video.id)
    more = [*book.hold_writes(held, now), *consent_checks(video, store)]
    return store.add(video, Act(action="requested", actor=owner_id, at=now), [event], more)
