"""The HTTP application of both homes; it joins the routers and holds no rule of the product."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from volary.ports import Services

from functions.api import (
    accounts,
    asks,
    blocked,
    errors,
    families,
    feed,
    files,
    likenesses,
    models,
    moderation,
    notices,
    posts,
    receipts,
    reviews,
    transparency,
    videos,
    webhooks,
)
from functions.api.limits import EMBEDDED, Limits
from functions.videos.progress import Line

ROUTERS = (
    videos,
    posts,
    feed,
    families,
    likenesses,
    receipts,
    files,
    models,
    moderation,
    blocked,
    reviews,
    notices,
    transparency,
    webhooks,
    accounts,
)
# Bodies that routes read by themselves, so that FastAPI does not see them.
BODIES = (
    asks.CreateVideo,
    asks.RemixVideo,
    asks.EditVideo,
    asks.ExtendVideo,
    asks.CreateCharacter,
    posts.CreatePost,
    feed.Instruct,
    feed.ReplaceParameters,
    feed.Shown,
    feed.SetZone,
    families.SettleFeed,
    files.CreateFile,
    files.CreateUpload,
    files.AddPart,
    files.CompleteUpload,
    likenesses.CreateLikeness,
    likenesses.ConfirmCapture,
    likenesses.CheckUse,
    likenesses.Revoke,
    likenesses.ReleaseKey,
    moderation.CreateModeration,
    blocked.BlockPerson,
    reviews.DecideCase,
    reviews.DecideReview,
    reviews.DecideMany,
    reviews.NoteCase,
    reviews.TakeNext,
    notices.GiveNotice,
    notices.ReportPost,
    notices.AppealDecision,
    webhooks.CreateWebhookEndpoint,
    webhooks.UpdateWebhookEndpoint,
    webhooks.RotateWebhookSecret,
    webhooks.TestWebhookEndpoint,
)


def create_app(services: Services, limits: Limits = EMBEDDED) -> FastAPI:
    """Every route of the API over these services; `limits` is how much one request may carry."""
    app = FastAPI(docs_url=None, redoc_url=None, swagger_ui_oauth2_redirect_url=None)
    app.state.services = services
    app.state.limits = limits
    app.state.line = Line()
    app.state.authors = posts.Authors()
    for capability in ROUTERS:
        app.include_router(capability.router, prefix="/v1", responses={"default": errors.DESCRIBED})
    app.include_router(notices.public, prefix="/v1", responses={"default": errors.DESCRIBED})
    app.openapi = lambda: description(app)  # type: ignore[method-assign]
    errors.install(app)
    app.add_middleware(RequestIds)
    return app


def description(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of every route, made once, on demand."""
    if app.openapi_schema is None:
        document = get_openapi(title="Volary", version="1", openapi_version="3.1.0", routes=app.routes)
        template = "#/components/schemas/{model}"
        _, bodies = models_json_schema([(body, "validation") for body in BODIES], ref_template=template)
        components = document.setdefault("components", {})
        components.setdefault("schemas", {}).update(bodies["$defs"])
        components["schemas"]["Error"] = errors.SCHEMA
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"bearer": []}]
        app.openapi_schema = document
    return app.openapi_schema


class RequestIds:
    """Gives every request an id, and every answer that id and the headers that keep browsers from guessing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["request_id"] = scope["app"].state.services.ids.new("req")

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = scope["request_id"]
                headers["x-content-type-options"] = "nosniff"
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, answer)
