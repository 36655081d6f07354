"""Put a clip that a person must see into the review queue; `functions.review.decide` answers the token."""

from volary.entrypoint import entrypoint
from volary.ports import Services
from volary.stores.videos import Act, Waiting
from volary.videos import enter

from events.bus import VideoHeld
from events.workflow import GenerationState, WaitingTask
from functions.generation.steps import SYSTEM, seconds, videos_of


def hold(task: WaitingTask, services: Services) -> GenerationState:
    store, now = videos_of(services), seconds(services)
    video = store.get(task.state.video_id)
    after = enter(video, "held").model_copy(update={"gate": "hold"})
    act = Act(action="held for review", actor=SYSTEM, at=now)
    event = VideoHeld(
        event_id=services.ids.new("evt"), at=services.clock.now(), video_id=video.id, owner_id=video.owner_id
    )
    store.change(after, act, [event], [store.waiting_write(video.id, Waiting(token=task.token, state=task.state))])
    return task.state


lambda_handler = entrypoint(hold)
