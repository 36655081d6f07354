"""The signed files of a clip, in the bucket that clips are watched from: how they go, also while they come."""

from typing import get_args

from volary.ports import Services
from volary.stores.videos import Videos
from volary.videos import Rendition, Video, manifest_key, published_key


def forget(video: Video, services: Services) -> None:
    """Delete every rendition and the manifest; what is not there is no error."""
    for rendition in get_args(Rendition):
        services.blobs.delete("videos", published_key(video, rendition))
    services.blobs.delete("videos", manifest_key(video.id))


def forget_if_over(video_id: str, services: Services) -> None:
    """To be called after files were stored: delete them if the clip ended or was withdrawn meanwhile.

    Who ends a clip deletes its files, and may have done so before the last of them was stored.
    """
    video = Videos(services.items).get(video_id)
    is_ended = video.has_ended and video.status != "completed"
    if is_ended or video.deleted_at is not None or video.withdrawn_at is not None:
        forget(video, services)
