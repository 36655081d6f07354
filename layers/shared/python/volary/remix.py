"""Lineage: which clip came from which, and whether a clip may be built on. Reads through the store, writes nothing."""

from volary.accounts import Viewer, viewer_of
from volary.errors import Absent, Conflict, Forbidden
from volary.moderation import Policy, World, world_of
from volary.ports import Check, Services, When, Write
from volary.stores.accounts import Accounts
from volary.stores.likenesses import standing_of
from volary.stores.videos import Videos, record_key
from volary.videos import Access, Video, access, unserved

DEEPEST = 50


def parent_for(video_id: str, viewer: Viewer, services: Services, param: str = "video") -> Video:
    """The clip somebody wants to build on.

    Raises Absent if they may not know of it, Forbidden if its maker said no, and for its own maker what keeps it from
    them: Conflict while it is not finished, Forbidden where somebody withdrew or a decision took it down.
    """
    try:
        parent = Videos(services.items).get(video_id)
    except Absent:
        raise Absent(f"there is no video {video_id}", param=param) from None
    standing = standing_of([parent], services)
    let = access(parent, viewer, standing)
    if let is Access.RECORD:
        raise unserved(parent, standing, param)
    if let is Access.NOTHING:
        raise Absent(f"there is no video {video_id}", param=param)
    if parent.visibility == "private" and parent.owner_id != viewer.user_id:
        raise Absent(f"there is no video {video_id}", param=param)  # the people in a draft see it, no more
    if not parent.remixable and parent.owner_id != viewer.user_id:
        raise Forbidden(f"the maker of {video_id} does not allow remixes", code="remix_not_allowed", param=param)
    return parent


def may_remix_now(child: Video, services: Services) -> bool:
    """Whether the source that was fine when the job was accepted still is."""
    if child.parent_id is None:
        return True
    try:
        parent_for(child.parent_id, _maker(child, services), services)
    except (Absent, Conflict, Forbidden):
        return False
    return True


def _maker(video: Video, services: Services) -> Viewer:
    """Of whom no age and no region is known where their account is gone."""
    try:
        return viewer_of(Accounts(services.items).get(video.owner_id), services.clock.now().date())
    except Absent:
        return Viewer(user_id=video.owner_id)


def consent_checks(child: Video, videos: Videos) -> list[Write]:
    """Conditions for the publishing transaction: the parent's record has not moved since it was found fine."""
    if child.parent_id is None:
        return []
    parent = videos.get(child.parent_id)
    return [Check(record_key(parent.id), When(equals={"version": parent.version}))]


def ancestors(video: Video, videos: Videos) -> list[Video]:
    """Parents, nearest first, at most fifty: ids of deleted ones still stand in the tree."""
    line: list[Video] = []
    while video.parent_id and len(line) < DEEPEST:
        video = videos.get(video.parent_id)
        line.append(video)
    return line


def prompts_above(video: Video, videos: Videos) -> tuple[str, ...]:
    """The words of the clips this one builds on, oldest first."""
    return tuple(parent.prompt for parent in reversed(ancestors(video, videos)) if parent.prompt)


def world(video: Video, videos: Videos, policy: Policy) -> World:
    """Where a clip's pictures and sound come from; what is not made yet is what somebody brought."""
    line = [video, *ancestors(video, videos)]
    is_brought = video.made is None or line[-1].parent_id is not None or any(_is_upload(each) for each in line)
    return world_of((each.model for each in line), policy, is_brought=is_brought)


def _is_upload(video: Video) -> bool:
    return video.source is not None and video.source.upload_key is not None
