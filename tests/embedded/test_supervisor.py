"""Processes: whichever dies is started again, all stop together, and none outlives its supervisor."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from volary.errors import Conflict, Unavailable

from local.homes import free_port
from local.supervisor import Child, up

ROOT = Path(__file__).parents[2]
# Writes its process id, one a line, and sleeps; with "deaf" it does not listen to SIGTERM.
SLEEPER = """
import os, signal, sys, time
if "deaf" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
time.sleep(600)
"""
# A supervisor in a process of its own, with two sleepers instead of the home's processes.
SUPERVISOR = """
import sys
from pathlib import Path
from local.supervisor import Child, Supervisor
folder = Path(sys.argv[1])
names = sys.argv[2:]
children = [Child(name, [sys.executable, "-c", Path(sys.argv[1], "sleeper.py").read_text(), str(folder / name), name],
                  folder / f"{name}.log") for name in names]
Supervisor(children, lambda: None).run()
"""


def until(fact, seconds=20.0):
    """Wait for a fact; returns it, or fails when it does not come about."""
    deadline = time.monotonic() + seconds
    while not (found := fact()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)
    return found


def pids(path):
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


def is_alive(pid):
    """Whether a process runs; one that has ended and waits to be fetched does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def supervised(tmp_path):
    """Starts supervisors of sleepers by name; whatever still runs at the end is killed."""
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    started = []

    def start(*names):
        process = subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(tmp_path), *names], cwd=ROOT)
        started.append(process)
        until(lambda: all(pids(tmp_path / name) for name in names))
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_child_that_dies_is_started_again(supervised, tmp_path):
    supervised("one", "two")
    (first,) = pids(tmp_path / "one")
    (other,) = pids(tmp_path / "two")
    os.kill(first, signal.SIGKILL)

    second = until(lambda: pids(tmp_path / "one")[1:])[0]

    assert is_alive(second)
    assert is_alive(other)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_and_leaves_nothing(supervised, tmp_path, number):
    process = supervised("one", "two")
    process.send_signal(number)

    assert process.wait(20) == 0
    assert [is_alive(pid) for name in ("one", "two") for pid in pids(tmp_path / name)] == [False, False]


def test_a_child_that_does_not_listen_is_killed(supervised, tmp_path):
    process = supervised("deaf")
    process.terminate()

    assert process.wait(20) == 0
    assert not is_alive(pids(tmp_path / "deaf")[0])


@pytest.mark.skipif(sys.platform != "linux", reason="other systems notice within half a second, by another way")
def test_no_child_outlives_a_killed_supervisor(supervised, tmp_path):
    process = supervised("one", "deaf")
    process.kill()
    process.wait()

    until(lambda: not any(is_alive(pid) for name in ("one", "deaf") for pid in pids(tmp_path / name)))


def test_a_child_that_cannot_start_is_given_ever_more_time(tmp_path):
    child = Child("hopeless", [sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "log")
    pauses = []
    while len(pauses) < 3:
        child.start_at = 0.0
        child.look()
        if child.process is not None:
            child.process.wait()
            child.look()
            pauses.append(child.pause)

    assert pauses == [0.4, 0.8, 1.6]
    assert child.deaths == 3


def test_a_home_has_one_supervisor(tmp_path):
    with (tmp_path / "supervisor.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="runs already"):
            up(tmp_path, free_port(), catalogue=False)


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(Unavailable, match=f"port {port} is taken"):
            up(tmp_path, port, catalogue=False)
