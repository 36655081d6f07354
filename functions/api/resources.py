"""How a clip is told to a client: the SDK's VideoResource with every key, and our own keys beside them."""

from typing import Any, Literal

from pydantic import BaseModel
from volary.accounts import Viewer
from volary.generation import MODEL
from volary.videos import Stage, Status, Video, Visibility

from events.likeness import Purpose
from functions.videos.progress import Forecast

FEWEST_POLL_MS, MOST_POLL_MS = 250, 10_000
VERDICTS = {None: "pending", "pass": "passed", "hold": "held", "block": "blocked"}


class VideoError(BaseModel):
    code: str
    message: str


class Moderation(BaseModel):
    """What screening came to, told to the clip's owner only."""

    status: Literal["pending", "passed", "held", "blocked"]


class KeptFrom(BaseModel):
    """An audience that is not shown the clip, told to its owner only; null stands for every age or region."""

    ages: list[str] | None
    regions: list[str] | None
    law: str


class Provenance(BaseModel):
    """What the published file carries: its manifest, its invisible mark and its digest."""

    generator: str
    manifest_id: str
    signed_at: int
    sha256: str
    size_bytes: int
    mark: str
    mark_algorithm: str | None


class Lineage(BaseModel):
    parent_id: str | None
    use: Literal["reference", "remix", "edit", "extend"] | None


class Links(BaseModel):
    """Signed links of five minutes to the published files, for players that can send no token of their own."""

    video: str
    thumbnail: str
    spritesheet: str


class VideoResource(BaseModel):
    """A clip. `seconds` is a string, times are epoch seconds; `seed` and `moderation` are told to its owner only."""

    id: str
    object: Literal["video"] = "video"
    model: str
    status: Status
    progress: int
    created_at: int
    completed_at: int | None
    expires_at: int | None
    prompt: str | None
    size: str
    seconds: str
    remixed_from_video_id: str | None
    error: VideoError | None
    style: str | None
    seed: int | None
    likenesses: list[str]
    purpose: Purpose
    withdrawn: bool = False
    visibility: Visibility
    stage: Stage
    queue_position: int | None
    eta_seconds: int | None
    moderation: Moderation | None
    provenance: Provenance | None
    lineage: Lineage
    kept_from: list[KeptFrom] = []
    not_rendered: list[str]
    warnings: list[str]
    links: Links | None


class VideoList(BaseModel):
    """A page, newest first unless asked otherwise; go on with `after=last_id` while `has_more`."""

    object: Literal["list"] = "list"
    data: list[VideoResource]
    first_id: str | None
    last_id: str | None
    has_more: bool


class DeletedVideo(BaseModel):
    id: str
    object: Literal["video.deleted"] = "video.deleted"
    deleted: Literal[True] = True


def resource(video: Video, outlook: Forecast, viewer: Viewer, links: Links | None) -> VideoResource:
    """The record as this viewer may read it; the caller has asked the read gate, and gives links where it lets."""
    is_owner = viewer.user_id == video.owner_id
    source = video.source
    return VideoResource(
        id=video.id,
        model=video.asked_model,
        status=video.status,
        progress=outlook.progress,
        created_at=video.created_at,
        completed_at=video.completed_at if video.status == "completed" else None,
        expires_at=None,
        prompt=video.prompt,
        size=f"{video.width}x{video.height}",
        seconds=str(video.seconds),
        remixed_from_video_id=source.video_id if source and source.use == "remix" else None,
        error=VideoError(**video.failure.model_dump()) if video.failure else None,
        style=video.style,
        seed=video.seed if is_owner else None,
        likenesses=[each.likeness_id for each in video.people],
        purpose=video.purpose,
        visibility=video.visibility,
        stage=video.stage,
        queue_position=outlook.queue_position,
        eta_seconds=outlook.eta_seconds,
        moderation=_moderation(video) if is_owner else None,
        provenance=_provenance(video),
        lineage=Lineage(parent_id=video.parent_id, use=source.use if source else None),
        kept_from=[KeptFrom(**limit.model_dump()) for limit in video.limits] if is_owner else [],
        not_rendered=list(video.not_rendered),
        warnings=list(video.warnings),
        links=links,
    )


def poll_headers(video: VideoResource) -> dict[str, str]:
    """When to ask again. The clients read it once and keep the interval, so it is an eighth of the time left.

    Nobody knows when a person will have looked: then it is the longest.
    """
    if video.status in ("completed", "failed"):
        return {}
    eighth = MOST_POLL_MS if video.eta_seconds is None else video.eta_seconds * 1000 // 8
    interval = min(max(eighth, FEWEST_POLL_MS), MOST_POLL_MS)
    return {"openai-poll-after-ms": str(int(interval))}


def page(data: list[Any], limit: int) -> dict[str, Any]:
    """The list envelope around the first `limit` of `data`, which holds one more where there is more."""
    shown = data[:limit]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0].id if shown else None,
        "last_id": shown[-1].id if shown else None,
        "has_more": len(data) > limit,
    }


def _moderation(video: Video) -> Moderation:
    is_blocked = video.failure is not None and video.failure.code in ("moderation_blocked", "review_rejected")
    return Moderation.model_validate({"status": "blocked" if is_blocked else VERDICTS[video.gate]})


def _provenance(video: Video) -> Provenance | None:
    if video.signature is None or video.deleted_at is not None or video.status != "completed":
        return None
    signed = video.signature
    return Provenance(
        generator=video.model or MODEL,
        manifest_id=signed.manifest_id,
        signed_at=signed.signed_at,
        sha256=signed.sha256,
        size_bytes=signed.size_bytes,
        mark=video.record,
        mark_algorithm=video.mark_algorithm,
    )
