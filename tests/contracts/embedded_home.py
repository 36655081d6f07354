"""The embedded home's side of the port contracts: on a clock that tests move, with a real media server."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import uvicorn
from volary.embedded import Home, Options, open_home
from volary.embedded.rounds import run_due
from volary.ports import Services

from local.media import create_media_app

WORKFLOWS = Path(__file__).parent / "workflows"
PAGE = "http://127.0.0.1:8080"


@dataclass
class MovedClock:
    """Stands still until a test moves it."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class EmbeddedHome:
    """The same doors as AwsHome, and `clock`."""

    home: Home
    clock: MovedClock
    tokens: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def services(self) -> Services:
        return self.home.services

    def run(self) -> None:
        """Do all that is due: tasks note their tokens, handlers note their events."""
        run_due(self.home, self._call)

    def waiting_token(self, seconds: float = 10) -> str:
        self.run()
        if not self.tokens:
            raise TimeoutError("no task waits")
        return self.tokens.pop(0)

    def execution(self, name: str) -> Mapping[str, Any]:
        """What Step Functions would say of it."""
        self.run()
        found = self.home.workflows.execution("generation", name)
        facts = {"status": found.status, "output": json.dumps(found.output), "error": found.error, "cause": found.cause}
        return {name: fact for name, fact in facts.items() if fact is not None}

    def published(self) -> list[dict[str, Any]]:
        self.run()
        taken, self.events = self.events, []
        return [{"detail": event, "detail-type": event["type"]} for event in taken]

    def token(self, *, kind: str = "AccessToken") -> str:
        return self.home.identity.issue("usr_contracts")

    def _call(self, function: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        if function == "functions.generation.wait":
            self.tokens.append(payload["token"])
        else:
            self.events.append(dict(payload))
        return {}


@contextmanager
def running_home(where: Path | Literal[":memory:"]) -> Iterator[EmbeddedHome]:
    """A home with its media server on a free port."""
    clock = MovedClock()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        media = f"http://127.0.0.1:{listener.getsockname()[1]}"
        subscriptions = {"video.completed": ("tests.note",), "video.failed": ("tests.note",)}
        options = Options(public=PAGE, media=media, workflows=WORKFLOWS, subscriptions=subscriptions, clock=clock)
        home = open_home(where, options)
        server = uvicorn.Server(uvicorn.Config(create_media_app(home, PAGE), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield EmbeddedHome(home, clock)
        server.should_exit = True
        thread.join(10)
