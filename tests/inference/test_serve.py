"""The model server's HTTP face: what it answers, refuses, bounds and never imports or follows."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from events.inference import PromptScreened, Request, ScreenPrompt
from events.moderation import ALWAYS_BLOCKED_TEXT, Category
from events.shapes import Shape
from inference.cloud import Heartbeat
from inference.links import Links, origin_of
from inference.refusal import InvalidMedia, MediaTooLarge, OutputRefused, SourceUnreadable
from inference.serve import MAX_BODY, Desk, application, error_of, lambda_handler, options_from, parsed

ROOT = Path(__file__).parents[2]
ANSWER = PromptScreened(language="en", signals=())
ASKED = ScreenPrompt(text="a cat on a wall")
BROKEN = ["", "[]", "{}", '{"task":"dance"}', '{"task":"screen_prompt"}', "\x00", '{"task":' * 500]


class Scripted:
    """A role that does what a test says."""

    def __init__(self, act=lambda request: ANSWER):
        self.act = act
        self.asked: list[Request] = []

    def answer(self, request: Request) -> Shape:
        self.asked.append(request)
        return self.act(request)


def client(role: Scripted, workers: int = 1, waiting: int = 1) -> TestClient:
    return TestClient(application(Desk(role, workers, waiting)), raise_server_exceptions=False)


class Store(BaseHTTPRequestHandler):
    """A media origin with one file, one redirect and one place to write."""

    written: dict[str, bytes] = {}

    def do_GET(self) -> None:
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("location", "/clip")
            self.end_headers()
        elif self.path == "/clip":
            self._send(b"x" * 5000)
        elif self.path == "/unsized":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x" * 200_000)
        else:
            self.send_error(403)

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/readonly":
            self.send_error(403)
            return
        self.written[self.path] = data
        self._send(b"")

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def origin() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_answers_what_the_role_answers():
    role = Scripted()
    answer = client(role).post("/invocations", content=ASKED.model_dump_json())

    assert answer.status_code == 200
    assert PromptScreened.model_validate_json(answer.content) == ANSWER
    assert role.asked == [ASKED]


def test_ping_answers_and_nothing_else_is_served():
    face = client(Scripted())

    assert face.get("/ping").status_code == 200
    assert [face.get(path).status_code for path in ("/", "/docs", "/openapi.json", "/metrics")] == [404] * 4
    assert face.get("/invocations").status_code == 405


@pytest.mark.parametrize("body", BROKEN)
def test_what_is_no_request_is_refused_without_repeating_it(body: str):
    answer = client(Scripted()).post("/invocations", content=body)

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"


def test_a_refused_request_does_not_leak_the_values_it_held():
    answer = client(Scripted()).post("/invocations", json={"task": "screen_prompt", "text": ["my secret prompt"]})

    assert answer.status_code == 400
    assert "secret" not in answer.text


def test_a_body_over_the_limit_is_refused():
    answer = client(Scripted()).post("/invocations", content=b"x" * (MAX_BODY + 1))

    assert (answer.status_code, answer.json()["code"]) == (413, "media_too_large")


def test_a_refusal_keeps_its_status_and_code():
    def refuse(_: Request) -> Shape:
        raise InvalidMedia("the file has no picture")

    answer = client(Scripted(refuse)).post("/invocations", content=ASKED.model_dump_json())

    assert (answer.status_code, answer.json()) == (422, {"code": "invalid_media", "message": "the file has no picture"})


def test_a_model_that_fails_is_a_fault_without_its_message(caplog: pytest.LogCaptureFixture):
    def fail(_: Request) -> Shape:
        raise RuntimeError("while judging 'my secret prompt'")

    with caplog.at_level("INFO", "inference.serve"):
        answer = client(Scripted(fail)).post("/invocations", content=ASKED.model_dump_json())

    assert (answer.status_code, answer.json()["code"]) == (500, "model_fault")
    assert "secret" not in answer.text + caplog.text
    assert "RuntimeError at test_serve.py" in caplog.text


def test_requests_beyond_the_queue_are_turned_away_and_the_rest_answered():
    free, answers = threading.Event(), []

    def wait(_: Request) -> Shape:
        free.wait(10)
        return ANSWER

    with client(Scripted(wait), workers=1, waiting=1) as face:
        threads = [
            threading.Thread(
                target=lambda: answers.append(face.post("/invocations", content=ASKED.model_dump_json()).status_code)
            )
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        while len(answers) < 2:
            time.sleep(0.01)
        free.set()
        for thread in threads:
            thread.join()

    assert sorted(answers) == [200, 200, 429, 429]


def test_logs_one_json_line_a_request_and_no_prompt(caplog: pytest.LogCaptureFixture):
    with caplog.at_level("INFO", "inference.serve"):
        client(Scripted()).post("/invocations", content=ScreenPrompt(text="my secret prompt").model_dump_json())

    lines = [record.message for record in caplog.records if record.name == "inference.serve"]
    assert len(lines) == 1
    assert json.loads(lines[0])["task"] == "screen_prompt"
    assert "secret" not in caplog.text


def test_reads_and_writes_where_it_may(origin: str):
    links = Links(frozenset({origin}))

    assert links.read(f"{origin}/clip", 5000) == b"x" * 5000
    links.write(f"{origin}/out?signature=1", b"made", "video/mp4")
    assert Store.written["/out?signature=1"] == b"made"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:1/clip",
        "http://127.1/clip",
        "http://2130706433/clip",
        "http://[::ffff:127.0.0.1]/clip",
        "https://{host}/clip",
        "http://{host}@evil.example/clip",
        "http://user@{host}/clip",
        "http://{host}.evil.example/clip",
        "file:///etc/passwd",
        "ftp://{host}/clip",
        "//{host}/clip",
        "/clip",
        "",
        "http://",
    ],
)
def test_never_follows_a_link_to_another_origin(origin: str, url: str):
    links = Links(frozenset({origin}))
    link = url.replace("{host}", origin.removeprefix("http://"))

    with pytest.raises(SourceUnreadable):
        links.read(link, 10)
    with pytest.raises(OutputRefused):
        links.write(link, b"x", "video/mp4")


def test_does_not_follow_redirects(origin: str):
    with pytest.raises(SourceUnreadable, match="302"):
        Links(frozenset({origin})).read(f"{origin}/elsewhere", 10_000)


@pytest.mark.parametrize("path", ["/clip", "/unsized"])
def test_stops_reading_at_the_limit(origin: str, path: str):
    with pytest.raises(MediaTooLarge):
        Links(frozenset({origin})).read(origin + path, 4999)


def test_a_put_that_is_not_accepted_is_an_error_and_names_no_path(origin: str):
    with pytest.raises(OutputRefused, match="403") as refused:
        Links(frozenset({origin})).write(f"{origin}/readonly", b"x", "video/mp4")

    assert "readonly" not in str(refused.value)


def test_an_origin_that_is_gone_is_unreadable():
    with pytest.raises(SourceUnreadable, match="could not be read"):
        Links(frozenset({"http://127.0.0.1:9"})).read("http://127.0.0.1:9/clip", 10)


def test_origins_are_compared_with_their_default_ports():
    assert origin_of("https://Media.Example/a?b") == origin_of("https://media.example:443")


def test_sagemakers_argument_and_environment_are_understood():
    options = options_from(
        ["serve"], {"VOLARY_ROLE": "text", "VOLARY_MEDIA_ORIGINS": "https://a.example https://b.example"}
    )

    assert (options.role, options.port) == ("text", 8080)
    assert options.origins == {"https://a.example", "https://b.example"}


def test_the_lambda_answers_refusals_as_data():
    answer = lambda_handler({"task": "dance"}, None)

    assert answer["code"] == "invalid_request"


def test_parsed_reads_every_task_and_error_of_speaks_the_contract():
    assert parsed(ASKED.model_dump_json()) == ASKED
    assert error_of(InvalidMedia("no")).model_dump() == {"code": "invalid_media", "message": "no"}


def test_the_server_never_imports_the_training_code_and_the_text_role_never_torch():
    script = (
        "import sys; sys.argv=['x']; import inference.serve, inference.text_role, inference.safety.prompts;"
        "bad=[m for m in sys.modules if m=='torch' or m.startswith('inference.train')]; print(bad); sys.exit(bool(bad))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], str, float]]:
    """A server of its own process; gives it, its address and the seconds until it answered /ping."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.monotonic()
    command = [sys.executable, "-m", "inference.serve", "--port", str(port), *arguments]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("VOLARY_")}
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, env=environment)
    try:
        yield process, f"http://127.0.0.1:{port}", _ready(process, port, started)
    finally:
        process.kill()
        process.wait()


def _ready(process: subprocess.Popen[bytes], port: int, started: float) -> float:
    while time.monotonic() - started < 240:
        assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
        try:
            if httpx.get(f"http://127.0.0.1:{port}/ping").status_code == 200:
                return time.monotonic() - started
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server did not answer /ping within 240 s")


def test_the_text_server_screens_and_ends_on_sigterm():
    with running("--role", "text") as (process, address, _):
        answer = httpx.post(f"{address}/invocations", content=ScreenPrompt(text=ALWAYS_BLOCKED_TEXT).model_dump_json())
        found = PromptScreened.model_validate_json(answer.content)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=120)

    assert Category.TEST_STRING in {found.category for found in found.signals if found.score == 1.0}


def test_the_media_server_refuses_to_start_without_a_mark_key():
    command = [sys.executable, "-m", "inference.serve", "--role", "media"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)

    assert done.returncode == 1
    assert "nothing unmarked may leave it" in done.stderr


class Steps:
    """Step Functions as a heartbeat sees it; it stops listening after `patience` beats."""

    def __init__(self, patience: int):
        self.patience = patience
        self.beats: list[str] = []

    def send_task_heartbeat(self, taskToken: str) -> None:  # noqa: N803 - the name AWS gives it
        self.beats.append(taskToken)
        if len(self.beats) >= self.patience:
            from botocore.exceptions import ClientError

            raise ClientError({"Error": {"Code": "TaskTimedOut"}}, "SendTaskHeartbeat")


def test_a_heartbeat_goes_on_while_the_work_does_and_ends_with_it():
    pytest.importorskip("botocore")
    steps = Steps(patience=1000)
    with Heartbeat("token", steps, interval=0.01):
        while len(steps.beats) < 3:
            time.sleep(0.01)
    told = len(steps.beats)
    time.sleep(0.05)

    assert set(steps.beats) == {"token"}
    assert len(steps.beats) == told


def test_a_heartbeat_ends_when_the_task_is_gone():
    pytest.importorskip("botocore")
    steps = Steps(patience=1)
    with Heartbeat("token", steps, interval=0.01) as heartbeat:
        heartbeat.thread.join(timeout=5)

    assert steps.beats == ["token"]
