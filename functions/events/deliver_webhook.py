"""Tell a clip's owner, at the endpoints they named, that it ended; later attempts are `retry_webhooks`' work."""

import hashlib
from typing import NamedTuple

from volary.entrypoint import entrypoint
from volary.errors import ConditionFailed
from volary.ports import Services
from volary.stores.webhooks import Delivery, Webhooks
from volary.webhooks import Endpoint, EventType, payload

from events.bus import Done, VideoCompleted, VideoFailed
from functions.webhooks.deliver import deliver_all

LOST_SECONDS = 60  # after which a first attempt that noted nothing counts as lost with its process


class News(NamedTuple):
    """What a clip's owner is told; `event_id` names the fact, `at` is in epoch seconds."""

    event_id: str
    at: int
    type: EventType
    video_id: str
    owner_id: str


def deliver_webhook(event: VideoCompleted | VideoFailed, services: Services) -> Done:
    tell(news_of(event), services)
    return Done()


def news_of(event: VideoCompleted | VideoFailed) -> News:
    return News(event.event_id, int(event.at.timestamp()), event.type, event.video_id, event.owner_id)


def tell(news: News, services: Services) -> None:
    """Make the first attempt at every endpoint that wants this; telling it again makes no second message."""
    store = Webhooks(services.items)
    now = int(services.clock.now().timestamp())
    endpoints = [each for each in store.of_owner(news.owner_id) if wants(each, news.type)]
    fresh = [each for each in endpoints if _is_new(delivery_of(news, each, now), store)]
    deliver_all((delivery_of(news, each, now) for each in fresh), services)


def wants(endpoint: Endpoint, event_type: str) -> bool:
    return endpoint.status == "enabled" and event_type in endpoint.event_types


def delivery_of(event: News, endpoint: Endpoint, now: int) -> Delivery:
    """The message, whose ids follow from the event and the endpoint: a second delivery of the event makes no second."""
    body = payload(f"evt_{_digest(event.event_id)}", event.at, event.type, event.video_id)
    return Delivery(
        id=f"wh_{_digest(f'{event.event_id}/{endpoint.id}')}",
        owner_id=event.owner_id,
        endpoint_id=endpoint.id,
        body=body.decode(),
        due_at=now + LOST_SECONDS,
    )


def _is_new(delivery: Delivery, store: Webhooks) -> bool:
    try:
        store.add_delivery(delivery)
    except ConditionFailed:
        return False  # noted before; if its first attempt was lost with its process, retry_webhooks makes it
    return True


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


lambda_handler = entrypoint(deliver_webhook)
