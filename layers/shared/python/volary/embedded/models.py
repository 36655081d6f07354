"""The `Models` port over HTTP: the text server answers at once, calls to the media server wait in a table.

`volary.embedded.dispatch` posts the waiting calls, one after the other.
"""

import http.client
import json
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from events.inference import InferenceError, Late, Request
from volary.embedded.modelcalls import ModelCalls
from volary.errors import ModelFault

ASK_SECONDS = 10.0
RESTART_SECONDS = 0.25
MAX_ANSWER_BYTES = 16 << 20
UNREACHABLE = "model_unreachable"


@dataclass(frozen=True)
class ModelServer:
    """One inference server; `origin` is http://host:port."""

    origin: str
    max_answer_bytes: int = MAX_ANSWER_BYTES

    def invoke(self, request: Request, seconds: float) -> dict[str, Any]:
        """POST /invocations; raises ModelFault for a refusal, a fault, a broken answer, and after `seconds`."""
        body = request.model_dump_json().encode()
        status, answer = self._exchange("POST", "/invocations", body, time.monotonic() + seconds)
        if status == 200:
            return _object(answer)
        raise _fault(status, answer)

    def is_alive(self, seconds: float = 5.0) -> bool:
        """Whether GET /ping answers 200 in time."""
        try:
            status, _ = self._exchange("GET", "/ping", None, time.monotonic() + seconds)
        except ModelFault:
            return False
        return status == 200

    def _exchange(self, method: str, path: str, body: bytes | None, deadline: float) -> tuple[int, bytes]:
        # http.client and not urllib, which would send loopback calls through a proxy named in the environment.
        address = urlsplit(self.origin)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_left(deadline))
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            link = connection.sock  # an answer without a length takes it away from the connection
            response = connection.getresponse()
            return response.status, self._read(response, link, deadline)
        except TimeoutError as problem:
            raise ModelFault(f"a model server took too long over {path}", code="model_timeout") from problem
        except (OSError, http.client.HTTPException) as problem:
            raise ModelFault(f"a model server did not answer {path}: {problem}", code=UNREACHABLE) from problem
        finally:
            connection.close()

    def _read(self, response: http.client.HTTPResponse, link: socket.socket, deadline: float) -> bytes:
        """All of the body; the time limit holds for the whole of it, not for each packet."""
        parts: list[bytes] = []
        while True:
            left = _left(deadline)
            if not response.isclosed():
                link.settimeout(left)
            part = response.read1(1 << 16)
            if not part:
                return b"".join(parts)
            parts.append(part)
            if sum(map(len, parts)) > self.max_answer_bytes:
                raise ModelFault(f"the answer is over {self.max_answer_bytes} bytes", code="model_answer_invalid")


@dataclass(frozen=True)
class QueuedModels:
    text: ModelServer
    calls: ModelCalls
    ask_seconds: float = ASK_SECONDS

    def ask(self, request: Request) -> dict[str, Any]:
        """Asks again while nothing listens there: a server that died is back within moments, or the time is up."""
        deadline = time.monotonic() + self.ask_seconds
        while True:
            try:
                return self.text.invoke(request, deadline - time.monotonic())
            except ModelFault as fault:
                if fault.code != UNREACHABLE or time.monotonic() + RESTART_SECONDS > deadline:
                    raise
            time.sleep(RESTART_SECONDS)

    def submit(self, request: Late, *, call_id: str, token: str = "") -> None:
        self.calls.add(call_id, request)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _object(answer: bytes) -> dict[str, Any]:
    try:
        value = json.loads(answer)
    except ValueError as problem:
        raise ModelFault(f"the answer is not JSON: {problem}", code="model_answer_invalid") from problem
    if not isinstance(value, dict):
        raise ModelFault(f"the answer is a {type(value).__name__}, not an object", code="model_answer_invalid")
    return value


def _fault(status: int, answer: bytes) -> ModelFault:
    try:
        error = InferenceError.model_validate_json(answer)
    except ValidationError:
        return ModelFault(f"the model server answered {status}: {answer[:200]!r}")
    return ModelFault(error.message, code=error.code)
