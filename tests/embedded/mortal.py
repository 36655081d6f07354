"""A small product on a real home in a folder, and a worker process for it that dies at a chosen commit.

The product's functions do what ours do: they may run twice, and what must happen once is a conditional write.
"""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from volary.embedded import Home, Options, open_home
from volary.embedded.models import ModelServer
from volary.embedded.rounds import run_models, take_over
from volary.errors import Absent, ConditionFailed
from volary.ports import NEW, Add, Key, Put, Range

from events.bus import VideoCompleted, VideoRequested
from events.inference import Generate, Outputs, Request

WORKFLOWS = Path(__file__).parent / "workflows"
SUBSCRIPTIONS = {"video.requested": ("tests.start",), "video.completed": ("tests.count", "tests.tell")}
AT = datetime(2026, 11, 22, tzinfo=UTC)
OPTIONS = Options(workflows=WORKFLOWS, subscriptions=SUBSCRIPTIONS)


@dataclass(frozen=True)
class InstantModel(ModelServer):
    """A model server inside the process: it has the clip at once."""

    origin: str = "http://127.0.0.1:1"

    def invoke(self, request: Request, seconds: float) -> dict[str, Any]:
        return {"made": True}

    def is_alive(self, seconds: float = 5.0) -> bool:
        return True


def order(folder: Path, names: list[str]) -> None:
    """Accept jobs, as the API does: an event in the outbox, and nothing else yet."""
    home = open_home(folder, OPTIONS)
    for name in names:
        event = VideoRequested(event_id=f"{name}.requested", at=AT, video_id=name)
        home.items.write(outbox(event))
    home.database.close()


def outbox(event: VideoRequested | VideoCompleted) -> Put:
    return Put({"pk": "OUTBOX", "sk": event.event_id, "event": event.model_dump(mode="json")}, NEW)


def product(home: Home) -> Callable[[str, Mapping[str, Any]], dict[str, Any]]:
    """The functions by their dotted names."""

    def call(function: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = FUNCTIONS[function.rpartition(".")[2]](home, payload)
        return made

    return call


def _start(home: Home, event: Mapping[str, Any]) -> dict[str, Any]:
    home.workflows.start("clip", event["video_id"], {"name": event["video_id"], "items": [1, 2]})
    return {}


def _prepare(home: Home, state: Mapping[str, Any]) -> dict[str, Any]:
    home.items.write(Add(Key(f"RUN#{state['name']}", "prepare"), {"times": 1}))
    return dict(state)


def _make(home: Home, task: Mapping[str, Any]) -> dict[str, Any]:
    call_id = home.ids.new("call")
    home.items.write(Put({"pk": f"CALL#{call_id}", "sk": "CALL", "token": task["token"]}))
    home.models.submit(_request(task["state"]["name"]), call_id=call_id)
    return {}


def _answer(home: Home, answered: Mapping[str, Any]) -> dict[str, Any]:
    call = home.items.get(Key(f"CALL#{answered['call_id']}", "CALL"))
    assert call is not None
    try:
        home.workflows.succeed(call["token"], answered["output"])
    except Absent:
        return {}  # a duplicate
    return {}


def _publish(home: Home, state: Mapping[str, Any]) -> dict[str, Any]:
    name = state["name"]
    event = VideoCompleted(event_id=f"{name}.completed", at=AT, video_id=name, owner_id="usr_1")
    home.blobs.put("videos", f"{name}.mp4", name.encode(), "video/mp4")
    try:
        home.items.transact([Put({"pk": "PUBLISHED", "sk": name}, NEW), outbox(event)])
    except ConditionFailed:
        return dict(state)  # published before the crash
    return dict(state)


def _count(home: Home, event: Mapping[str, Any]) -> dict[str, Any]:
    try:
        home.items.transact([Put({"pk": "SEEN", "sk": event["event_id"]}, NEW), Add(Key("COUNT", "all"), {"n": 1})])
    except ConditionFailed:
        return {}  # delivered before
    return {}


def _nothing(home: Home, given: Mapping[str, Any]) -> dict[str, Any]:
    return dict(given)


FUNCTIONS = {
    "start": _start,
    "prepare": _prepare,
    "make": _make,
    "answer": _answer,
    "check": _nothing,
    "part": _nothing,
    "publish": _publish,
    "count": _count,
    "tell": _nothing,
}


def _request(name: str) -> Generate:
    outputs = Outputs(video="http://x/v", thumbnail="http://x/t", spritesheet="http://x/s")
    return Generate(
        job_id=name, prompt="a kite", seconds=4, width=8, height=8, seed=1, record="0" * 16, outputs=outputs
    )


def work(folder: Path, die_at: int | None, counted: Any = None) -> None:
    """The body of a worker process: take over, do all there is, and end; or die right before commit `die_at`."""
    home = replace(open_home(folder, OPTIONS), media_model=InstantModel())
    commits = 0
    transaction = home.database.transaction

    @contextmanager
    def mortal(**how: bool) -> Iterator[Any]:
        nonlocal commits
        with transaction(**how) as connection:
            before = connection.total_changes
            yield connection
            commits += connection.total_changes > before  # one that writes nothing is no boundary
            if commits == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    home.database.transaction = mortal  # type: ignore[method-assign]
    take_over(home)
    run_models(home, product(home))
    if counted is not None:
        counted.value = commits


def faults(folder: Path, names: list[str]) -> list[str]:
    """Everything that is not as it must be once all jobs have ended."""
    home = open_home(folder, OPTIONS)
    found = []
    for name in names:
        kinds = [line["type"] for line in home.workflows.history("clip", name)]
        ends = [kind for kind in kinds if kind.startswith("Execution") and kind != "ExecutionStarted"]
        if ends != ["ExecutionSucceeded"]:
            found.append(f"{name} ended with {ends}")
        if home.blobs.facts("videos", f"{name}.mp4") is None:
            found.append(f"{name} has no file")
    if [item["sk"] for item in home.items.query("PUBLISHED")] != sorted(names):
        found.append(f"published: {home.items.query('PUBLISHED')}")
    counted = home.items.get(Key("COUNT", "all")) or {}
    if counted.get("n") != len(names):
        found.append(f"counted: {counted}")
    if home.items.query("OUTBOX", Range(limit=1)) or home.bus.dead_letters():
        found.append("events were left behind")
    with home.database.reading() as connection:
        for table, where in LEFTOVERS.items():
            rows = connection.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0]
            if rows:
                found.append(f"{rows} rows left in {table}")
        if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            found.append("the database is damaged")
    home.database.close()
    return found


LEFTOVERS = {
    "tasks": "1",
    "task_tokens": "1",
    "deliveries": "status != 'done'",
    "model_calls": "status != 'done'",
    "executions": "status = 'RUNNING'",
}
