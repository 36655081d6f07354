"""Ask again, when the work starts, whether a job's source may still be used by its owner.

The likeness issue adds the people shown; today a source is another person's clip or one's own upload.
"""

from volary.entrypoint import entrypoint
from volary.ports import Services
from volary.remix import may_remix_now

from events.workflow import GenerationState
from functions.generation.steps import failed, videos_of


def check_consent(state: GenerationState, services: Services) -> GenerationState:
    video = videos_of(services).get(state.video_id)
    if video.has_ended:
        return failed(state, "internal_error")
    if not may_remix_now(video, videos_of(services)):
        return failed(state, "source_withdrawn")
    return state


lambda_handler = entrypoint(check_consent)
