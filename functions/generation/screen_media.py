"""Have the marked frames and the sound judged, as they were encoded; the answer comes to `answer`."""

from volary.entrypoint import entrypoint
from volary.ports import Services
from volary.vault_index import index
from volary.videos import enter, work_key

from events.inference import ScreenMedia
from events.workflow import GenerationState, WaitingTask
from functions.generation.calls import LINK_SECONDS, submit
from functions.generation.steps import videos_of


def screen_media(task: WaitingTask, services: Services) -> GenerationState:
    video = videos_of(services).get(task.state.video_id)
    link = services.blobs.get_link("work", work_key(video, "video"), seconds=LINK_SECONDS)
    request = ScreenMedia(job_id=video.id, get=link, origin="generated", index=index(services))
    submit(task, enter(video, "screening_media"), services.ids.new("call"), request, services)
    return task.state


lambda_handler = entrypoint(screen_media)
