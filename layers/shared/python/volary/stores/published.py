"""The signed files of a clip, in the bucket that clips are watched from: how people get them, and how they go."""

from typing import get_args

from volary.likeness import Standing
from volary.ports import Delete, Key, Put, Range, Services
from volary.stores.videos import Videos
from volary.videos import Rendition, Video, manifest_key, published_key

LINK_SECONDS = 300
AGAIN = "PUBLISHED_AGAIN"  # PUBLISHED_AGAIN/due#clip: whose files are to be looked at once more, and when
AGAIN_SECONDS = 900  # longer than any signer lives
MOST_AT_ONCE = 300  # in one minute, whose sweep may take that long


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


def note_again(video: Video, services: Services) -> None:
    """To be called after the files of an ended clip were deleted: have it done once more when no signer can be alive.

    A signer that stored its last file after that, and died before it read the record again, deletes nothing itself.
    """
    now = int(services.clock.now().timestamp())
    is_settled = video.status == "completed" and now >= (video.completed_at or 0) + AGAIN_SECONDS
    if video.call_id is None or is_settled:  # nothing was made that a signer could sign, or its signer is long gone
        return
    services.items.write(Put({"pk": AGAIN, "sk": f"{now + AGAIN_SECONDS:012d}#{video.id}", "video_id": video.id}))


def forget_again(services: Services) -> None:
    """Delete what came late, of every clip whose time has come; nothing happens where all is gone already."""
    now = int(services.clock.now().timestamp())
    for item in services.items.query(AGAIN, Range(limit=MOST_AT_ONCE)):
        if int(item["sk"].partition("#")[0]) > now:
            return
        forget_if_over(item["video_id"], services)
        services.items.write(Delete(Key(AGAIN, item["sk"])))
