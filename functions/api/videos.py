"""The Videos API as the official clients speak it: every call under /v1/videos."""

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel
from starlette.responses import RedirectResponse
from volary.accounts import Viewer
from volary.errors import Absent, Conflict, Invalid
from volary.generation import EXTENSION_SECONDS, LONGEST, Ask, checked_seconds
from volary.likeness import Standing
from volary.ports import Range, Services
from volary.stores import published
from volary.stores.files import Character, Files
from volary.stores.idempotency import RepeatableIds
from volary.stores.likenesses import standing_of
from volary.stores.videos import Videos, position
from volary.videos import Access, Rendition, Video, access, is_withdrawn, may_serve, unserved

from functions.api import media, sources
from functions.api.asks import CreateCharacter, CreateVideo, EditVideo, ExtendVideo, RemixVideo, Wishes
from functions.api.authentication import CurrentServices, CurrentViewer, CurrentVisitor
from functions.api.calls import After, Limit, Order, posted, takes
from functions.api.once import Once
from functions.api.resources import DeletedVideo, Links, VideoList, VideoResource, page, poll_headers, resource
from functions.videos.create import create as accept
from functions.videos.delete import delete as erase
from functions.videos.delete import owned
from functions.videos.progress import Line, forecast

router = APIRouter(prefix="/videos", tags=["Videos"], route_class=Once)


class Answering(NamedTuple):
    """What an answer about a job needs beside the job: its headers, and the line that the job stands in."""

    response: Response
    line: Line


async def answering(request: Request, response: Response) -> Answering:
    return Answering(response, request.app.state.line)


CurrentAnswering = Annotated[Answering, Depends(answering)]


class CharacterResource(BaseModel):
    """Something that clips may show again; `state` says why it cannot be used yet."""

    id: str
    object: str = "character"
    name: str
    created_at: int
    state: str


@router.post("", operation_id="create_video", openapi_extra=takes(CreateVideo))
async def create(
    body: Annotated[CreateVideo, Depends(posted(CreateVideo))],
    viewer: CurrentViewer,
    services: CurrentServices,
    answering: CurrentAnswering,
) -> VideoResource:
    given = body.input_reference
    source = sources.reference(given, viewer, services) if given else None
    ask = Ask(**_wishes(body), model=body.model, size=body.size, seconds=checked_seconds(body.seconds), source=source)
    return _accepted(ask, viewer, services, answering)


@router.post("/edits", operation_id="edit_video", openapi_extra=takes(EditVideo))
async def edit(
    body: Annotated[EditVideo, Depends(posted(EditVideo))],
    viewer: CurrentViewer,
    services: CurrentServices,
    answering: CurrentAnswering,
) -> VideoResource:
    base = sources.clip(body.video, "edit", viewer, services)
    ask = Ask(**_wishes(body), model=base.model, size=base.size, seconds=base.seconds, source=base.clip)
    return _accepted(ask, viewer, services, answering)


@router.post("/extensions", operation_id="extend_video", openapi_extra=takes(ExtendVideo))
async def extend(
    body: Annotated[ExtendVideo, Depends(posted(ExtendVideo))],
    viewer: CurrentViewer,
    services: CurrentServices,
    answering: CurrentAnswering,
) -> VideoResource:
    added = checked_seconds(body.seconds, EXTENSION_SECONDS)
    base = sources.clip(body.video, "extend", viewer, services)
    total = base.seconds + added
    if total > LONGEST:
        raise Invalid(f"{base.seconds} s extended by {added} s is {total} s, more than {LONGEST}", param="seconds")
    ask = Ask(**_wishes(body), model=base.model, size=base.size, seconds=total, source=base.clip)
    return _accepted(ask, viewer, services, answering)


@router.post("/characters", operation_id="create_character", openapi_extra=takes(CreateCharacter, form_only=True))
async def create_character(
    body: Annotated[CreateCharacter, Depends(posted(CreateCharacter))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> CharacterResource:
    kind = media.recognised(body.video, ("video",), "video")
    owner_id = viewer.user_id or ""
    character = Character(
        id=services.ids.new("char"),
        owner_id=owner_id,
        name=body.name,
        upload_key=media.store(body.video, kind, owner_id, services),
        created_at=int(services.clock.now().timestamp()),
    )
    Files(services.items).add_character(character)
    return _character(character)


@router.get("/characters/{character_id}", operation_id="get_character")
async def get_character(character_id: str, viewer: CurrentViewer, services: CurrentServices) -> CharacterResource:
    return _character(Files(services.items).character(viewer.user_id or "", character_id))


@router.get("", operation_id="list_videos")
async def list_videos(
    viewer: CurrentViewer,
    services: CurrentServices,
    answering: CurrentAnswering,
    limit: Limit = 20,
    order: Order = "desc",
    after: After = None,
) -> VideoList:
    store = Videos(services.items)
    start = position(owned(after, viewer, store)) if after else None
    span = Range(after=start, limit=limit + 1, newest_first=order == "desc")
    listed = store.of_owner(viewer.user_id or "", span)
    standing = standing_of(listed, services)
    found = [video for video in listed if access(video, viewer, standing) > Access.NOTHING]
    shown = [told(video, viewer, services, answering.line, standing) for video in found]
    return VideoList.model_validate(page(shown, limit))


@router.get("/{video_id}", operation_id="retrieve_video")
async def retrieve(
    video_id: str, viewer: CurrentVisitor, services: CurrentServices, answering: CurrentAnswering
) -> VideoResource:
    video = visible(video_id, viewer, services)
    answer = told(video, viewer, services, answering.line)
    answering.response.headers.update(poll_headers(answer))
    return answer


@router.delete("/{video_id}", operation_id="delete_video")
async def delete(video_id: str, viewer: CurrentViewer, services: CurrentServices) -> DeletedVideo:
    return DeletedVideo(id=erase(video_id, viewer, services).id)


@router.get("/{video_id}/content", operation_id="download_video", status_code=302, response_class=RedirectResponse)
async def content(
    video_id: str,
    viewer: CurrentVisitor,
    services: CurrentServices,
    variant: Annotated[Rendition, Query()] = "video",
) -> RedirectResponse:
    """A redirect to a signed link of five minutes: to `video/mp4`, or for the other variants to `image/webp`."""
    video = visible(video_id, viewer, services)
    standing = standing_of([video], services)
    if not may_serve(video, viewer, standing):
        raise unserved(video, standing)
    link = published.link(video, variant, standing, services)
    return RedirectResponse(link, 302, {"cache-control": "private, no-store"})


@router.post("/{video_id}/remix", operation_id="remix_video", openapi_extra=takes(RemixVideo))
async def remix(
    video_id: str,
    body: Annotated[RemixVideo, Depends(posted(RemixVideo))],
    viewer: CurrentViewer,
    services: CurrentServices,
    answering: CurrentAnswering,
) -> VideoResource:
    base = sources.ours(video_id, "remix", viewer, services)
    ask = Ask(**_wishes(body), model=base.model, size=base.size, seconds=base.seconds, source=base.clip)
    return _accepted(ask, viewer, services, answering)


def visible(video_id: str, viewer: Viewer, services: Services) -> Video:
    """The clip, as far as the read gate lets this viewer know of it; else Absent, as if there were none."""
    video = Videos(services.items).get(video_id)
    if access(video, viewer, standing_of([video], services)) is Access.NOTHING:
        raise Absent(f"there is no video {video_id}")
    return video


def told(
    video: Video, viewer: Viewer, services: Services, line: Line, standing: Standing | None = None
) -> VideoResource:
    """The clip for this viewer, with links where the read gate lets; a list hands in the `standing` of all it read."""
    standing = standing or standing_of([video], services)
    links = links_of(video, standing, services) if may_serve(video, viewer, standing) else None
    withdrawn = is_withdrawn(video, standing)
    return resource(video, forecast(video, services, line), viewer, links).model_copy(update={"withdrawn": withdrawn})


def links_of(video: Video, standing: Standing, services: Services) -> Links:
    """Links of five minutes; the caller has asked the read gate with this `standing`."""

    def link(variant: Rendition) -> str:
        return published.link(video, variant, standing, services)

    return Links(video=link("video"), thumbnail=link("thumbnail"), spritesheet=link("spritesheet"))


def _accepted(ask: Ask, viewer: Viewer, services: Services, answering: Answering) -> VideoResource:
    try:
        video = accept(ask, viewer, services)
    except Conflict as conflict:
        video = _accepted_before(services, conflict)
    answer = told(video, viewer, services, answering.line)
    answering.response.headers.update(poll_headers(answer))
    return answer


def _accepted_before(services: Services, conflict: Conflict) -> Video:
    """The clip of an earlier run of this very request that was killed before it answered; else the conflict stands."""
    ids = services.ids
    if not isinstance(ids, RepeatableIds) or "video" not in ids.latest:
        raise conflict
    try:
        return Videos(services.items).get(ids.latest["video"])
    except Absent:
        raise conflict from None


def _wishes(body: Wishes) -> dict[str, Any]:
    known = {"prompt", "negative_prompt", "style", "seed", "visibility", "likenesses", "purpose"}
    return body.model_dump(include=known)


def _character(character: Character) -> CharacterResource:
    return CharacterResource(**character.model_dump(include={"id", "name", "created_at", "state"}))
