"""End a job that cannot be finished: its code on the record, its credits given back, its owner told."""

from volary import videos
from volary.entrypoint import entrypoint
from volary.generation import failure_of
from volary.ports import Services
from volary.stores.credits import Credits
from volary.stores.videos import Act

from events.bus import VideoFailed
from events.workflow import GenerationState
from functions.generation.steps import SYSTEM, seconds, videos_of


def fail(state: GenerationState, services: Services) -> GenerationState:
    store, now = videos_of(services), seconds(services)
    video = store.get(state.video_id)
    if video.has_ended:
        return state
    code = "review_rejected" if state.review == "reject" else state.failure
    failure = failure_of(code, state.error.error if state.error else "")
    event = VideoFailed(
        event_id=f"{video.id}.failed",
        at=services.clock.now(),
        video_id=video.id,
        owner_id=video.owner_id,
        code=failure.code,
    )
    refund = Credits(services.items).settle_writes(video.id, "refund", now)
    act = Act(action="failed", actor=SYSTEM, at=now, detail=failure.code)
    store.change(videos.fail(video, failure, now), act, [event], refund)
    return state


lambda_handler = entrypoint(fail)
