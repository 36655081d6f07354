"""Ask again, when the work starts, whether a job's source may still be used, everybody in it still lets it, and its
words name nobody of the block list.

A job whose people have their key on a device waits here, at the stage `awaiting_key`, as long as the workflow tries
again: an hour. Then it ends with likeness_key_missing and its credits go back.
"""

from volary import vault
from volary.consent import recast
from volary.entrypoint import entrypoint
from volary.errors import KeyNotReleased
from volary.likeness import Refusal
from volary.ports import Services
from volary.remix import may_remix_now
from volary.videos import Video

from events.workflow import GenerationState
from functions.generation.steps import failed, moved, videos_of


def check_consent(state: GenerationState, services: Services) -> GenerationState:
    video = videos_of(services).get(state.video_id)
    if video.has_ended:
        return failed(state, "internal_error")
    if not may_remix_now(video, services):
        return failed(state, "source_withdrawn")
    shown = recast(video, services)
    if isinstance(shown, Refusal):
        return failed(state, shown.failure)
    _demand_keys(video, services)
    return state


def _demand_keys(video: Video, services: Services) -> None:
    """Raises KeyNotReleased while a device holds the key of somebody who is to be drawn; the workflow waits for it."""
    missing = [each for each in video.drawn if not vault.is_released(each, video.id, services)]
    if missing:
        moved(video, "awaiting_key", services)
        raise KeyNotReleased(f"video {video.id} waits for the key of {', '.join(missing)}")


lambda_handler = entrypoint(check_consent)
