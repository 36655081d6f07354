"""Remove what a clip no longer needs: its unsigned files once it has ended, everything once it may not be shown."""

from volary.entrypoint import entrypoint
from volary.ports import Services
from volary.stores import published
from volary.stores.videos import Videos
from volary.videos import Rendition, Video, work_folder, work_key

from events.bus import Done, VideoCompleted, VideoDeleted, VideoFailed, VideosWithdrawn

RENDITIONS: tuple[Rendition, ...] = ("video", "thumbnail", "spritesheet")


def clean_up(event: VideoCompleted | VideoFailed | VideoDeleted | VideosWithdrawn, services: Services) -> Done:
    if event.type == "videos.withdrawn":
        for each in event.videos:
            _forget(Videos(services.items).get(each.video_id), "a person withdrew", services)
        return Done()
    video = Videos(services.items).get(event.video_id)
    match event.type:
        case "video.deleted":
            _forget(video, "the video was deleted", services)
        case "video.failed":
            _forget_published(video, services)  # it may have failed after it was signed
    _forget_work(video, services)
    return Done()


def _forget(video: Video, cause: str, services: Services) -> None:
    if video.status != "completed":  # its workflow has ended
        services.workflows.stop("generation", video.id, cause)
    _forget_published(video, services)
    _forget_work(video, services)
    if video.source and video.source.upload_key:
        services.blobs.delete("uploads", video.source.upload_key)


def _forget_published(video: Video, services: Services) -> None:
    published.forget(video, services)
    published.note_again(video, services)


def _forget_work(video: Video, services: Services) -> None:
    if video.call_id is None:
        return
    for rendition in RENDITIONS:
        services.blobs.delete("work", work_key(video, rendition))
    services.blobs.delete("work", f"{work_folder(video.id, video.call_id)}/progress.json")


lambda_handler = entrypoint(clean_up)
