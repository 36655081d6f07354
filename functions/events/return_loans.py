"""Take back the likenesses that were lent to a clip: its generation came to an end, or the clip did.

It may be delivered again and changes nothing then. What an end overtook is found by `functions.events.sweep_loans`.
"""

from volary import vault
from volary.entrypoint import entrypoint
from volary.ports import Services
from volary.stores.videos import Videos

from events.bus import Done, VideoDeleted, VideoFailed, VideoGenerated, VideosWithdrawn


def return_loans(event: VideoGenerated | VideoFailed | VideoDeleted | VideosWithdrawn, services: Services) -> Done:
    named = [each.video_id for each in event.videos] if event.type == "videos.withdrawn" else [event.video_id]
    for video_id in named:
        for likeness_id in Videos(services.items).get(video_id).drawn:
            vault.take_back(likeness_id, video_id, services)
    return Done()


lambda_handler = entrypoint(return_loans)
