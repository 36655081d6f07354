"""The `Workflows` port on SQLite. This first cut refuses every call; the interpreter lands next."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from volary.embedded.database import Database
from volary.errors import Unavailable
from volary.ports import Clock


class SqlWorkflows:
    def __init__(self, database: Database, clock: Clock, definitions: Path) -> None:
        self._database = database

    def start(self, workflow: str, name: str, state: Mapping[str, Any]) -> None:
        raise Unavailable(f"cannot start {workflow}/{name}: the runner is not written yet")

    def stop(self, workflow: str, name: str, cause: str) -> None:
        raise Unavailable(f"cannot stop {workflow}/{name}: the runner is not written yet")

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        raise Unavailable("the runner is not written yet")

    def fail(self, token: str, error: str, cause: str) -> None:
        raise Unavailable("the runner is not written yet")

    def heartbeat(self, token: str) -> None:
        raise Unavailable("the runner is not written yet")
