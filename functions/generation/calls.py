"""Questions to the media server: who asked, which workflow waits, and links for what it reads and writes."""

from collections.abc import Sequence

from volary.ports import Services, Write
from volary.stores.videos import Act, Call
from volary.videos import FILES, Rendition, SourceClip, Video, published_key, work_folder

from events.inference import Outputs, ScreenMedia, Source
from events.workflow import WaitingTask
from functions.generation.steps import SYSTEM, seconds, videos_of

LINK_SECONDS = 3_600  # as long as a generation may take


def submit(task: WaitingTask, after: Video, call_id: str, request: ScreenMedia, services: Services) -> None:
    """Store the clip as it is once asked for, with the call and its token, then hand the request over.

    The note comes first: an answer that nobody remembers asking for is dropped, a note without an answer times out.
    """
    call = Call(call_id=call_id, video_id=after.id, token=task.token, state=task.state)
    call = call.model_copy(update={"index_id": request.index.index_id if request.index else None})
    note(call, request.task, after, services)
    services.models.submit(request, call_id=call_id, token=task.token)


def note(call: Call, asked_for: str, after: Video, services: Services, more: Sequence[Write] = ()) -> Video:
    """Store the clip as it is once asked for, with the call, and what else must hold in that transaction."""
    store, now = videos_of(services), seconds(services)
    act = Act(action=f"asked for {asked_for}", actor=SYSTEM, at=now, detail=call.call_id)
    return store.change(after, act, more=[store.call_write(call, now), *more])


def outputs(video_id: str, call_id: str, services: Services) -> Outputs:
    """Fresh links per call, so that a late first attempt cannot overwrite a second one."""

    def link(name: str, content_type: str) -> str:
        key = f"{work_folder(video_id, call_id)}/{name}"
        return services.blobs.put_link("work", key, content_type=content_type, seconds=LINK_SECONDS)

    renditions: tuple[Rendition, ...] = ("video", "thumbnail", "spritesheet")
    links = {rendition: link(*FILES[rendition]) for rendition in renditions}
    return Outputs(**links, progress=link("progress.json", "application/json"))


def source_link(source: SourceClip, services: Services) -> Source:
    """A readable link to the clip or upload that the new one starts from."""
    if source.upload_key:
        get = services.blobs.get_link("uploads", source.upload_key, seconds=LINK_SECONDS)
    else:
        parent = videos_of(services).get(source.video_id or "")
        get = services.blobs.get_link("videos", published_key(parent, "video"), seconds=LINK_SECONDS)
    return Source(use=source.use, get=get, media=source.media, strength=source.strength)
