"""A clip's record, the states it may take, and the one gate through which anybody sees it.

Pure: functions take a record and return the next one. A clip that shows people is served only with the `Standing` of
their consents at hand; the gate that is given none lets no such clip through. One that is kept from an age or a region
is served to nobody whose age or region it is, or is not known. What is not covered yet: blocks between people.
"""

from enum import IntEnum
from typing import Literal

from events.inference import MediaFacts, SourceUse
from events.likeness import Purpose
from events.shapes import Shape
from events.workflow import Verdict
from volary.accounts import Viewer
from volary.audiences import Limit
from volary.audit import GENESIS
from volary.errors import Conflict, Forbidden
from volary.likeness import UNKNOWN, Appearance, Made, Standing

Status = Literal["queued", "in_progress", "completed", "failed"]
Visibility = Literal["private", "unlisted", "public"]
Rendition = Literal["video", "thumbnail", "spritesheet"]
Stage = Literal[
    "queued", "screening_prompt", "awaiting_key", "generating",
    "screening_media", "held", "signing", "publishing", "done",
]  # fmt: skip
STAGES: tuple[Stage, ...] = Stage.__args__  # type: ignore[attr-defined]
FILES: dict[Rendition, tuple[str, str]] = {
    "video": ("clip.mp4", "video/mp4"),
    "thumbnail": ("thumbnail.webp", "image/webp"),
    "spritesheet": ("spritesheet.webp", "image/webp"),
}
# Where a stage begins on the client's progress scale of 0 to 100; generating moves between its own and the next.
PROGRESS: dict[Stage, int] = {
    "queued": 0,
    "screening_prompt": 2,
    "awaiting_key": 4,  # a device must release a likeness' key for this clip first
    "generating": 5,
    "screening_media": 86,
    "held": 90,
    "signing": 94,
    "publishing": 97,
    "done": 100,
}


class Access(IntEnum):
    """How much of a clip somebody may have: nothing, the record, or the media too."""

    NOTHING = 0
    RECORD = 1
    MEDIA = 2


class SourceClip(Shape):
    """What a clip was made from: another clip of ours (`video_id`) or an upload (`upload_key` in bucket uploads)."""

    use: SourceUse
    media: Literal["image", "video"]
    video_id: str | None = None
    upload_key: str | None = None
    strength: float = 0.7


class Signature(Shape):
    """The C2PA manifest that was bound to the published file; `sha256` is the signed file's."""

    manifest_id: str
    sha256: str
    size_bytes: int
    signed_at: int


class Failure(Shape):
    code: str
    message: str


class Video(Shape):
    """One clip from request to tombstone. Times are epoch seconds; `version` counts changes."""

    id: str
    owner_id: str
    prompt: str
    negative_prompt: str = ""
    asked_model: str
    style: str | None = None
    seconds: int
    width: int
    height: int
    seed: int
    record: str
    visibility: Visibility = "private"
    source: SourceClip | None = None
    remixable: bool = True
    purpose: Purpose = "personal"
    people: tuple[Appearance, ...] = ()

    status: Status = "queued"
    stage: Stage = "queued"
    progress_floor: int = 0
    gate: Verdict | None = None
    limits: tuple[Limit, ...] = ()  # whom it is kept from, though it passed for its maker
    failure: Failure | None = None
    created_at: int
    completed_at: int | None = None
    posted_at: int | None = None
    deleted_at: int | None = None
    withdrawn_at: int | None = None  # somebody in it took their consent back, and the cascade came by

    hidden_by: str | None = None  # the case whose decision took it down

    call_id: str | None = None
    made: MediaFacts | None = None
    model: str | None = None
    not_rendered: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    mark_algorithm: str | None = None
    signature: Signature | None = None

    version: int = 1
    audit_head: str = GENESIS

    @property
    def parent_id(self) -> str | None:
        return self.source.video_id if self.source else None

    @property
    def has_ended(self) -> bool:
        return self.status in ("completed", "failed") or self.deleted_at is not None

    @property
    def is_public(self) -> bool:
        return self.posted_at is not None and self.visibility == "public" and self.is_watchable

    @property
    def is_watchable(self) -> bool:
        is_left = self.deleted_at is None and self.withdrawn_at is None and self.hidden_by is None
        return self.status == "completed" and self.gate == "pass" and is_left

    @property
    def drawn(self) -> tuple[str, ...]:
        """The likenesses that the generator is to draw; who was only seen in the clip is not lent for it."""
        return tuple(each.likeness_id for each in self.people if each.how != "sighted")

    @property
    def may_be_lent_to(self) -> bool:
        """Whether its generation has not come to an end, so that a likeness may still be released for it."""
        return not self.has_ended and STAGES.index(self.stage) <= STAGES.index("generating")

    @property
    def as_made(self) -> Made:
        return Made(video_id=self.id, maker_id=self.owner_id, purpose=self.purpose)


def is_withdrawn(video: Video, standing: Standing) -> bool:
    """Whether somebody in the clip took their consent back; true also where `standing` does not know them."""
    return video.withdrawn_at is not None or (bool(video.people) and standing.covers(video.people, video.as_made))


def is_for(video: Video, viewer: Viewer) -> bool:
    """Whether no limit of age or region keeps the clip from them. Its maker always has it."""
    is_owner = viewer.user_id is not None and viewer.user_id == video.owner_id
    return is_owner or not any(limit.applies(viewer.audience) for limit in video.limits)


def limited(video: Video, found: tuple[Limit, ...]) -> Video:
    """The clip with these limits beside those that it has."""
    return video.model_copy(update={"limits": tuple(dict.fromkeys((*video.limits, *found)))})


def access(video: Video, viewer: Viewer, standing: Standing = UNKNOWN) -> Access:
    """The read gate: every route that answers with a clip, its files, its listing or its link asks here.

    `standing` is read in the same request (`Likenesses.standing`); without it no clip with people is served. People
    see the clips that show them, drafts of others too, but none that is kept from their age or region.
    """
    is_owner = viewer.user_id is not None and viewer.user_id == video.owner_id
    if video.deleted_at is not None:
        return Access.NOTHING
    if video.is_watchable and is_for(video, viewer) and not is_withdrawn(video, standing):
        is_shown = viewer.user_id is not None and any(viewer.user_id == each.person_id for each in video.people)
        if video.visibility != "private" or is_owner or is_shown:
            return Access.MEDIA
    return Access.RECORD if is_owner else Access.NOTHING


def may_serve(video: Video, viewer: Viewer, standing: Standing = UNKNOWN) -> bool:
    """Whether the clip itself, its derivatives and its link may reach this viewer."""
    return access(video, viewer, standing) is Access.MEDIA


def unserved(video: Video, standing: Standing, param: str | None = None) -> Conflict | Forbidden:
    """What its maker, who may have the record, is told where the clip itself cannot be had: why, and by which code."""
    if video.status == "failed":
        return Conflict(f"video {video.id} failed and has no content", code="video_failed", param=param)
    if is_withdrawn(video, standing):
        told = f"somebody in video {video.id} has withdrawn their consent"
        return Forbidden(told, code="consent_withdrawn", param=param)
    if video.hidden_by is not None:
        return Forbidden(f"video {video.id} was taken down by a decision", code="video_taken_down", param=param)
    return Conflict(f"video {video.id} is {video.status} at stage {video.stage}", code="video_not_ready", param=param)


def may_review(video: Video, viewer: Viewer, standing: Standing = UNKNOWN) -> bool:
    """Whether this moderator may see and decide a held clip: never one's own, nor one that somebody withdrew from."""
    if not viewer.is_moderator() or viewer.user_id == video.owner_id:
        return False
    return video.stage == "held" and not video.has_ended and not is_withdrawn(video, standing)


def awaits(video: Video, likeness_id: str, standing: Standing = UNKNOWN) -> bool:
    """Whether a clip waits for the key of a person in it, who is then told its words and its maker: nobody could decide
    without. Not one that somebody in it withdrew from.
    """
    is_waiting = video.stage == "awaiting_key" and not video.has_ended
    return is_waiting and likeness_id in video.drawn and not is_withdrawn(video, standing)


def work_key(video: Video, rendition: Rendition) -> str:
    """Where the current generation call wrote the unsigned file, in bucket "work"."""
    return f"{video.id}/{video.call_id}/{FILES[rendition][0]}"


def work_folder(video_id: str, call_id: str) -> str:
    return f"{video_id}/{call_id}"


def published_key(video: Video, rendition: Rendition) -> str:
    """Where the signed file lies, in bucket "videos"."""
    return f"{video.id}/{FILES[rendition][0]}"


def manifest_key(video_id: str) -> str:
    """Where the manifest store lies beside the signed file, for files that lose theirs; in bucket "videos"."""
    return f"manifests/{video_id}.c2pa"


def enter(video: Video, stage: Stage) -> Video:
    """Move on to a stage; entering the present one again changes nothing, so that a repeated step is harmless."""
    _demand_open(video)
    if STAGES.index(stage) < STAGES.index(video.stage):
        raise Conflict(f"video {video.id} is {video.stage} and cannot go back to {stage}")
    return video.model_copy(update={"status": "in_progress", "stage": stage})


def complete(video: Video, now: int) -> Video:
    """The last step: a clip that was made, passed and signed becomes watchable, and public where asked."""
    _demand_open(video)
    missing = [name for name in ("made", "signature") if getattr(video, name) is None]
    if missing or video.gate != "pass":
        raise Conflict(f"video {video.id} cannot be published: gate {video.gate}, missing {missing}")
    posted_at = now if video.visibility == "public" else None
    return video.model_copy(
        update={"status": "completed", "stage": "done", "completed_at": now, "posted_at": posted_at}
    )


def fail(video: Video, failure: Failure, now: int) -> Video:
    _demand_open(video)
    return video.model_copy(update={"status": "failed", "failure": failure, "completed_at": now})


def delete(video: Video, now: int) -> Video:
    """A tombstone: the id stays taken and the words go, the lineage and the audit book stay."""
    if video.deleted_at is not None:
        raise Conflict(f"video {video.id} was deleted at {video.deleted_at}")
    return video.model_copy(update={"deleted_at": now, "prompt": "", "negative_prompt": "", "posted_at": None})


def withdraw(video: Video, failure: Failure, now: int) -> Video:
    """Taken down because somebody in it withdrew; unfinished work ends with this failure. Again, it changes nothing."""
    if video.withdrawn_at is not None:
        return video
    gone = video.model_copy(update={"withdrawn_at": now, "posted_at": None})
    return gone if video.has_ended else fail(gone, failure, now)


def hide(video: Video, case_id: str) -> Video:
    """Taken down by a decision; the record stays its maker's. Hiding it again changes nothing."""
    return video if video.hidden_by else video.model_copy(update={"hidden_by": case_id})


def show(video: Video, case_id: str) -> Video:
    """Back as it was, if this very case had taken it down."""
    return video.model_copy(update={"hidden_by": None}) if video.hidden_by == case_id else video


def post(video: Video, now: int) -> Video:
    """Put a finished clip into the feed; posting it again changes nothing."""
    if not video.is_watchable:
        raise Conflict(f"video {video.id} is {video.status}, not completed", code="video_not_ready")
    return video.model_copy(update={"visibility": "public", "posted_at": video.posted_at or now})


def unpost(video: Video) -> Video:
    return video.model_copy(update={"visibility": "private", "posted_at": None})


def _demand_open(video: Video) -> None:
    if video.has_ended:
        raise Conflict(f"video {video.id} has ended: {video.status}, deleted at {video.deleted_at}")
