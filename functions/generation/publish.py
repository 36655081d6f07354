"""Make a signed clip watchable and spend its credits, if its source and everybody in it still let it.

Both are conditions of the very transaction: a consent that moved since it was judged fails it, and so does a block
list that changed since the clip's words were read.
"""

from volary.consent import recast
from volary.entrypoint import entrypoint
from volary.likeness import Refusal
from volary.ports import Services, Write
from volary.remix import consent_checks, may_remix_now
from volary.stores.credits import Credits
from volary.stores.reviews import Reviews
from volary.stores.videos import Act
from volary.videos import Video, complete

from events.bus import VideoCompleted
from events.workflow import GenerationState
from functions.generation.steps import SYSTEM, failed, seconds, videos_of


def publish(state: GenerationState, services: Services) -> GenerationState:
    video = videos_of(services).get(state.video_id)
    if video.status == "completed":
        return state  # this step ran before and its answer was lost
    if video.has_ended:
        return failed(state, "internal_error")
    checks = consent_checks(video, videos_of(services))  # read before the question, so that a later change fails
    if not may_remix_now(video, services):
        return failed(state, "source_withdrawn")
    shown = recast(video, services)
    if isinstance(shown, Refusal):
        return failed(state, shown.failure)
    _complete(video, [*checks, *shown.checks], services)
    return state


def _complete(video: Video, checks: list[Write], services: Services) -> None:
    store, now = videos_of(services), seconds(services)
    spend = Credits(services.items).settle_writes(video.id, "spend", now)
    event = VideoCompleted(
        event_id=f"{video.id}.completed", at=services.clock.now(), video_id=video.id, owner_id=video.owner_id
    )
    # A ConditionFailed leaves here and is retried by the workflow: the next attempt reads the parent anew.
    known = Reviews(services.items).copy_writes(video.id, video.signature.sha256, None) if video.signature else []
    act = Act(action="published", actor=SYSTEM, at=now)
    store.change(complete(video, now), act, [event], [*spend, *checks, *known])


lambda_handler = entrypoint(publish)
