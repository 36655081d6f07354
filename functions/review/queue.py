"""The clips that wait for a person, oldest first, with what the screenings saw; one's own are left out."""

from volary.accounts import Viewer
from volary.errors import Absent, Forbidden
from volary.ports import Range, Services
from volary.stores.videos import Act, Screening, Videos
from volary.videos import Rendition, Video, may_review, work_key

from events.shapes import Shape

LINK_SECONDS = 300


class Case(Shape):
    """A held clip as a reviewer sees it."""

    video: Video
    screenings: tuple[Screening, ...]


def queue(viewer: Viewer, services: Services, span: Range) -> list[Case]:
    """Raises Forbidden for anybody but a moderator."""
    demand_moderator(viewer)
    store = Videos(services.items)
    held = [video for video in store.held(span) if may_review(video, viewer)]
    return [Case(video=video, screenings=tuple(store.screenings(video.id))) for video in held]


def link(video_id: str, rendition: Rendition, viewer: Viewer, services: Services) -> str:
    """A short-lived link to the unsigned clip under review; each one is an audit entry."""
    demand_moderator(viewer)
    store = Videos(services.items)
    video = store.get(video_id)
    if not may_review(video, viewer):
        raise Absent(f"there is no video {video_id} under review")
    act = Act(action="viewed in review", actor=viewer.user_id or "", at=int(services.clock.now().timestamp()))
    store.change(video, act, more=[])
    return services.blobs.get_link("work", work_key(video, rendition), seconds=LINK_SECONDS)


def demand_moderator(viewer: Viewer) -> None:
    if not viewer.is_moderator():
        raise Forbidden("this needs the role moderator", code="moderator_only")
