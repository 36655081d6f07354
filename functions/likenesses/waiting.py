"""The clips that wait for a person's device to release its half of their key; it releases nothing."""

from volary import vault
from volary.ports import Range, Services
from volary.stores.likenesses import Likenesses, standing_of
from volary.stores.videos import record_key
from volary.videos import Video, awaits

RECENT_SECONDS = 7 * 86_400  # a job waits for an hour; that a home is off for longer than this is not thought of


def waiting(likeness_id: str, span: Range, services: Services) -> tuple[list[Video], str | None]:
    """Those among the next `span.limit` uses that wait and were not released yet, and where to go on; None at the end.

    Uses are asked the latest first, and none older than RECENT_SECONDS.
    """
    oldest = int(services.clock.now().timestamp()) - RECENT_SECONDS
    uses = Likenesses(services.items).uses(likeness_id, span)
    recent = [(place, use) for place, use in uses if use.at >= oldest]
    read = services.items.get_many([record_key(use.video_id) for _, use in recent])
    videos = [Video.model_validate(read[key]) for _, use in recent if (key := record_key(use.video_id)) in read]
    standing = standing_of(videos, services)
    found = [
        video
        for video in videos
        if awaits(video, likeness_id, standing) and not vault.is_released(likeness_id, video.id, services)
    ]
    return found, recent[-1][0] if recent and len(recent) == span.limit else None
