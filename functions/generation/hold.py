"""Put a clip that a person must see into the review queue; `functions.review.effects` answers the token."""

from volary.entrypoint import entrypoint
from volary.ports import Services, Write
from volary.stores.reviews import Reviews
from volary.stores.videos import Act, Waiting
from volary.videos import Video, enter

from events.bus import VideoHeld
from events.workflow import GenerationState, WaitingTask
from functions.generation.steps import SYSTEM, seconds, videos_of
from functions.review.cases import opened


def hold(task: WaitingTask, services: Services) -> GenerationState:
    store, now = videos_of(services), seconds(services)
    video = store.get(task.state.video_id)
    after = enter(video, "held").model_copy(update={"gate": "hold"})
    act = Act(action="held for review", actor=SYSTEM, at=now)
    event = VideoHeld(
        event_id=services.ids.new("evt"), at=services.clock.now(), video_id=video.id, owner_id=video.owner_id
    )
    waiting = store.waiting_write(video.id, Waiting(token=task.token, state=task.state))
    store.change(after, act, [event], [waiting, *_case_writes(after, services, now)])
    return task.state


def _case_writes(video: Video, services: Services, now: int) -> list[Write]:
    """The reviewers' case, unless this step ran before."""
    reviews = Reviews(services.items)
    if reviews.find(video.id) is not None:
        return []
    case = opened(video, videos_of(services).screenings(video.id), now)
    return reviews.opening_writes(case, Act(action="held for review", actor=SYSTEM, at=now))


lambda_handler = entrypoint(hold)
