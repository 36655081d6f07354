"""Ask again, when the work starts, whether a job's source may still be used and everybody in it still lets it."""

from volary.consent import recast
from volary.entrypoint import entrypoint
from volary.likeness import Refusal
from volary.ports import Services
from volary.remix import may_remix_now

from events.workflow import GenerationState
from functions.generation.steps import failed, videos_of


def check_consent(state: GenerationState, services: Services) -> GenerationState:
    video = videos_of(services).get(state.video_id)
    if video.has_ended:
        return failed(state, "internal_error")
    if not may_remix_now(video, services):
        return failed(state, "source_withdrawn")
    if isinstance(recast(video, services), Refusal):
        return failed(state, "consent_withdrawn")
    return state


lambda_handler = entrypoint(check_consent)
