"""Start the workflow of an accepted job; its name is the video's id, so a second delivery starts nothing."""

from volary.entrypoint import entrypoint
from volary.ports import Services
from volary.stores.videos import Videos

from events.bus import Done, VideoRequested
from events.workflow import GenerationState


def start_generation(event: VideoRequested, services: Services) -> Done:
    video = Videos(services.items).get(event.video_id)
    if not video.has_ended:
        has_upload = video.source is not None and video.source.upload_key is not None
        state = GenerationState(video_id=video.id, has_upload=has_upload)
        services.workflows.start("generation", video.id, state.model_dump(mode="json", by_alias=True))
    return Done()


lambda_handler = entrypoint(start_generation)
