"""Turns what the product raises into the SDK's error envelope; the only place where an error meets an HTTP status.

The cause of a fault on our side is logged under the request's id and never returned.
"""

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from volary.errors import (
    Absent,
    ConditionFailed,
    Conflict,
    Forbidden,
    Invalid,
    TooMany,
    Unauthenticated,
    Unavailable,
    VolaryError,
)
from volary.stores.idempotency import InProgress, KeyReused

LONGEST_RETRY_SECONDS = 120  # the official clients wait no longer than this


class TooLarge(Invalid):
    """The body, or a file in it, is larger than this home takes in one request."""

    code = "body_too_large"


class WrongContentType(Invalid):
    code = "unsupported_content_type"


# The most particular class first: the first that fits decides.
STATUSES: tuple[tuple[type[VolaryError], int, str], ...] = (
    (TooLarge, 413, "invalid_request_error"),
    (WrongContentType, 415, "invalid_request_error"),
    (KeyReused, 422, "idempotency_error"),
    (Invalid, 400, "invalid_request_error"),
    (Unauthenticated, 401, "authentication_error"),
    (Forbidden, 403, "permission_error"),
    (Absent, 404, "not_found_error"),
    (InProgress, 409, "idempotency_error"),
    (ConditionFailed, 409, "conflict_error"),
    (Conflict, 409, "conflict_error"),
    (TooMany, 429, "rate_limit_error"),
    (Unavailable, 503, "server_error"),
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
DESCRIBED: dict[str, Any] = {
    "description": "Any error",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
FRAMEWORK_CODES = {404: "unknown_url", 405: "method_not_allowed"}


def envelope(status: int, error: dict[str, str | None], headers: dict[str, str]) -> Response:
    """`{"error": {message, type, param, code}}` with all four keys."""
    body = json.dumps({"error": error}, ensure_ascii=False)
    return Response(body, status, headers, media_type="application/json")


def answer(error: VolaryError) -> Response:
    """The response for an error that the product raised on purpose."""
    status, kind = next(((s, k) for cls, s, k in STATUSES if isinstance(error, cls)), (500, "server_error"))
    content = {"message": error.message, "type": kind, "param": error.param, "code": error.code}
    return envelope(status, content, _retry_headers(error, status))


def _retry_headers(error: VolaryError, status: int) -> dict[str, str]:
    """Tell the clients, which by themselves retry 409, 429 and 5xx, where trying again is of use."""
    if status == 401:
        return {"www-authenticate": "Bearer"}
    wait = getattr(error, "retry_after", None)
    if wait is not None:
        useful = "true" if wait <= LONGEST_RETRY_SECONDS else "false"
        return {"retry-after": str(wait), "x-should-retry": useful}
    if status >= 500:
        return {}
    return {"x-should-retry": "true" if isinstance(error, ConditionFailed) else "false"}


async def on_volary_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, VolaryError)
    return answer(error)


async def on_invalid_parameters(request: Request, error: Exception) -> Response:
    """A path or query parameter that FastAPI refused."""
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = error.errors()[0]
    name = str(first["loc"][-1])
    message = f"{name}: {first['msg']}, not {str(first.get('input'))[:100]!r}"
    return answer(Invalid(message, param=name))


async def on_http_error(request: Request, error: Exception) -> Response:
    """No such route, or not with this method."""
    assert isinstance(error, HTTPException)
    code = FRAMEWORK_CODES.get(error.status_code, "invalid_request")
    message = f"{request.method} {request.url.path}: {error.detail}"
    content = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return envelope(error.status_code, content, dict(error.headers or {}))


async def on_fault(request: Request, error: Exception) -> Response:
    """A fault of ours: the server that runs the application logs it, the client learns only where to ask."""
    request_id = request.scope.get("request_id", "")
    message = f"Something on our side failed. Ask with request id {request_id}."
    content = {"message": message, "type": "server_error", "param": None, "code": "internal_error"}
    return envelope(500, content, {"x-request-id": request_id})


def install(app: FastAPI) -> None:
    app.add_exception_handler(VolaryError, on_volary_error)
    app.add_exception_handler(RequestValidationError, on_invalid_parameters)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(Exception, on_fault)
