"""A running home for commands that need one: the one that runs already, or one started for as long as it is needed."""

import fcntl
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from volary.embedded import Home, open_home
from volary.embedded.models import ModelServer
from volary.errors import Unavailable

from local.homes import last_ports, origin
from local.supervisor import answers

READY_SECONDS = 600.0  # loading the models takes seconds, but minutes on a machine that is busy with other things
STOP_SECONDS = 15.0
PORTS = 20_000, 32_000  # below those that Linux and macOS give to connections


def is_running(folder: Path) -> bool:
    """Whether a supervisor holds the home's lock."""
    try:
        with (folder / "supervisor.lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


@contextmanager
def running_home(folder: Path) -> Iterator[Home]:
    """The home in `folder`, open, with its worker and models running. Raises Unavailable when they do not come up."""
    if is_running(folder):
        yield open_home(folder, last_ports(folder).options())
        return
    port = str(three_free_ports())
    command = [sys.executable, "-m", "local", "up", "--home", str(folder), "--port", port, "--no-catalogue"]
    started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        _wait_until_ready(folder, started)
        yield open_home(folder, last_ports(folder).options())
    finally:
        _stop(started)


def _wait_until_ready(folder: Path, started: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if started.poll() is not None:
            raise Unavailable(f"the home ended with {started.returncode} while starting; see {folder}/logs")
        if is_running(folder) and _answers(folder):
            return
        time.sleep(0.2)
    raise Unavailable(f"the models did not answer within {READY_SECONDS:.0f} s; see {folder}/logs")


def _answers(folder: Path) -> bool:
    ports = last_ports(folder)
    models = (ports.text_model, ports.media_model)
    return answers(ports.api) and all(ModelServer(origin(port)).is_alive(1.0) for port in models)


def three_free_ports() -> int:
    """A port with two free ones above it, for the API, the console and the media server; none that the system may give
    to somebody's connection before they listen."""
    while True:
        port = random.randrange(*PORTS)
        if not any(answers(port + place) for place in range(3)):
            return port


def _stop(started: "subprocess.Popen[bytes]") -> None:
    started.terminate()
    try:
        started.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()
