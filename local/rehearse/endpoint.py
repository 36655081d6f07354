"""Stands in for SageMaker's asynchronous endpoint, which no emulator has: queue, S3 and SNS around our real container.

What is as in SageMaker: the call's HTTP form, answers and refusals as objects under the paths of the endpoint's
configuration, one notice per call with the call's id, delivery after the caller was answered. What is not: the
caller's right to invoke is not checked, nothing scales, and a failed call is not tried again.
"""

import http.client
import json
import queue
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from volary.aws.clients import Clients

from local.rehearse.emulator import REGION, free_port

PATH = re.compile(r"^/endpoints/(?P<name>[^/]+)/async-invocations$")
HEADER = "X-Amzn-SageMaker-"
LONGEST_CALL = 3600


@dataclass(frozen=True)
class Call:
    """One accepted invocation: where it reads and writes."""

    endpoint: str
    input: str
    inference_id: str
    attributes: str
    output: str
    failure: str


@dataclass
class Endpoint:
    """`model_port` is where our container listens; `work_bucket` and `topic` are what its configuration names."""

    clients: Clients
    model_port: int
    work_bucket: str
    topic: str
    port: int = field(default_factory=free_port)
    calls: "queue.Queue[Call | None]" = field(default_factory=queue.Queue)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def accept(self, endpoint: str, headers: Any) -> Call:
        """Queue a call; raises KeyError when it says not where its input is."""
        name = uuid.uuid4().hex
        call = Call(
            endpoint=endpoint,
            input=headers[f"{HEADER}InputLocation"],
            inference_id=headers.get(f"{HEADER}Inference-Id") or name,
            attributes=headers.get(f"{HEADER}Custom-Attributes", ""),
            output=f"s3://{self.work_bucket}/answers/{name}.out",
            failure=f"s3://{self.work_bucket}/failures/{name}-error.out",
        )
        self.calls.put(call)
        return call

    def work(self) -> None:
        """Answer calls one after the other until None comes; one GPU does the same."""
        while (call := self.calls.get()) is not None:
            status, body = self._invoke(call)
            self._store(call.output if status == 200 else call.failure, body)
            self._notify(call, status)

    def _invoke(self, call: Call) -> tuple[int, bytes]:
        bucket, key = _place(call.input)
        request = self.clients["s3"].get_object(Bucket=bucket, Key=key)["Body"].read()
        connection = http.client.HTTPConnection("127.0.0.1", self.model_port, timeout=LONGEST_CALL)
        headers = {"Content-Type": "application/json", f"{HEADER}Custom-Attributes": call.attributes}
        try:
            connection.request("POST", "/invocations", request, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as problem:
            return 503, json.dumps({"code": "model_fault", "message": type(problem).__name__}).encode()
        finally:
            connection.close()

    def _store(self, place: str, body: bytes) -> None:
        bucket, key = _place(place)
        self.clients["s3"].put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")

    def _notify(self, call: Call, status: int) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        notice: dict[str, Any] = {
            "awsRegion": REGION,
            "eventTime": now,
            "receivedTime": now,
            "invocationStatus": "Completed" if status == 200 else "Failed",
            "requestParameters": {"endpointName": call.endpoint, "inputLocation": call.input},
            "inferenceId": call.inference_id,
            "eventVersion": "1.0",
            "eventSource": "aws:sagemaker",
            "eventName": "InferenceResult",
        }
        if status == 200:
            notice["responseParameters"] = {"contentType": "application/json", "outputLocation": call.output}
        else:
            side = "client" if status < 500 else "server"
            notice["failureReason"] = f"ClientError: Received {side} error ({status}) from model."
            notice["failureLocation"] = call.failure
        self.clients["sns"].publish(TopicArn=self.topic, Message=json.dumps(notice))


@contextmanager
def answering(endpoint: Endpoint) -> Iterator[Endpoint]:
    """Listen for calls and answer them, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", endpoint.port), _handler(endpoint))
    threads = [threading.Thread(target=each, daemon=True) for each in (server.serve_forever, endpoint.work)]
    for thread in threads:
        thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        endpoint.calls.put(None)


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Invocations(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found = PATH.match(self.path)
            if found is None or f"{HEADER}InputLocation" not in self.headers:
                self._answer(400, {"message": "not an asynchronous invocation"})
                return
            call = endpoint.accept(found["name"], self.headers)
            places = {f"{HEADER}OutputLocation": call.output, f"{HEADER}FailureLocation": call.failure}
            self._answer(202, {"InferenceId": call.inference_id}, places)

        def _answer(self, status: int, body: dict[str, str], headers: dict[str, str] | None = None) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the story's own output matters."""

    return Invocations


def _place(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.netloc, parts.path.lstrip("/")
