"""Starts the processes of a home, starts again whichever dies, and stops them all.

A home has one supervisor: a lock says so, and the operating system takes the lock back however it ends. When it
ends, its children end, too (local/processes.py).
"""

import fcntl
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from volary.embedded import open_home
from volary.embedded.keyfiles import private_folder
from volary.embedded.models import ModelServer
from volary.errors import Conflict, Unavailable

from local.homes import LOOPBACK, Ports, free_port, origin, remember_ports
from local.people import DEMO, add_demo_people
from local.processes import arguments, die_with_parent
from local.seed import seed

ROOT = Path(__file__).parent.parent
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
STEADY_SECONDS = 20.0  # a child that ran this long had no trouble starting
GRACE_SECONDS = 5.0
PORT_SECONDS = 5.0
POLL_SECONDS = 0.1
LARGEST_LOG = 8 << 20
MODELS_SECONDS = 120.0  # how long the worker waits for models before it starts without them


@dataclass
class Child:
    """One process that should always run; `pause` is how long to wait before it is started again."""

    name: str
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    pause: float = FIRST_PAUSE
    deaths: int = 0

    def look(self) -> None:
        """Start it if it is due, and notice if it has died."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_at:
                self._start(now)
        elif (status := self.process.poll()) is not None:
            self.deaths += 1
            self.pause = FIRST_PAUSE if now - self.started_at > STEADY_SECONDS else min(2 * self.pause, LONGEST_PAUSE)
            print(f"volary: {self.name} ended with {status}; again in {self.pause:.1f} s", file=sys.stderr, flush=True)
            self.process, self.start_at = None, now + self.pause

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def _start(self, now: float) -> None:
        # A group of its own: Ctrl-C reaches the supervisor alone, which then stops its children in order.
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                process_group=0,
                preexec_fn=die_with_parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.started_at = now


@dataclass
class Supervisor:
    """`children` in starting order; they stop in the opposite one. `check` runs between two looks at them."""

    children: list[Child]
    check: Callable[[], None]
    stopping: bool = False

    def run(self) -> None:
        """Until a signal asks to stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        try:
            while not self.stopping:
                for child in self.children:
                    child.look()
                self.check()
                time.sleep(POLL_SECONDS)
        finally:
            self._stop_all()

    def _ask_to_stop(self, number: int, frame: object) -> None:
        self.stopping = True

    def _stop_all(self) -> None:
        for child in reversed(self.children):
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self.children:
            if child.process is not None:
                _wait_or_kill(child.process, deadline)


def _wait_or_kill(process: subprocess.Popen[bytes], deadline: float) -> None:
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass
class Opening:
    """Says once what has come up, and starts the worker when the models it asks can answer."""

    ports: Ports
    supervisor_children: list[Child]
    worker: Child
    hint: str
    deadline: float = field(default_factory=lambda: time.monotonic() + MODELS_SECONDS)
    is_announced: bool = False

    def check(self) -> None:
        if not self.is_announced and answers(self.ports.api):
            self.is_announced = True
            print(f"Volary answers at {origin(self.ports.api)}\n{self.hint}", flush=True)
        if self.worker not in self.supervisor_children and self._models_are_ready():
            self.supervisor_children.append(self.worker)

    def _models_are_ready(self) -> bool:
        # Without this, the first prompts would be held for a moderator only because nothing could judge them yet.
        if time.monotonic() > self.deadline:
            return True
        return ModelServer(origin(self.ports.text_model)).is_alive(0.5)


def up(folder: Path, port: int, *, catalogue: bool) -> int:
    """Run the home until somebody stops it. Raises Conflict when it runs already, Unavailable for a taken port."""
    folder = private_folder(folder.resolve())
    with _sole_supervisor(folder):
        ports = Ports(port, free_port(), free_port())
        for wanted in (ports.api, ports.console, ports.media):
            _wait_for_port(wanted)
        mark_key = _prepare(folder, ports, catalogue)
        remember_ports(folder, ports)
        logs = private_folder(folder / "logs")
        children = [Child(name, command, logs / f"{name}.log") for name, command in _commands(folder, ports, mark_key)]
        worker = children.pop()
        hint = f"Data and logs are in {folder}. A token of a demo person: .venv/bin/volary token {next(iter(DEMO))}\n"
        hint += f"Moderators review at {origin(ports.console)}, with a token of theirs"
        print("Volary is starting; Ctrl-C stops it", flush=True)
        Supervisor(children, Opening(ports, children, worker, hint).check).run()
    return 0


def answers(port: int) -> bool:
    """Whether somebody listens on a loopback port."""
    with socket.socket() as client:
        client.settimeout(0.5)
        return client.connect_ex((LOOPBACK, port)) == 0


def _prepare(folder: Path, ports: Ports, catalogue: bool) -> Path:
    """Make what the home needs before its processes start; returns the file with the mark's key."""
    home = open_home(folder, ports.options())
    home.workflows.load_all()
    add_demo_people(home.services)
    if catalogue:
        seed(home.services)
    mark_key = home.keys.secret_path("mark")
    home.database.close()
    return mark_key


def _commands(folder: Path, ports: Ports, mark_key: Path) -> list[tuple[str, list[str]]]:
    """What to run, the worker last."""

    def model(role: str, number: int) -> list[str]:
        key, media = str(mark_key), origin(ports.media)
        options = ["--role", role, "--port", str(number), "--mark-key-file", key, "--media-origin", media]
        return [sys.executable, "-m", "inference.serve", *options, "--drain-seconds", "1"]

    def ours(module: str) -> list[str]:
        return [sys.executable, "-m", module, *arguments(folder, ports)]

    return [
        ("text-model", model("text", ports.text_model)),
        ("media-model", model("media", ports.media_model)),
        ("media", ours("local.media")),
        ("api", ours("local.api")),
        ("console", ours("local.console")),
        ("worker", ours("local.worker")),
    ]


@contextmanager
def _sole_supervisor(folder: Path) -> Iterator[None]:
    with (folder / "supervisor.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise Conflict(
                f"the home {folder} runs already: stop that one, or give this one another --home"
            ) from problem
        yield


def _wait_for_port(port: int) -> None:
    """Children of a supervisor that was just killed may hold a port for a moment longer."""
    deadline = time.monotonic() + PORT_SECONDS
    while True:
        try:
            with socket.socket() as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((LOOPBACK, port))
        except OSError as problem:
            if time.monotonic() > deadline:
                raise Unavailable(f"port {port} is taken; choose others with --port or $VOLARY_PORT") from problem
            time.sleep(POLL_SECONDS)
        else:
            return
