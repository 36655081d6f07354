"""Take a clip away for good: a tombstone at once, credits back if it was unfinished, files and workflow by event."""

from volary import videos
from volary.accounts import Viewer
from volary.errors import Absent
from volary.ports import Services
from volary.stores.credits import Credits
from volary.stores.videos import Act, Videos
from volary.videos import Access, Video, access

from events.bus import VideoDeleted


def delete(video_id: str, viewer: Viewer, services: Services) -> Video:
    """The tombstone. Raises Absent for a clip that is not the viewer's, also for one already deleted."""
    store = Videos(services.items)
    video = owned(video_id, viewer, store)
    at = services.clock.now()
    now = int(at.timestamp())
    refund = [] if video.has_ended else Credits(services.items).settle_writes(video.id, "refund", now)
    event = VideoDeleted(event_id=f"{video.id}.deleted", at=at, video_id=video.id, owner_id=video.owner_id)
    act = Act(action="deleted", actor=viewer.user_id or "", at=now)
    return store.change(videos.delete(video, now), act, [event], refund)


def owned(video_id: str, viewer: Viewer, store: Videos) -> Video:
    """The viewer's own clip, whatever its state; Absent for anybody else's, so that ids tell nothing."""
    video = store.get(video_id)
    if video.owner_id != viewer.user_id or access(video, viewer) is Access.NOTHING:
        raise Absent(f"there is no video {video_id}")
    return video
