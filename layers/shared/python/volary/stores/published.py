"""The signed files of a clip, in the bucket that clips are watched from: how people get them, and how they go."""

from typing import get_args

from volary.likeness import Standing
from volary.ports import Services
from volary.stores.videos import Videos
from volary.videos import Rendition, Video, manifest_key, published_key

LINK_SECONDS = 300


def link(video: Video, rendition: Rendition, standing: Standing, services: Services) -> str:
    """A link for somebody whom the read gate has just let through, by this very record and `standing`.

    It names the clip and the people in it by the versions that were judged, so that a later version of any of them
    can end it, and it outlives no consent.
    """
    consents = [standing.consents[each.likeness_id] for each in video.people]
    judged = {video.id: video.version, **{each.likeness_id: each.version for each in consents}}
    ends = [each.grant.expires_at - standing.now for each in consents if each.grant.expires_at is not None]
    return services.edge.link(published_key(video, rendition), judged, seconds=min([LINK_SECONDS, *ends]))


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
