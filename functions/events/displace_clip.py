"""Take clips out of the index of meanings once they are deleted or withdrawn; the read gate does not wait for it."""

from volary.entrypoint import entrypoint
from volary.ports import Services

from events.bus import Done, VideoDeleted, VideosWithdrawn


def displace_clip(event: VideoDeleted | VideosWithdrawn, services: Services) -> Done:
    clips = [event.video_id] if event.type == "video.deleted" else [each.video_id for each in event.videos]
    services.vectors.remove(clips)
    return Done()


lambda_handler = entrypoint(displace_clip)
