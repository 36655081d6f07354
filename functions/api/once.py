"""Routes whose POSTs act once however often they are sent: by Idempotency-Key, or by what an SDK's retry repeats.

The official clients send no Idempotency-Key and yet retry, saying so in `x-stainless-retry-count`. An equal request
of the same person that says so within ten minutes gets the first one's answer. Two clients that at the same moment
send equal requests on purpose get two clips; a retry of either is then answered with the later one.
"""

import dataclasses
import secrets
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from volary.accounts import Viewer
from volary.errors import Invalid
from volary.ports import Services
from volary.stores.idempotency import Claim, Record, RepeatableIds, Requests

from functions.api.authentication import party, viewer
from functions.api.bodies import fingerprint, read

KEPT_HEADERS = ("content-type", "openai-poll-after-ms", "x-volary-ignored")
LONGEST_KEY = 255

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Asker = Callable[[Request], Coroutine[Any, Any, Viewer]]


class Once(APIRoute):
    """Reads a POST's body into `request.state.fields`, and answers a repeated one from what was kept."""

    asker: Asker = staticmethod(viewer)

    def get_route_handler(self) -> Handler:
        act = super().get_route_handler()

        async def handler(request: Request) -> Response:
            return await _posted(request, act, self.asker) if request.method == "POST" else await act(request)

        return handler


class OnceForSuspended(Once):
    """The same for the few things that somebody may do whose account is suspended."""

    asker: Asker = staticmethod(party)


async def _posted(request: Request, act: Handler, asker: Asker) -> Response:
    person = await asker(request)
    fields = request.state.fields = await read(request, request.app.state.limits)
    asked = fingerprint(request.method, request.url.path, fields)
    claim = Claim(person.user_id or "", _key(request), asked, _is_retry(request))
    services: Services = request.app.state.services
    requests = Requests(services.items)
    record = requests.begin(claim, secrets.token_hex(16), int(services.clock.now().timestamp()))
    if record.state == "done":
        return Response(record.body, record.status, record.headers)
    request.state.services = dataclasses.replace(services, ids=RepeatableIds(record.nonce))
    return await _answered(request, act, requests, (claim, record))


async def _answered(request: Request, act: Handler, requests: Requests, held: tuple[Claim, Record]) -> Response:
    claim, record = held
    is_kept = False
    try:
        response = await act(request)
        if response.status_code < 400:
            kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
            requests.finish(claim, record, response.status_code, bytes(response.body).decode(), kept)
            is_kept = True
        return response
    finally:
        if not is_kept:
            requests.release(claim, record)


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= LONGEST_KEY:
        raise Invalid(f"Idempotency-Key has {len(key)} characters, not 1 to {LONGEST_KEY}", param="Idempotency-Key")
    return key


def _is_retry(request: Request) -> bool:
    count = request.headers.get("x-stainless-retry-count", "0")
    return count.isdecimal() and int(count[:9]) > 0
