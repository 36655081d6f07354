"""Makes one attempt to deliver a message and notes what comes of it: done, again later, or never again."""

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from volary.errors import Absent, ConditionFailed, Forbidden, Unavailable
from volary.ports import Services
from volary.stores.webhooks import Delivery, Webhooks, opened
from volary.webhooks import GIVE_UP_AFTER, Endpoint, checked_url, delay, headers

from functions.webhooks.post import Reply, post

AT_ONCE = 8  # receivers that are waited for at the same time


def deliver_all(deliveries: Iterable[Delivery], services: Services) -> None:
    """One attempt each; a slow receiver delays at most those that share its batch."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda each: deliver(each, services), deliveries))


def deliver(delivery: Delivery, services: Services) -> None:
    """One attempt. If its note is lost the same attempt is made again: receivers know repeats by webhook-id."""
    store = Webhooks(services.items)
    now = int(services.clock.now().timestamp())
    try:
        endpoint = store.get(delivery.owner_id, delivery.endpoint_id)
    except Absent:
        return _noted(store, delivery.model_copy(update={"status": "given_up"}), delivery)
    if endpoint.status == "disabled":
        return _noted(store, delivery.model_copy(update={"status": "given_up"}), delivery)
    reply = _sent(delivery, endpoint, services, now)
    after = _after(delivery, reply, now)
    _noted(store, after, delivery)
    _judge(store, endpoint, after, reply, now)
    return None


def send(endpoint: Endpoint, message_id: str, body: bytes, services: Services, now: int) -> Reply:
    """POST a signed body to an endpoint; raises Unavailable or Forbidden when there is no answer."""
    in_use = [opened(endpoint.secret, endpoint.id, services)]
    if endpoint.old_secret and now < endpoint.old_secret_until:
        in_use.append(opened(endpoint.old_secret, endpoint.id, services))
    target = checked_url(endpoint.url, endpoint.may_be_private)
    return post(target, headers(in_use, message_id, now, body), body, may_be_private=endpoint.may_be_private)


def _sent(delivery: Delivery, endpoint: Endpoint, services: Services, now: int) -> Reply | None:
    try:
        return send(endpoint, delivery.id, delivery.body.encode(), services, now)
    except (Unavailable, Forbidden):
        return None


def _after(delivery: Delivery, reply: Reply | None, now: int) -> Delivery:
    attempt = delivery.attempt + 1
    if reply and 200 <= reply.status < 300:
        return delivery.model_copy(update={"status": "delivered", "attempt": attempt})
    wait = delay(attempt, random.random(), reply.retry_after if reply else None)  # noqa: S311
    if wait is None or (reply and reply.status == 410):
        return delivery.model_copy(update={"status": "given_up", "attempt": attempt})
    return delivery.model_copy(update={"attempt": attempt, "due_at": now + wait})


def _judge(store: Webhooks, endpoint: Endpoint, after: Delivery, reply: Reply | None, now: int) -> None:
    """Disable an endpoint that is gone (410) or that used up the schedule of several messages in a row."""
    failures = {"delivered": 0, "waiting": endpoint.failures}.get(after.status, endpoint.failures + 1)
    change: dict[str, object] = {"failures": failures}
    if reply and reply.status == 410:
        change |= {"status": "disabled", "disabled_because": "it answered 410", "updated_at": now}
    elif failures >= GIVE_UP_AFTER:
        change |= {"status": "disabled", "disabled_because": f"{failures} messages in a row failed", "updated_at": now}
    elif failures == endpoint.failures:
        return
    try:
        store.change(endpoint.model_copy(update=change))
    except ConditionFailed:
        return  # its owner changed it meanwhile; the next message judges it anew


def _noted(store: Webhooks, after: Delivery, before: Delivery) -> None:
    try:
        store.note(after, before)
    except ConditionFailed:
        return  # the same attempt was made twice, and the other one's note stands
