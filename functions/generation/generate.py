"""Send an accepted job to the generator; the answer comes to `answer` with the task's token."""

from volary.entrypoint import entrypoint
from volary.generation import progress
from volary.ports import Services
from volary.videos import Video, enter

from events.inference import Generate
from events.workflow import GenerationState, WaitingTask
from functions.generation.calls import outputs, source_link, submit
from functions.generation.steps import videos_of
from functions.videos.progress import fraction_of


def generate(task: WaitingTask, services: Services) -> GenerationState:
    video = videos_of(services).get(task.state.video_id)
    call_id = services.ids.new("call")
    # A second attempt starts over, but what the person was shown must not go back.
    floor = progress(video, fraction_of(video, services))
    fresh = enter(video, "generating").model_copy(update={"call_id": call_id, "progress_floor": floor})
    submit(task, fresh, call_id, request(fresh, call_id, services), services)
    return task.state


def request(video: Video, call_id: str, services: Services) -> Generate:
    return Generate(
        job_id=video.id,
        prompt=video.prompt,
        negative_prompt=video.negative_prompt,
        style=video.style,
        seconds=video.seconds,
        width=video.width,
        height=video.height,
        seed=video.seed,
        record=video.record,
        source=source_link(video.source, services) if video.source else None,
        outputs=outputs(video.id, call_id, services),
    )


lambda_handler = entrypoint(generate)
