"""What the feed shows: today the newest posted clips through the read gate. Steering and ranking are a later issue."""

from collections.abc import Sequence

from volary.accounts import Viewer
from volary.likeness import Standing
from volary.videos import Video, may_serve


def page(candidates: Sequence[Video], viewer: Viewer, standing: Standing, limit: int) -> list[Video]:
    """The first `limit` clips this viewer may see, in the order given."""
    return [video for video in candidates if video.is_public and may_serve(video, viewer, standing)][:limit]
