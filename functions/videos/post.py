"""Put a finished clip into the feed, or take it out again."""

from volary import videos
from volary.accounts import Viewer
from volary.errors import Forbidden
from volary.ports import Services
from volary.stores.likenesses import standing_of
from volary.stores.videos import Act, Videos
from volary.videos import Video, is_withdrawn

from events.bus import VideoListed
from functions.videos.delete import owned


def post(video_id: str, viewer: Viewer, services: Services) -> Video:
    """Raises Absent for a clip that is not the viewer's and Conflict for one that is not completed."""
    store = Videos(services.items)
    video = owned(video_id, viewer, store)
    now = int(services.clock.now().timestamp())
    if is_withdrawn(video, standing_of([video], services)):
        raise Forbidden(f"somebody in video {video.id} has withdrawn their consent", code="consent_withdrawn")
    posted = videos.post(video, now)
    if posted == video:
        return video
    return store.change(posted, Act(action="posted", actor=viewer.user_id or "", at=now), [_listed(video, services)])


def unpost(video_id: str, viewer: Viewer, services: Services) -> Video:
    store = Videos(services.items)
    video = owned(video_id, viewer, store)
    now = int(services.clock.now().timestamp())
    act = Act(action="unposted", actor=viewer.user_id or "", at=now)
    return store.change(videos.unpost(video), act, [_listed(video, services)])


def _listed(video: Video, services: Services) -> VideoListed:
    at = services.clock.now()
    return VideoListed(event_id=f"{video.id}.listed.{video.version + 1}", at=at, video_id=video.id)
