"""`volary bench pipeline`: from request to published clip, split by stage, and what we add to the models' own time.

One clip after the other on a home of its own, so nothing waits in a queue. The models' time is what their servers
log for each request; everything else (transactions, workflow, hand-overs, signing, publishing) is the overhead.
"""

import json
import statistics
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from volary.accounts import viewer_of
from volary.embedded import Home
from volary.generation import Ask
from volary.stores.accounts import Accounts
from volary.videos import Video

from functions.videos.create import create
from local.commands.generate import watched
from local.people import DEMO
from local.running import running_home

PROMPTS = (
    "a red balloon drifts over the sea at sunset",
    "a white cat walks through a meadow in the rain",
    "une fusée bleue s'envole dans l'espace",
    "a green ball bounces in a room",
    "un oiseau jaune vole au-dessus de la forêt la nuit",
)
GOAL = 1.15


def bench() -> Iterator[dict[str, Any]]:
    """One line per stage with its median, then the whole with its ratio to the models' own time."""
    with TemporaryDirectory(prefix="bench-pipeline-") as name, running_home(Path(name)) as home:
        _make(home, "a warm-up ball")
        before = _logged(home)
        clips = [_make(home, prompt) for prompt in PROMPTS]
        spans = [_spans(home, clip) for clip in clips]
        models = _logged(home) - before
        for stage in spans[0]:
            seconds = [span[stage] for span in spans]
            yield {"bench": "pipeline", "stage": stage, "seconds": _spread(seconds), "n": len(seconds)}
        whole = sum(span["whole"] for span in spans)
        yield {
            "bench": "pipeline",
            "figure": "whole over the models' own time",
            "seconds": round(whole, 2),
            "peer": "models",
            "peer_seconds": round(models, 2),
            "ratio": round(whole / models, 3),
            "goal": GOAL,
        }


def _make(home: Home, prompt: str) -> Video:
    viewer = viewer_of(Accounts(home.items).by_handle(next(iter(DEMO))), home.services.clock.now().date())
    return watched(create(Ask(prompt=prompt), viewer, home.services), home.services)


def _spans(home: Home, video: Video) -> dict[str, float]:
    """Seconds in every task state, before the first ("start"), between them ("steps"), and in all ("whole")."""
    history = home.workflows.history("generation", video.id)
    spans: dict[str, float] = defaultdict(float)
    entered: dict[str, float] = {}
    for line in history:
        if line["type"] == "StateEntered":
            entered[line["state"]] = line["at"]
        elif line["type"] == "TaskSucceeded":
            spans[line["state"]] += line["at"] - entered[line["state"]]
    accepted = _accepted_at(home, video)
    tasks = sum(spans.values())
    whole = history[-1]["at"] - accepted
    return {"start": history[0]["at"] - accepted, **spans, "steps": whole - tasks, "whole": whole}


def _accepted_at(home: Home, video: Video) -> float:
    """When the job was accepted: the record keeps whole seconds, its first event the moment."""
    with home.database.reading() as connection:
        row = connection.execute(
            "SELECT event FROM deliveries WHERE event_id = ?", (f"{video.id}.requested",)
        ).fetchone()
    return datetime.fromisoformat(json.loads(row["event"])["at"]).timestamp()


def _logged(home: Home) -> float:
    """Seconds that the two model servers say they worked so far, loading left out."""
    total = 0.0
    for role in ("text-model", "media-model"):
        for line in (home.folder / "logs" / f"{role}.log").read_text().splitlines():
            said = _json(line)
            total += said.get("seconds", 0.0) if said.get("task") != "load" else 0.0
    return total


def _json(line: str) -> dict[str, Any]:
    start = line.find("{")
    try:
        found = json.loads(line[start:]) if start >= 0 else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _spread(seconds: list[float]) -> dict[str, float]:
    return {
        "min": round(min(seconds), 3),
        "median": round(statistics.median(seconds), 3),
        "max": round(max(seconds), 3),
    }
