"""Have an uploaded source judged before anything starts from it; the answer comes to `answer`."""

from volary.entrypoint import entrypoint
from volary.errors import Conflict
from volary.ports import Services
from volary.vault_index import index
from volary.videos import Stage, enter

from events.inference import ScreenMedia
from events.workflow import GenerationState, WaitingTask
from functions.generation.calls import LINK_SECONDS, submit
from functions.generation.steps import videos_of


def inspect_upload(task: WaitingTask, services: Services) -> GenerationState:
    video = videos_of(services).get(task.state.video_id)
    source = video.source
    if source is None or source.upload_key is None:
        raise Conflict(f"video {video.id} has no upload to inspect")
    link = services.blobs.get_link("uploads", source.upload_key, seconds=LINK_SECONDS)
    request = ScreenMedia(job_id=video.id, get=link, media=source.media, origin="upload", index=index(services))
    # A job that waited for a device's key on its way does not go back.
    stage: Stage = "awaiting_key" if video.stage == "awaiting_key" else "screening_prompt"
    submit(task, enter(video, stage), services.ids.new("call"), request, services)
    return task.state


lambda_handler = entrypoint(inspect_upload)
