"""The AWS emulator as a child process on a free loopback port, with nothing of the user's own AWS settings."""

import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".rehearse" / "venv" / "bin" / "python"
REGION = "us-east-1"
ACCOUNT = "000000000000"
START_SECONDS = 30
STOP_SECONDS = 10


@dataclass(frozen=True)
class Emulator:
    """A running emulator; `log` is the file with all that it said."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """What a process needs so that the AWS SDK talks to this emulator as the account's administrator."""
        return {**account_environment(), "AWS_ENDPOINT_URL": self.url}


def is_set_up() -> bool:
    """Whether `make rehearse` has made the emulator's own environment."""
    return PYTHON.exists()


def account_environment() -> dict[str, str]:
    """The emulated account's administrator; these are the emulator's well-known words, not secrets."""
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def running(*, enforce_iam: bool, port: int | None = None, more: Mapping[str, str] | None = None) -> Iterator[Emulator]:
    """Start an emulator with empty state, and end it and every function it started. `more` reaches the functions."""
    with tempfile.TemporaryDirectory(prefix="rehearse-") as folder:
        emulator = Emulator(port or free_port(), Path(folder) / "emulator.log")
        process = _start(emulator, Path(folder), enforce_iam, more or {})
        try:
            _wait(emulator, process)
            yield emulator
        finally:
            _stop(process)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(emulator: Emulator, folder: Path, enforce_iam: bool, more: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {
        **kept,
        **emulator.environment(),
        "AUTH": "true" if enforce_iam else "false",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(emulator.port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "INFO",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_HOST": "127.0.0.1",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(folder),
        **more,
    }
    with emulator.log.open("wb") as log:
        # A session of its own, so that the functions it starts end with it.
        return subprocess.Popen(
            [str(PYTHON), str(Path(__file__).with_name("emulate.py"))],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip


def _wait(emulator: Emulator, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the emulator ended with {process.returncode}:\n{_tail(emulator.log)}")
        if _is_alive(emulator):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the emulator did not answer within {START_SECONDS} s:\n{_tail(emulator.log)}")


def _is_alive(emulator: Emulator) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=2)
    try:
        connection.request("GET", "/_ministack/health")
        return bool(json.loads(connection.getresponse().read()))
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for which in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, which)
            process.wait(STOP_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
    process.wait(STOP_SECONDS)
