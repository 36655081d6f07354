"""What the embedded home serves beside the API: the static pages, the issuer's keys, and the demo sign-in.

The demo sign-in asks for no secret: whoever sits at this machine may be a demo person. It therefore answers only
to pages of this very origin, so that no other site in the same browser can use it.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from volary.embedded import Home
from volary.errors import Absent
from volary.stores.accounts import Accounts

from local.people import DEMO, demo_token

WEB = Path(__file__).parent.parent / "web"


def routes(home: Home) -> list[BaseRoute]:
    """Routes to put behind those of the API; the pages are last, because they answer to every path."""
    door = _Door(home)
    return [
        Route("/.well-known/openid-configuration", door.configuration),
        Route("/.well-known/jwks.json", door.jwks),
        Route("/demo/people", door.people),
        Route("/demo/session", door.session, methods=["POST"]),
        _Rest("/", _Pages(home.options.media)),
    ]


class _Rest(Mount):
    """Every path but those of the API and of the demo door, which say by themselves what they have and how."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and scope["path"].startswith(("/v1/", "/demo/")):
            return Match.NONE, {}
        return super().matches(scope)


class _Pages(StaticFiles):
    """The files of web/, with a policy that lets a page load from here and show media, and nothing else."""

    def __init__(self, media: str) -> None:
        super().__init__(directory=WEB, html=True)
        self._policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {media}; "
            f"img-src 'self' {media} data:; media-src 'self' {media}; form-action 'self' {media}; "
            "base-uri 'none'; frame-ancestors 'none'"
        )

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["content-security-policy"] = self._policy
        response.headers["cache-control"] = "no-cache"
        return response


@dataclass(frozen=True)
class _Door:
    home: Home

    async def configuration(self, request: Request) -> Response:
        return JSONResponse(self.home.identity.configuration())

    async def jwks(self, request: Request) -> Response:
        return JSONResponse(self.home.identity.jwks())

    async def people(self, request: Request) -> Response:
        if not self._is_at_home(request):
            return _refusal()
        accounts = Accounts(self.home.items)
        return JSONResponse({"data": [{"handle": handle} for handle in DEMO if _exists(accounts, handle)]})

    async def session(self, request: Request) -> Response:
        if not self._is_at_home(request):
            return _refusal()
        try:
            asked = await request.json()
            handle = str(asked["handle"])
            token = demo_token(self.home, handle)
        except (ValueError, KeyError, TypeError):
            return _error(400, "the body is not an object with a handle", "invalid_value")
        except Absent as problem:
            return _error(404, problem.message, problem.code)
        return JSONResponse({"handle": handle, "token": token})

    def _is_at_home(self, request: Request) -> bool:
        """Whether a page of ours asks: neither another site, nor another name that leads to this address."""
        port = urlsplit(self.home.options.public).port
        here = {f"127.0.0.1:{port}", f"localhost:{port}"}
        origin = request.headers.get("origin")
        return request.headers.get("host") in here and (origin is None or urlsplit(origin).netloc in here)


def _exists(accounts: Accounts, handle: str) -> bool:
    try:
        accounts.by_handle(handle)
    except Absent:
        return False
    return True


def _refusal() -> Response:
    return _error(403, "the demo sign-in answers to this home's own pages only", "forbidden")


def _error(status: int, message: str, code: str) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return JSONResponse({"error": error}, status)
