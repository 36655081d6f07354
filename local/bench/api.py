"""`volary bench api`: what a request costs, and how long it waits under load, beside a bare FastAPI route.

L1 is `POST /v1/videos` with everything it does: authorization, idempotency, and the transaction on a home on the
disk. L2 is a page of `GET /v1/feed`. The peer is one FastAPI route that takes the same body and stores nothing. All
run in this process, without a network, one request after another. Requests arrive on a timetable, whether or not the
one before is done, so that a stall is paid for by all that come after it; the wait counts from the planned arrival.
Processor time is given too: it says what a request costs on a machine that does other things meanwhile.
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from volary.accounts import Account, Viewer
from volary.embedded import Home, open_home
from volary.generation import Ask
from volary.stores.accounts import Accounts
from volary.stores.videos import Act, Videos

from functions.api.app import create_app
from functions.videos.create import create

SECONDS = int(os.environ.get("VOLARY_BENCH_SECONDS", "10"))
RATES = {"L1": 300, "L2": 400}
CREATES_EACH = 100  # of one person a day; free credits cover 120
POSTED = 200
MAKERS = 20
WARM_UP = 50
BODY = json.dumps({"prompt": "a fox runs through snow", "seconds": "4"}).encode()
App = Callable[..., Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """What one request sends; `token` may be empty."""

    method: str
    path: str
    token: str = ""
    body: bytes = b""


@dataclass
class Measured:
    """Seconds from planned arrival to answer, processor seconds of all together, and how many answers were no 200."""

    waits: list[float] = field(default_factory=list)
    cpu: float = 0.0
    errors: int = 0

    def line(self) -> dict[str, Any]:
        waits = sorted(self.waits)
        return {
            "requests": len(waits),
            "errors": self.errors,
            "p50_ms": round(statistics.median(waits) * 1e3, 2),
            "p99_ms": round(waits[int(len(waits) * 0.99)] * 1e3, 2),
            "cpu_ms": round(self.cpu / len(waits) * 1e3, 3),
        }


def bench() -> Iterator[dict[str, Any]]:
    """One line for each goal, with the peer on the same timetable in the same run."""
    with TemporaryDirectory(prefix="bench-api-") as folder:
        home = open_home(Path(folder))
        app, bare = create_app(home.services), _bare()
        tokens = _people(home, MAKERS + RATES["L1"] * SECONDS // CREATES_EACH)
        posts = [Request("POST", "/v1/videos", token, BODY) for token in tokens]
        yield _compare("L1", "POST /v1/videos", (app, posts), (bare, [Request("POST", "/bare", "", BODY)]))
        _post_clips(home)
        pages = [Request("GET", "/v1/feed", token) for token in tokens]
        yield _compare("L2", "GET /v1/feed", (app, pages), (bare, [Request("GET", "/bare")]))


def _compare(goal: str, route: str, ours: tuple[App, list[Request]], peer: tuple[App, list[Request]]) -> dict[str, Any]:
    rate = RATES[goal]
    asyncio.run(_drive(*ours, rate=rate, count=WARM_UP))
    asyncio.run(_drive(*peer, rate=rate, count=WARM_UP))
    theirs = asyncio.run(_drive(*peer, rate=rate, count=rate * SECONDS)).line()
    measured = asyncio.run(_drive(*ours, rate=rate, count=rate * SECONDS)).line()
    return {
        "bench": "api",
        "goal": goal,
        "route": route,
        "rate_per_second": rate,
        "seconds": SECONDS,
        "ours": measured,
        "bare_fastapi": theirs,
        "cpu_ratio": round(measured["cpu_ms"] / theirs["cpu_ms"], 2),
        "per_core_per_second": round(1000 / measured["cpu_ms"]),
        "load_average": os.getloadavg()[0],
    }


async def _drive(app: App, requests: list[Request], *, rate: int, count: int) -> Measured:
    measured, began, start = Measured(), time.process_time(), time.perf_counter()
    for number, request in zip(range(count), cycle(requests), strict=False):
        planned = start + number / rate
        if (early := planned - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        status = await _call(app, request)
        measured.waits.append(time.perf_counter() - planned)
        measured.errors += status != 200
    measured.cpu = time.process_time() - began
    return measured


async def _call(app: App, request: Request) -> int:
    """One request as a server would hand it to the application."""
    headers = [(b"host", b"localhost"), (b"content-length", str(len(request.body)).encode())]
    if request.body:
        headers.append((b"content-type", b"application/json"))
    if request.token:
        headers.append((b"authorization", f"Bearer {request.token}".encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": request.method,
        "path": request.path, "raw_path": request.path.encode(), "query_string": b"", "root_path": "",
        "scheme": "http", "server": ("localhost", 80), "client": ("127.0.0.1", 1), "headers": headers,
    }  # fmt: skip
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    return status


class _Bare(BaseModel):
    prompt: str
    seconds: str = "4"
    size: str = "720x1280"


def _bare() -> FastAPI:
    app = FastAPI(openapi_url=None)

    async def take(body: _Bare) -> dict[str, str]:
        return {"id": "x", "prompt": body.prompt}

    async def give() -> dict[str, str]:
        return {"id": "x"}

    app.add_api_route("/bare", take, methods=["POST"])
    app.add_api_route("/bare", give, methods=["GET"])
    return app


def _people(home: Home, count: int) -> list[str]:
    tokens = []
    for number in range(count):
        account = Account(user_id=f"user_{number}", handle=f"person{number}", birth_date=date(1990, 1, 1), created_at=1)
        Accounts(home.items).add(account)
        tokens.append(home.identity.issue(account.user_id, timedelta(hours=2)))
    return tokens


def _post_clips(home: Home) -> None:
    """Clips of as many makers as there are, finished and posted as the workflow would leave them."""
    store = Videos(home.items)
    for number in range(POSTED):
        owner = Viewer(user_id=f"user_{number % MAKERS}")
        video = create(Ask(prompt=f"clip {number}"), owner, home.services)
        change = {
            "status": "completed", "stage": "done", "gate": "pass", "visibility": "public",
            "posted_at": video.created_at + number, "completed_at": video.created_at,
        }  # fmt: skip
        store.change(video.model_copy(update=change), Act(action="posted", actor="bench", at=video.created_at))
