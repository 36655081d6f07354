"""Webhook endpoints, managed as the official clients manage them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from volary import webhooks
from volary.errors import Conflict, Invalid, Unavailable
from volary.stores.webhooks import MOST_ENDPOINTS, Webhooks, sealed
from volary.webhooks import EVENT_TYPES, SECRET_OVERLAP_SECONDS, Endpoint, EventType

from functions.api.asks import Body
from functions.api.authentication import CurrentServices, CurrentViewer
from functions.api.calls import After, Limit, posted, takes
from functions.api.once import Once
from functions.api.resources import page
from functions.webhooks.deliver import send

router = APIRouter(tags=["Webhooks"], route_class=Once)
Name = Annotated[str, Field(min_length=1, max_length=100)]
Url = Annotated[str, Field(min_length=1, max_length=2000)]
Types = Annotated[tuple[EventType, ...], Field(min_length=1, max_length=len(EVENT_TYPES))]


class CreateWebhookEndpoint(Body):
    name: Name
    url: Url
    event_types: Types


class UpdateWebhookEndpoint(Body):
    name: Name | None = None
    url: Url | None = None
    event_types: Types | None = None


class RotateWebhookSecret(Body):
    keep_old_secret_active_for_24_hours: bool = False


class TestWebhookEndpoint(Body):
    event_type: EventType


class WebhookEndpoint(BaseModel):
    """`disabled_because` is null while it is in use; an update enables it again."""

    id: str
    object: str = "webhook_endpoint"
    name: str
    url: str
    event_types: list[str]
    created_at: int
    updated_at: int
    signing_secret_hint: str
    disabled_because: str | None


class WebhookEndpointWithSecret(WebhookEndpoint):
    """What creation and rotation answer: the only times that the secret is told."""

    signing_secret: str


class WebhookEndpointList(BaseModel):
    object: str = "list"
    data: list[WebhookEndpoint]
    first_id: str | None
    last_id: str | None
    has_more: bool


class DeletedWebhookEndpoint(BaseModel):
    id: str
    object: str = "webhook_endpoint.deleted"
    deleted: bool = True


class WebhookTestResult(BaseModel):
    object: str = "webhook_endpoint.test"
    webhook_endpoint_id: str
    event_type: str
    status_code: int
    success: bool = True


class WebhookEventTypes(BaseModel):
    object: str = "list"
    data: list[str]


@router.post("/webhook_endpoints", operation_id="create_webhook_endpoint", openapi_extra=takes(CreateWebhookEndpoint))
async def create(
    request: Request,
    body: Annotated[CreateWebhookEndpoint, Depends(posted(CreateWebhookEndpoint))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> WebhookEndpointWithSecret:
    store, owner_id = Webhooks(services.items), viewer.user_id or ""
    if len(store.of_owner(owner_id)) >= MOST_ENDPOINTS:
        raise Conflict(f"you have {MOST_ENDPOINTS} webhook endpoints, the most there may be", code="too_many_endpoints")
    may_be_private = request.app.state.limits.private_hooks
    webhooks.checked_url(body.url, may_be_private)
    secret, endpoint_id = webhooks.new_secret(), services.ids.new("whe")
    now = int(services.clock.now().timestamp())
    endpoint = Endpoint(
        id=endpoint_id,
        owner_id=owner_id,
        **body.model_dump(),
        secret=sealed(secret, endpoint_id, services),
        hint=hint_of(secret),
        may_be_private=may_be_private,
        created_at=now,
        updated_at=now,
    )
    store.add(endpoint)
    return WebhookEndpointWithSecret(**_shown(endpoint), signing_secret=secret)


@router.get("/webhook_endpoints", operation_id="list_webhook_endpoints")
async def list_endpoints(
    viewer: CurrentViewer, services: CurrentServices, limit: Limit = 20, after: After = None
) -> WebhookEndpointList:
    store = Webhooks(services.items)
    newest_first = store.of_owner(viewer.user_id or "")[::-1]
    ids = [each.id for each in newest_first]
    if after and after not in ids:
        store.get(viewer.user_id or "", after)
    start = ids.index(after) + 1 if after else 0
    shown = [WebhookEndpoint(**_shown(each)) for each in newest_first[start : start + limit + 1]]
    return WebhookEndpointList.model_validate(page(shown, limit))


@router.get("/webhook_endpoints/{endpoint_id}", operation_id="retrieve_webhook_endpoint")
async def retrieve(endpoint_id: str, viewer: CurrentViewer, services: CurrentServices) -> WebhookEndpoint:
    return WebhookEndpoint(**_shown(Webhooks(services.items).get(viewer.user_id or "", endpoint_id)))


@router.post(
    "/webhook_endpoints/{endpoint_id}",
    operation_id="update_webhook_endpoint",
    openapi_extra=takes(UpdateWebhookEndpoint),
)
async def update(
    endpoint_id: str,
    body: Annotated[UpdateWebhookEndpoint, Depends(posted(UpdateWebhookEndpoint))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> WebhookEndpoint:
    store = Webhooks(services.items)
    endpoint = store.get(viewer.user_id or "", endpoint_id)
    if body.url is not None:
        webhooks.checked_url(body.url, endpoint.may_be_private)
    now = int(services.clock.now().timestamp())
    enabled = {"status": "enabled", "disabled_because": None, "failures": 0, "updated_at": now}
    change = {**body.model_dump(exclude_none=True), **enabled}
    return WebhookEndpoint(**_shown(store.change(endpoint.model_copy(update=change))))


@router.delete("/webhook_endpoints/{endpoint_id}", operation_id="delete_webhook_endpoint")
async def delete(endpoint_id: str, viewer: CurrentViewer, services: CurrentServices) -> DeletedWebhookEndpoint:
    store = Webhooks(services.items)
    store.remove(store.get(viewer.user_id or "", endpoint_id))
    return DeletedWebhookEndpoint(id=endpoint_id)


@router.post(
    "/webhook_endpoints/{endpoint_id}/rotate_secret",
    operation_id="rotate_webhook_secret",
    openapi_extra=takes(RotateWebhookSecret),
)
async def rotate_secret(
    endpoint_id: str,
    body: Annotated[RotateWebhookSecret, Depends(posted(RotateWebhookSecret))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> WebhookEndpointWithSecret:
    store = Webhooks(services.items)
    endpoint = store.get(viewer.user_id or "", endpoint_id)
    secret, now = webhooks.new_secret(), int(services.clock.now().timestamp())
    keep = body.keep_old_secret_active_for_24_hours
    change = {
        "secret": sealed(secret, endpoint.id, services),
        "hint": hint_of(secret),
        "old_secret": endpoint.secret if keep else None,
        "old_secret_until": now + SECRET_OVERLAP_SECONDS if keep else 0,
        "updated_at": now,
    }
    after = store.change(endpoint.model_copy(update=change))
    return WebhookEndpointWithSecret(**_shown(after), signing_secret=secret)


@router.post(
    "/webhook_endpoints/{endpoint_id}/test",
    operation_id="test_webhook_endpoint",
    openapi_extra=takes(TestWebhookEndpoint),
)
async def test(
    endpoint_id: str,
    body: Annotated[TestWebhookEndpoint, Depends(posted(TestWebhookEndpoint))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> WebhookTestResult:
    """Send a sample now. Whatever status the receiver answers is a result; no answer is an error."""
    endpoint = Webhooks(services.items).get(viewer.user_id or "", endpoint_id)
    now = int(services.clock.now().timestamp())
    sample = webhooks.payload(services.ids.new("evt"), now, body.event_type, "video_sample")
    try:
        reply = await run_in_threadpool(send, endpoint, services.ids.new("wh"), sample, services, now)
    except Unavailable as error:
        raise Invalid(f"nothing was delivered: {error.message}", code="delivery_failed") from error
    return WebhookTestResult(webhook_endpoint_id=endpoint.id, event_type=body.event_type, status_code=reply.status)


@router.get("/webhook_event_types", operation_id="list_webhook_event_types")
async def event_types(viewer: CurrentViewer) -> WebhookEventTypes:
    return WebhookEventTypes(data=list(EVENT_TYPES))


def hint_of(secret: str) -> str:
    """Enough of a secret to tell it from another."""
    return f"whsec_…{secret[-4:]}"


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    shown = endpoint.model_dump(include={"id", "name", "url", "event_types", "created_at", "disabled_because"})
    updated = endpoint.updated_at or endpoint.created_at
    return {**shown, "updated_at": updated, "signing_secret_hint": endpoint.hint}
