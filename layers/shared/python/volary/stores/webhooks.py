"""Webhook endpoints and the deliveries under way to them, above `Items`; secrets are sealed by `Keys`."""

import base64
from typing import Literal

from events.shapes import Shape
from volary.errors import Absent
from volary.ports import EXPIRES, NEW, Delete, Item, Items, Key, Put, Range, Services, When
from volary.webhooks import Endpoint

MOST_ENDPOINTS = 20  # for one person; every event of theirs is sent to each
DUE = "WEBHOOKS_DUE"
DELIVERY_SECONDS = 7 * 86_400  # the schedule ends after about three and a half days


class Delivery(Shape):
    """One message to one endpoint: the same `body` and `id` at every attempt, of which `attempt` were made."""

    id: str
    owner_id: str
    endpoint_id: str
    body: str
    due_at: int
    attempt: int = 0
    status: Literal["waiting", "delivered", "given_up"] = "waiting"


def sealed(secret: str, endpoint_id: str, services: Services) -> str:
    return base64.b64encode(services.keys.wrap(secret.encode(), _context(endpoint_id))).decode()


def opened(secret: str, endpoint_id: str, services: Services) -> str:
    return services.keys.unwrap(base64.b64decode(secret), _context(endpoint_id)).decode()


def _context(endpoint_id: str) -> dict[str, str]:
    return {"purpose": "webhook", "endpoint": endpoint_id}


class Webhooks:
    """WEBHOOKS#owner/ENDPOINT#id · DELIVERY#id/DELIVERY."""

    def __init__(self, items: Items) -> None:
        self._items = items

    def add(self, endpoint: Endpoint) -> None:
        self._items.write(Put(_endpoint_item(endpoint), NEW))

    def get(self, owner_id: str, endpoint_id: str) -> Endpoint:
        """Raises Absent, for somebody else's endpoint too."""
        item = self._items.get(Key(f"WEBHOOKS#{owner_id}", f"ENDPOINT#{endpoint_id}"))
        if item is None:
            raise Absent(f"there is no webhook endpoint {endpoint_id}")
        return Endpoint.model_validate(item)

    def of_owner(self, owner_id: str) -> list[Endpoint]:
        """All of them, oldest first."""
        found = self._items.query(f"WEBHOOKS#{owner_id}", Range(prefix="ENDPOINT#", limit=MOST_ENDPOINTS))
        return sorted(map(Endpoint.model_validate, found), key=lambda each: (each.created_at, each.id))

    def change(self, endpoint: Endpoint) -> Endpoint:
        """Store the next state of an endpoint read at its `version`; raises ConditionFailed if it moved meanwhile."""
        fresh = endpoint.model_copy(update={"version": endpoint.version + 1})
        self._items.write(Put(_endpoint_item(fresh), When(equals={"version": endpoint.version})))
        return fresh

    def remove(self, endpoint: Endpoint) -> None:
        self._items.write(Delete(Key(f"WEBHOOKS#{endpoint.owner_id}", f"ENDPOINT#{endpoint.id}")))

    def add_delivery(self, delivery: Delivery) -> None:
        """Raises ConditionFailed when this message is known."""
        self._items.write(Put(_delivery_item(delivery), NEW))

    def delivery(self, delivery_id: str) -> Delivery:
        item = self._items.get(Key(f"DELIVERY#{delivery_id}", "DELIVERY"))
        if item is None:
            raise Absent(f"there is no delivery {delivery_id}")
        return Delivery.model_validate(item)

    def due(self, now: int, limit: int) -> list[Delivery]:
        """Deliveries whose next attempt is due, the longest waiting first."""
        found = self._items.query_index("gsi2", DUE, Range(limit=limit))
        return [Delivery.model_validate(item) for item in found if item["due_at"] <= now]

    def note(self, delivery: Delivery, before: Delivery) -> None:
        """Store an attempt's outcome; raises ConditionFailed when that attempt was noted before."""
        unmoved = When(equals={"attempt": before.attempt, "status": before.status})
        self._items.write(Put(_delivery_item(delivery), unmoved))


def _endpoint_item(endpoint: Endpoint) -> Item:
    key = {"pk": f"WEBHOOKS#{endpoint.owner_id}", "sk": f"ENDPOINT#{endpoint.id}"}
    return {**key, **endpoint.model_dump(mode="json")}


def _delivery_item(delivery: Delivery) -> Item:
    item: Item = {"pk": f"DELIVERY#{delivery.id}", "sk": "DELIVERY", **delivery.model_dump(mode="json")}
    if delivery.status == "waiting":
        item |= {"gsi2pk": DUE, "gsi2sk": f"{delivery.due_at:012d}#{delivery.id}"}
    return {**item, EXPIRES: delivery.due_at + DELIVERY_SECONDS}
