"""The HTTP application of both homes; it joins the routers and holds no rule of the product."""


from fastapi import APIRouter, FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from volary.ports import Services

from functions.api import errors, videos
from functions.api.limits import EMBEDDED, Limits


def create_app(services: Services, limits: Limits = EMBEDDED) -> FastAPI:
    """Every route of the API over these services; `limits` is how much one request may carry."""
    app = FastAPI(
        title="Volary", version="1", docs_url=None, redoc_url=None, swagger_ui_oauth2_redirect_url=None
    )
    app.state.services = services
    app.state.limits = limits
    v1 = APIRouter(prefix="/v1")
    for part in (videos,):
        v1.include_router(part.router)
    app.include_router(v1)
    errors.install(app)
    app.add_middleware(RequestIds, services=services)
    return app


class RequestIds:
    """Gives every request an id, and every answer the id and the headers that keep browsers from guessing."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["request_id"] = self._services.ids.new("req")

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = scope["request_id"]
                headers["x-content-type-options"] = "nosniff"
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, answer)
