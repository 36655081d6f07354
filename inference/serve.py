"""The container's entry point: `/ping` and `/invocations` over HTTP, as SageMaker calls them and the embedded home too.

`python -m inference.serve --role text|media --port N --mark-key-file F --media-origin URL …`. It holds no model code:
a role answers typed requests, and this module queues them, bounds them, translates refusals and logs one JSON line
per request without any prompt or link in it. Never imports `inference.train`.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from events.engines import SMALL
from events.inference import REQUEST, InferenceError, Request
from events.shapes import Shape
from inference.engines.choice import EngineChoice
from inference.links import Links
from inference.refusal import Busy, InvalidRequest, MediaTooLarge, ModelFault, Refused
from inference.safety.choice import NO_SECOND, SecondChoice

LOG = logging.getLogger("inference.serve")
MAX_BODY = 1 << 20
ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
WORKERS = {"text": 4, "media": 1}
WAITING = {"text": 32, "media": 4}


class Role(Protocol):
    """Loaded models and what they can be asked."""

    def answer(self, request: Request) -> Shape:
        """Raises Refused."""
        ...


@dataclass(frozen=True)
class Options:
    """How one server runs. `mark_key_wrapped` names a key file that only KMS can open (cloud home)."""

    role: str
    host: str
    port: int
    weights: Path
    origins: frozenset[str]
    mark_key_file: Path | None = None
    mark_key_wrapped: Path | None = None
    drain_seconds: int = 25
    engine: EngineChoice = EngineChoice()
    second: SecondChoice = NO_SECOND


@dataclass
class Desk:
    """Runs requests on a fixed number of threads and turns away what would wait behind too many others."""

    role: Role
    workers: int
    waiting: int
    taken: int = 0
    threads: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self.threads = ThreadPoolExecutor(self.workers, thread_name_prefix="model")

    async def answer(self, request: Request, heartbeat: AbstractContextManager[object]) -> Shape:
        """Raises Busy when the queue is full, and whatever the role refuses."""
        if self.taken >= self.workers + self.waiting:
            raise Busy(f"{self.taken} requests are being answered or wait already")
        self.taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads, self._run, request, heartbeat)
        finally:
            self.taken -= 1

    def _run(self, request: Request, heartbeat: AbstractContextManager[object]) -> Shape:
        with heartbeat:
            return self.role.answer(request)


def application(desk: Desk) -> Starlette:
    """The HTTP face of a loaded role."""

    async def ping(_: HttpRequest) -> Response:
        return Response(status_code=200)

    async def invocations(http: HttpRequest) -> Response:
        started = time.perf_counter()
        task = "unread"
        try:
            request = parsed(await _body(http))
            task = request.task
            answer = await desk.answer(request, _heartbeat(http.headers.get(ATTRIBUTES, "")))
        except Refused as refusal:
            _log(task, refusal.status, started, code=refusal.code)
            return JSONResponse(error_of(refusal).model_dump(), refusal.status)
        except Exception as fault:  # noqa: BLE001 - the entry point: whatever a model raises becomes one error shape
            _log(task, 500, started, code="model_fault", fault=_where(fault))
            return JSONResponse(error_of(ModelFault(f"{task} failed: {type(fault).__name__}")).model_dump(), 500)
        _log(task, 200, started)
        return Response(answer.model_dump_json(), media_type="application/json")

    return Starlette(
        routes=[Route("/ping", ping, methods=["GET"]), Route("/invocations", invocations, methods=["POST"])]
    )


def parsed(body: bytes | str) -> Request:
    """A request of events/inference.py. Raises InvalidRequest, which names the fields at fault but not their values."""
    try:
        return REQUEST.validate_json(body)
    except ValidationError as fault:
        found = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in fault.errors()[:5])
        raise InvalidRequest(f"not a request of ours: {found}") from fault


def error_of(refusal: Refused) -> InferenceError:
    """What the caller reads."""
    return InferenceError(code=refusal.code, message=str(refusal))


def lambda_handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """The text role as a container-image Lambda: the request is the event, the answer or refusal is returned."""
    try:
        return _warm_role().answer(parsed(json.dumps(event))).model_dump(mode="json")
    except Refused as refusal:
        return error_of(refusal).model_dump()
    except Exception as fault:  # noqa: BLE001 - an entry point: Lambda would return the fault's own words
        _log("lambda", 500, time.perf_counter(), code="model_fault", fault=_where(fault))
        return error_of(ModelFault(f"the text models failed: {type(fault).__name__}")).model_dump()


def load(options: Options) -> Role:
    """Read the role's weights. Torch is imported for the media role only."""
    links = Links(options.origins)
    key = mark_key(options)
    if options.role == "text":
        from inference.text_role import TextRole

        return TextRole.load(options.weights, links, key, options.second)
    if key is None:
        raise ValueError("the media role needs --mark-key-file or --mark-key-wrapped: nothing unmarked may leave it")
    from inference.media_role import MediaRole

    return MediaRole.load(options.weights, links, key, options.engine, options.second)


def mark_key(options: Options) -> bytes | None:
    """The key of the invisible mark, 32 bytes, or None where none is named."""
    if options.mark_key_wrapped:
        from inference.cloud import unwrapped

        key = unwrapped(options.mark_key_wrapped.read_bytes())
    elif options.mark_key_file:
        key = options.mark_key_file.read_bytes()
    else:
        return None
    if len(key) != 32:
        raise ValueError(f"the mark key has {len(key)} bytes, not 32")
    return key


def options_from(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """The command line, with what SageMaker and Lambda can only set as environment variables as its defaults."""
    parser = argparse.ArgumentParser(prog="inference.serve", description=__doc__)
    parser.add_argument("serve", nargs="?", choices=["serve"], help="the argument SageMaker starts containers with")
    parser.add_argument("--role", choices=sorted(WORKERS), default=environment.get("VOLARY_ROLE", "media"))
    parser.add_argument("--host", default=environment.get("VOLARY_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--weights", type=Path, default=Path(__file__).parent / "weights")
    parser.add_argument("--media-origin", action="append", default=environment.get("VOLARY_MEDIA_ORIGINS", "").split())
    parser.add_argument("--mark-key-file", type=Path, default=environment.get("VOLARY_MARK_KEY_FILE"))
    parser.add_argument("--mark-key-wrapped", type=Path, default=environment.get("VOLARY_MARK_KEY_WRAPPED"))
    parser.add_argument("--drain-seconds", type=int, default=25)
    for name in ("engine", "engine-weights", "engine-digest", "engine-options", "second-weights", "second-digest"):
        parser.add_argument(f"--{name}", default=environment.get(f"VOLARY_{name.upper().replace('-', '_')}", ""))
    chosen = parser.parse_args(arguments)
    return Options(
        chosen.role, chosen.host, chosen.port, chosen.weights, frozenset(chosen.media_origin),
        chosen.mark_key_file, chosen.mark_key_wrapped, chosen.drain_seconds,
        EngineChoice(chosen.engine or SMALL, chosen.engine_weights, chosen.engine_digest, chosen.engine_options),
        SecondChoice(chosen.second_weights, chosen.second_digest),
    )  # fmt: skip


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Load, then listen: until the models are there, nothing answers `/ping`. SIGTERM finishes what is running."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    # They log whole links, and whoever has a link has the right it carries.
    for chatty in ("httpx", "httpcore", "botocore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    options = options_from(arguments, environment)
    started = time.perf_counter()
    try:
        role = load(options)
    except (OSError, ValueError, RuntimeError) as fault:
        LOG.error(json.dumps({"task": "load", "status": 500, "fault": str(fault)}))  # noqa: TRY400
        return 1
    desk = Desk(role, WORKERS[options.role], WAITING[options.role])
    _log("load", 200, started, role=options.role)
    uvicorn.run(
        application(desk), host=options.host, port=options.port, log_level="warning", access_log=False,
        timeout_graceful_shutdown=options.drain_seconds,
    )  # fmt: skip
    return 0


@cache
def _warm_role() -> Role:
    return load(options_from(["--role", "text"], os.environ))


async def _body(http: HttpRequest) -> bytes:
    found = bytearray()
    async for part in http.stream():
        found += part
        if len(found) > MAX_BODY:
            raise MediaTooLarge(f"the request has more than {MAX_BODY} bytes; media travel as links")
    return bytes(found)


def _heartbeat(attributes: str) -> AbstractContextManager[object]:
    if not attributes.startswith("task-token="):
        return nullcontext()
    from inference.cloud import Heartbeat

    return Heartbeat(attributes.removeprefix("task-token="))


def _where(fault: Exception) -> str:
    """Type and place of a fault; its message could hold a prompt."""
    trace = fault.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "nowhere"
    return f"{type(fault).__name__} at {place}"


def _log(task: str, status: int, started: float, **more: str) -> None:
    LOG.info(json.dumps({"task": task, "status": status, "seconds": round(time.perf_counter() - started, 4), **more}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
