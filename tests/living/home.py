"""The whole embedded home as a person starts it, with the shipped models, for the tests that need the real thing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from volary.embedded import Home, open_home
from volary.stores.videos import Videos

from local.homes import last_ports, origin
from local.running import is_running, three_free_ports
from tests.living import alarms

ROOT = Path(__file__).parents[2]
PATIENCE = 600.0  # for one clip on two busy cores; a quiet machine needs a twentieth of it


@dataclass
class Living:
    """A running home: its folder, its address, the supervisor's process, and which held clips were let go."""

    folder: Path
    address: str
    supervisor: "subprocess.Popen[bytes]"
    released: list[str] = field(default_factory=list)

    @property
    def home(self) -> Home:
        return open_home(self.folder, last_ports(self.folder).options())

    def token(self, handle: str = "wren") -> str:
        return volary("token", handle, "--home", str(self.folder)).strip()

    def client(self, handle: str = "wren") -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token(handle)}"}
        return httpx.Client(base_url=f"{self.address}/v1", headers=headers, timeout=60)

    def children(self) -> dict[str, int]:
        """Process ids of the supervisor's children, by the module that each runs."""
        listed = subprocess.run(
            ["ps", "--no-headers", "-o", "pid,args", "--ppid", str(self.supervisor.pid)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = {}
        for line in listed.stdout.splitlines():
            pid, _, command = line.strip().partition(" ")
            words = command.split()
            name = words[words.index("-m") + 1] if "-m" in words else words[0]
            role = words[words.index("--role") + 1] if "--role" in words else ""
            found[f"{name} {role}".strip()] = int(pid)
        return found

    def kill(self, name: str) -> None:
        os.kill(self.children()[name], signal.SIGKILL)


def start(folder: Path) -> Living:
    """Start a home on free ports and wait until its API and its models answer."""
    port = three_free_ports()
    command = [sys.executable, "-m", "local", "up", "--home", str(folder), "--port", str(port), "--no-catalogue"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    living = Living(folder, origin(port), process)
    wait_for(lambda: process.poll() is not None or (is_running(folder) and _answers(living.address)), 900)
    assert process.poll() is None, (folder / "logs").exists() and list((folder / "logs").iterdir())
    return living


def stop(living: Living) -> None:
    living.supervisor.terminate()
    try:
        living.supervisor.wait(30)
    except subprocess.TimeoutExpired:
        living.supervisor.kill()
        living.supervisor.wait()


@contextmanager
def living(folder: Path) -> Iterator[Living]:
    started = start(folder)
    try:
        yield started
    finally:
        stop(started)


def volary(*arguments: str) -> str:
    """Run the command line; its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "local", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, (arguments, done.returncode, done.stderr[-2000:])
    return done.stdout


def wait_for(holds: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What `holds` returned once it was true. Raises AssertionError when it never was."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.25)
    raise AssertionError(f"nothing came of {holds} in {seconds:.0f} s")


def ended(client: httpx.Client, video_id: str) -> dict[str, Any]:
    """The clip once it has completed, failed, or is held."""

    def look() -> dict[str, Any] | None:
        said: dict[str, Any] = client.get(f"/videos/{video_id}").raise_for_status().json()
        return said if said["status"] in ("completed", "failed") or said["stage"] == "held" else None

    found: dict[str, Any] = wait_for(look)
    return found


def completed(town: Living, video_id: str, handle: str = "wren") -> dict[str, Any]:
    """The clip once it has completed or failed. A model's false alarm is released as a moderator would, once a home.

    What a random seed draws and what a model takes it for is no business of these stories; a clip that is held for
    anything else (`tests.living.alarms`) fails them.
    """
    with town.client(handle) as client:
        said = ended(client, video_id)
        if said["stage"] != "held":
            return said
        release(town, video_id)

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = client.get(f"/videos/{video_id}").raise_for_status().json()
            return found if found["status"] in ("completed", "failed") else None

        found: dict[str, Any] = wait_for(look)
        return found


def release(town: Living, video_id: str) -> None:
    """Raises AssertionError with the reasons for a hold that is no false alarm of a model, and for one too many."""
    demand_false_alarm(town.home, video_id)
    town.released.append(video_id)
    assert len(town.released) <= alarms.MOST, f"models held {town.released}, more than {alarms.MOST} clips of one home"
    home, moderator = ("--home", str(town.folder)), f"m{video_id[-12:].lower()}".replace("-", "_")
    volary("user", "add", moderator, "--birth-date", "1980-01-01", "--role", "moderator", *home)
    volary("review", "release", video_id, "--as", moderator, *home)


def demand_false_alarm(home: Home, video_id: str) -> None:
    store = Videos(home.items)
    faults = alarms.faults(store.get(video_id), store.screenings(video_id))
    assert not faults, f"{video_id} is held for what no seed draws: {faults}"


def created(client: httpx.Client, **ask: Any) -> dict[str, Any]:
    answer = client.post("/videos", json=ask)
    assert answer.status_code == 200, (answer.status_code, json.dumps(answer.json()))
    said: dict[str, Any] = answer.json()
    return said


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/demo/people", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
