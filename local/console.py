"""The moderators' console on an origin of its own: its static files, and of the API only what reviewers need.

There is no cookie to ride on: every call carries a token in a header. Whatever another site sends all the same, by form
or by script, is refused before it reaches a route.
"""

from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from volary.embedded import Home

from functions.api.app import create_app
from local.homes import LOOPBACK
from local.processes import home_of, options_of

CONSOLE = Path(__file__).parent.parent / "console"
OPEN = ("/v1/moderation/", "/v1/transparency/", "/v1/me")


def create_console_app(home: Home, port: int):  # type: ignore[no-untyped-def] # FastAPI may be named in functions/api only
    """The reviewers' routes, and for every other path the console's pages."""
    app = create_app(home.services)
    app.router.routes.append(Mount("/", _Pages(home.options.media)))
    app.add_middleware(_OwnPagesOnly, port=port)
    return app


class _Pages(StaticFiles):
    """The files of console/, with a policy under which nothing runs that is not one of them."""

    def __init__(self, media: str) -> None:
        super().__init__(directory=CONSOLE, html=True)
        self._policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            f"img-src 'self' data: {media}; media-src {media}; form-action 'none'; base-uri 'none'; "
            "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        )

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path.partition("/")[0] == "v1":
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        response.headers["content-security-policy"] = self._policy
        response.headers["cache-control"] = "no-cache"
        response.headers["cross-origin-opener-policy"] = "same-origin"
        response.headers["cross-origin-resource-policy"] = "same-origin"
        response.headers["referrer-policy"] = "no-referrer"
        return response


class _OwnPagesOnly:
    """Refuses what no page of this origin sends: other hosts and origins, forms, and routes beside the reviewers'."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._here = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (problem := self._problem(scope)):
            error = {"message": problem, "type": "permission_error", "param": None, "code": "forbidden"}
            await JSONResponse({"error": error}, 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _problem(self, scope: Scope) -> str:
        given = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if given.get("host") not in self._here:
            return "the console answers to its own address only"
        origin = given.get("origin")
        if origin is not None and urlsplit(origin).netloc not in self._here:
            return "the console answers to its own pages only"
        if scope["path"].startswith("/v1/") and not scope["path"].startswith(OPEN):
            return "this origin has the reviewers' routes only"
        is_read = scope["method"] in ("GET", "HEAD")
        if not is_read and given.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "the console answers to its own pages only"
        if not is_read and given.get("content-type", "").partition(";")[0].strip() != "application/json":
            return "the console sends JSON only, and forms never"
        return ""


def main() -> None:
    args = options_of(__doc__)
    app = create_console_app(home_of(args), args.port + 1)
    uvicorn.run(app, host=LOOPBACK, port=args.port + 1, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
