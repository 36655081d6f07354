"""Domain events: facts in the past tense. They carry ids, never prompts, e-mail addresses or biometrics."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from events.likeness import Receipt
from events.shapes import Shape


class _Event(Shape):
    event_id: str
    at: datetime


class VideoRequested(_Event):
    """A job was accepted and paid for with a hold; its workflow must start."""

    type: Literal["video.requested"] = "video.requested"
    video_id: str


class VideoCompleted(_Event):
    type: Literal["video.completed"] = "video.completed"
    video_id: str
    owner_id: str


class VideoFailed(_Event):
    type: Literal["video.failed"] = "video.failed"
    video_id: str
    owner_id: str
    code: str


class VideoGenerated(_Event):
    """The generator is done with a clip; whoever was lent to it must be taken back."""

    type: Literal["video.generated"] = "video.generated"
    video_id: str


class VideoHeld(_Event):
    """A clip waits for a person; the moderators' queue holds it."""

    type: Literal["video.held"] = "video.held"
    video_id: str
    owner_id: str


class ReviewDecided(_Event):
    """A moderator answered; the waiting workflow must hear of it."""

    type: Literal["review.decided"] = "review.decided"
    video_id: str
    review: Literal["release", "reject"]


class VideoDeleted(_Event):
    """The record is a tombstone; its files must go and its workflow, if any, must stop."""

    type: Literal["video.deleted"] = "video.deleted"
    video_id: str
    owner_id: str


class VideoListed(_Event):
    """A finished clip was posted, or taken out of the feed again; its record says which."""

    type: Literal["video.listed"] = "video.listed"
    video_id: str


class VideoHidden(_Event):
    """A decision took a clip down, by making its record's `version`; links that name an earlier one must end."""

    type: Literal["video.hidden"] = "video.hidden"
    video_id: str
    version: int


class LikenessCaptured(_Event):
    """A capture was sent in time and its consent text agreed to; it must be checked."""

    type: Literal["likeness.captured"] = "likeness.captured"
    likeness_id: str


class LikenessDecided(_Event):
    """A capture was accepted or not; its sealed files are kept or destroyed."""

    type: Literal["likeness.decided"] = "likeness.decided"
    likeness_id: str
    accepted: bool


class LikenessErased(_Event):
    """A person wants everything gone; the key must be destroyed."""

    type: Literal["likeness.erased"] = "likeness.erased"
    likeness_id: str


class ConsentChanged(_Event):
    """A consent has a new version; its receipt must be signed and, if it was withdrawn, clips taken down."""

    type: Literal["consent.changed"] = "consent.changed"
    receipt: Receipt


class CascadeContinued(_Event):
    """A withdrawal has more clips to take down than one call may."""

    type: Literal["consent.cascade_continued"] = "consent.cascade_continued"
    likeness_id: str
    version: int


class TakenDown(Shape):
    video_id: str
    owner_id: str


class VideosWithdrawn(_Event):
    """Clips that show somebody who withdrew: their files must go, and their makers be told."""

    type: Literal["videos.withdrawn"] = "videos.withdrawn"
    videos: tuple[TakenDown, ...]


Event = Annotated[
    VideoRequested
    | VideoCompleted
    | VideoFailed
    | VideoGenerated
    | VideoHeld
    | ReviewDecided
    | VideoDeleted
    | VideoListed
    | VideoHidden
    | LikenessCaptured
    | LikenessDecided
    | LikenessErased
    | ConsentChanged
    | CascadeContinued
    | VideosWithdrawn,
    Field(discriminator="type"),
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class Tick(Shape):
    """Time has passed: what is due may be done."""


class Done(Shape):
    """What an event handler returns: it has nothing to say."""


class ModelAnswered(Shape):
    """A model server's late answer: `output` on success, else `error_code` and `error_message`."""

    call_id: str
    output: dict[str, Any] | None = None
    error_code: str | None = None
    error_message: str | None = None
