"""Wake the workflow that waits for a moderator, with the moderator's answer."""

from volary.entrypoint import entrypoint
from volary.errors import Absent
from volary.ports import Services
from volary.stores.videos import Videos

from events.bus import Done, ReviewDecided


def answer_review(event: ReviewDecided, services: Services) -> Done:
    waiting = Videos(services.items).waiting(event.video_id)
    if waiting is None:
        return Done()
    state = waiting.state.model_copy(update={"review": event.review})
    try:
        services.workflows.succeed(waiting.token, state.model_dump(mode="json", by_alias=True))
    except Absent:
        return Done()  # delivered before
    return Done()


lambda_handler = entrypoint(answer_review)
