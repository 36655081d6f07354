"""Turns what a call names as its source, a file, an uploaded file's id or a clip's id, into a clip's `SourceClip`."""

from typing import NamedTuple

from volary.accounts import Viewer
from volary.errors import Invalid
from volary.generation import LONGEST, SIZES
from volary.ports import Services
from volary.remix import parent_for
from volary.stores.files import Files
from volary.videos import SourceClip

from events.inference import SourceUse
from functions.api import boxes, media
from functions.api.asks import Reference, VideoId, picture_of
from functions.api.bodies import File


class Base(NamedTuple):
    """What a new clip is built on, and the length (seconds), frame size and model that it takes over."""

    clip: SourceClip
    seconds: int
    size: str
    model: str = "sora-2"


def reference(given: File | Reference, viewer: Viewer, services: Services) -> SourceClip:
    """A picture or clip to start from, in quarantine; raises Invalid for a broken one, Absent for a foreign id."""
    if isinstance(given, Reference) and given.file_id is not None:
        stored = Files(services.items).get(viewer.user_id or "", given.file_id, "input_reference")
        shown = media.media_of(stored.content_type)
        return SourceClip(use="reference", media=shown, upload_key=stored.upload_key)
    file = picture_of(given.image_url or "") if isinstance(given, Reference) else given
    kind = media.recognised(file, ("image", "video"), "input_reference")
    key = media.store(file, kind, viewer.user_id or "", services)
    return SourceClip(use="reference", media=media.media_of(kind), upload_key=key)


def clip(given: File | VideoId, use: SourceUse, viewer: Viewer, services: Services) -> Base:
    """A clip of ours or an upload to build on; raises Absent, Forbidden, or Invalid for a file that is no video."""
    if isinstance(given, VideoId):
        return ours(given.id, use, viewer, services)
    kind = media.recognised(given, ("video",), "video")
    seconds, size = _claimed(given)
    key = media.store(given, kind, viewer.user_id or "", services)
    return Base(SourceClip(use=use, media="video", upload_key=key), seconds, size)


def ours(video_id: str, use: SourceUse, viewer: Viewer, services: Services) -> Base:
    parent = parent_for(video_id, viewer, services)
    source = SourceClip(use=use, media="video", video_id=parent.id)
    return Base(source, parent.seconds, f"{parent.width}x{parent.height}", parent.asked_model)


def _claimed(file: File) -> tuple[int, str]:
    """Whole seconds and the nearest of our sizes, by the movie's own header, which the workflow checks."""
    try:
        claim = boxes.outline(file.stream, file.size)
    except boxes.Broken as error:
        raise Invalid(f"video has no readable header: {error}", param="video", code="truncated_file") from error
    if not 0 < claim.seconds <= LONGEST:
        raise Invalid(f"video lasts {claim.seconds:.1f} s, not 0 to {LONGEST}", param="video", code="media_too_large")
    shape = claim.width / claim.height
    nearest = min(SIZES, key=lambda size: abs(SIZES[size][0] / SIZES[size][1] - shape))
    return max(1, round(claim.seconds)), nearest
