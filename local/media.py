"""The media server: reads and writes files for whoever holds a signed link, on an origin of its own.

It lists nothing and knows nobody. What a link allows is checked in volary/embedded/links.py. A clip that was deleted,
or that somebody in it withdrew from, is refused whatever link was given out before, and so is one that a decision took
down since its link was given out; who reviews it has a later link.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from volary.embedded import Home
from volary.embedded.links import Grant, Method
from volary.errors import Absent, Forbidden, Invalid, VolaryError
from volary.stores.likenesses import standing_of
from volary.stores.videos import Videos
from volary.videos import is_withdrawn

from local.homes import LOOPBACK
from local.processes import home_of, options_of

# Types that a browser shows by itself; every other file is a download of bytes.
SHOWN = {
    "video/mp4", "audio/mp4", "audio/mpeg", "audio/wav", "image/webp", "image/png", "image/jpeg", "application/json"
}  # fmt: skip
FORM_OVERHEAD = 16_384  # what a multipart form may weigh beside its file
TOO_LARGE = "file_too_large"


@dataclass(frozen=True)
class MediaServer:
    """The routes over one home."""

    home: Home

    async def get(self, request: Request) -> Response:
        grant = self._grant("GET", request)
        self._demand_standing(grant)
        self._demand_unbarred(grant)
        blobs = self.home.blobs
        facts = blobs.facts(grant.bucket, grant.key)
        if facts is None:
            raise Absent(f"there is no file {grant.key!r}")
        is_shown = facts.content_type in SHOWN
        return FileResponse(
            blobs.path(grant.bucket, grant.key),
            media_type=facts.content_type if is_shown else "application/octet-stream",
            filename=PurePosixPath(grant.key).name,
            content_disposition_type="inline" if is_shown else "attachment",
        )

    async def put(self, request: Request) -> Response:
        grant = self._grant("PUT", request)
        _check_type(request.headers.get("content-type"), grant)
        with self.home.blobs.incoming() as path:
            await _write(request.stream(), path, grant.max_bytes)
            await self._store(grant, path)
        return Response(status_code=200)

    async def post(self, request: Request) -> Response:
        """A browser's form, whose only part that counts is its file."""
        grant = self._grant("POST", request)
        limited = Request(request.scope, _at_most(grant.max_bytes + FORM_OVERHEAD, request.receive))
        async with limited.form(max_files=1, max_fields=8) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Invalid("the form has no file")
            _check_type(file.content_type, grant)
            with self.home.blobs.incoming() as path:
                await _write(_chunks(file), path, grant.max_bytes)
                await self._store(grant, path)
        return Response(status_code=204)

    def _grant(self, method: Method, request: Request) -> Grant:
        now = self.home.clock.now().timestamp()
        return self.home.blobs.links.check(method, request.url.path, request.url.query, now)

    def _demand_standing(self, grant: Grant) -> None:
        """Raises Absent for a file of a clip that may no longer be shown to anybody: every part of its key that is a
        clip's id is asked, so that no folder hides one.
        """
        if grant.bucket == "uploads":
            return
        for video_id in (part.partition(".")[0] for part in grant.key.split("/") if part.startswith("video_")):
            video = Videos(self.home.items).get(video_id)
            if video.deleted_at is not None or is_withdrawn(video, standing_of([video], self.home.services)):
                raise Absent(f"there is no file {grant.key!r}")

    def _demand_unbarred(self, grant: Grant) -> None:
        """Raises Absent for a file that was judged under an earlier version of its clip or people than is let."""
        if self.home.edge.barred(grant.judged) is not None:
            raise Absent(f"there is no file {grant.key!r}")

    async def _store(self, grant: Grant, path: Path) -> None:
        # Hashing and flushing a large file takes long; other requests go on meanwhile.
        await run_in_threadpool(self.home.blobs.upload, grant.bucket, grant.key, path, grant.content_type)


def create_media_app(home: Home, page_origin: str) -> Starlette:
    """The media server's application; only pages of `page_origin` may read its answers from scripts."""
    server = MediaServer(home)
    path = "/{bucket}/{key:path}"
    return Starlette(
        routes=[
            Route(path, server.get, methods=["GET", "HEAD"]),
            Route(path, server.put, methods=["PUT"]),
            Route(path, server.post, methods=["POST"]),
        ],
        middleware=[
            Middleware(_Headers),
            Middleware(
                CORSMiddleware,
                allow_origins=[page_origin],
                allow_methods=["GET", "PUT", "POST"],
                allow_headers=["content-type", "range"],
                expose_headers=["content-range", "accept-ranges"],
            ),
        ],
        exception_handlers={VolaryError: _refuse, HTTPException: _refuse_http},
    )


class _Headers:
    """Keeps browsers from guessing types, running what a file holds, and sending links on."""

    FIXED = {
        b"x-content-type-options": b"nosniff",
        b"content-security-policy": b"default-src 'none'; sandbox; media-src 'self'; img-src 'self'",
        b"cross-origin-resource-policy": b"cross-origin",
        b"referrer-policy": b"no-referrer",
        b"cache-control": b"private, no-store",
    }

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.FIXED.items()]
            await send(message)

        await self._app(scope, receive, answer)


def _check_type(found: str | None, grant: Grant) -> None:
    if found != grant.content_type:
        raise Forbidden(f"the link is for {grant.content_type}, not {found}", code="link_invalid")


def _at_most(limit: int, receive: Receive) -> Receive:
    """`receive`, refusing a body as soon as it is over `limit` bytes."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, TOO_LARGE)
        return message

    return counted


async def _write(chunks: AsyncIterator[bytes], path: Path, limit: int) -> None:
    size = 0
    with path.open("xb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise HTTPException(413, TOO_LARGE)
            file.write(chunk)


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(1 << 20):
        yield chunk


async def _refuse(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, VolaryError)
    status = 404 if isinstance(problem, Absent) else 403 if isinstance(problem, Forbidden) else 400
    return JSONResponse({"error": {"message": problem.message, "code": problem.code}}, status)


async def _refuse_http(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    return JSONResponse({"error": {"message": problem.detail, "code": problem.detail}}, problem.status_code)


def main() -> None:
    args = options_of(__doc__)
    home = home_of(args)
    app = create_media_app(home, home.options.public)
    uvicorn.run(app, host=LOOPBACK, port=args.port + 2, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
