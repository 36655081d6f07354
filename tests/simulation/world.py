"""One home in memory with a virtual clock, people who act, model servers that may err, and a seeded scheduler.

The use cases, the stores, the runner of the deployed workflow file and the outbox are the real ones. Only the
model servers' answers are drawn, by the odds of a seed; one seed is one run, always the same.
"""

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from volary.accounts import Role, Viewer
from volary.embedded import Home, Options, open_home
from volary.embedded.calls import attempt
from volary.errors import Absent, Conflict, Forbidden, ModelFault, TooMany
from volary.generation import Ask
from volary.ports import Range, Services
from volary.stores.videos import Videos
from volary.videos import FILES, SourceClip, Video, work_folder

from events.bus import EVENT, ModelAnswered
from events.inference import (
    Embed,
    Generate,
    Generated,
    MarkReading,
    MediaFacts,
    MediaScreened,
    PromptScreened,
    ScreenMedia,
)
from events.moderation import Category, Signal
from events.workflow import GenerationState, WaitingTask
from functions.events.subscriptions import SUBSCRIPTIONS
from functions.review.decide import decide
from functions.videos.create import create
from functions.videos.delete import delete
from functions.videos.post import post
from tests.sdk.model_server import nowhere
from tests.simulation.faults import Chaos, Crash, Mortal

MODERATOR = Viewer(user_id="user_moderator", role=Role.MODERATOR)
PEOPLE = tuple(Viewer(user_id=f"user_{name}") for name in ("ada", "ben"))
# Webhooks have a schedule of their own and are left out; signing is real, so it gets real if tiny files.
SIMULATED = {event: tuple(h for h in handlers if "webhook" not in h) for event, handlers in SUBSCRIPTIONS.items()}


class VirtualClock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def pass_seconds(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class SeededIds:
    def __init__(self, source: random.Random) -> None:
        self._random = source

    def new(self, prefix: str) -> str:
        return f"{prefix}_{self._random.getrandbits(128):032x}"

    def record(self) -> str:
        return f"{self._random.getrandbits(64):016x}"

    def seed(self) -> int:
        return self._random.getrandbits(32)


@dataclass(frozen=True)
class Odds:
    """What the model servers do: how often words or clips are held or blocked, and calls fail or go silent."""

    hold: float = 0.1
    block: float = 0.1
    fault: float = 0.1
    silent: float = 0.05
    unmarked: float = 0.05
    twice: float = 0.2


@dataclass(frozen=True)
class Clip:
    """The bytes that the simulated generator writes."""

    files: dict[str, bytes]
    facts: MediaFacts


@dataclass
class World:
    seed: int
    clip: Clip
    odds: Odds = Odds()
    dice: random.Random = field(init=False)
    chaos: Chaos = field(init=False)
    clock: VirtualClock = field(init=False)
    home: Home = field(init=False)
    services: Services = field(init=False)
    late: list[ModelAnswered] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.chaos = Chaos(self.dice)
        self.clock = VirtualClock()
        options = Options(subscriptions=SIMULATED, clock=self.clock, ids=SeededIds(self.dice))
        self.home = open_home(":memory:", options)
        ports = self.home.services
        models = _Models(self)
        mortal = {n: Mortal(getattr(ports, n), self.chaos) for n in ("items", "blobs", "workflows")}
        self.services = replace(ports, models=Mortal(models, self.chaos), **mortal)
        self.videos = Videos(ports.items)

    def storm(self, steps: int) -> None:
        """Let `steps` things happen in a drawn order while processes die."""
        self.chaos.rate = 0.04
        for _ in range(steps):
            act = self.dice.choice((self.user, self.user, self.relay, self.deliver, self.task, self.task, self.model))
            act = self.dice.choice((act, act, self.answer, self.pass_time))
            self.mortal(act)
        self.chaos.rate = 0.0

    def settle(self) -> None:
        """After the storm: everything that can happen happens, until nothing is left."""
        self.recover()
        for _ in range(2_000):
            self.review(MODERATOR)
            moved = [act() for act in (self.relay, self.deliver, self.task, self.model, self.answer)]
            if not any(moved) and not self._jump():
                return
        raise AssertionError(f"seed {self.seed}: still moving after 2,000 rounds")

    def mortal(self, act: Any) -> None:
        try:
            act()
        except Crash:
            self.recover()

    def recover(self) -> None:
        """What a new worker does first."""
        self.home.workflows.recover()
        self.home.bus.release()
        self.home.models.calls.recover()

    def call(self, function: str, payload: Any) -> Any:
        """A function by its dotted name, as the embedded worker calls it."""
        use_case = getattr(import_module(function), function.rpartition(".")[2])
        if function.startswith("functions.events."):
            given: Any = EVENT.validate_python(payload)
        elif function.endswith(".answer"):
            given = ModelAnswered.model_validate(payload)
        else:
            given = (WaitingTask if "token" in payload else GenerationState).model_validate(payload)
        return use_case(given, self.services).model_dump(mode="json", by_alias=True)

    def relay(self) -> bool:
        return bool(self.home.bus.relay(self.home.items))

    def deliver(self) -> bool:
        claimed = self.home.bus.claim(limit=1)
        for delivery in claimed:
            outcome = attempt(self.call, delivery.handler, delivery.event)
            if self.chaos.rate and self.dice.random() < self.odds.twice:
                attempt(self.call, delivery.handler, delivery.event)
            self.home.bus.settle(delivery, outcome)
        return bool(claimed)

    def task(self) -> bool:
        claimed = self.home.workflows.claim(limit=1)
        for task in claimed:
            self.home.workflows.settle(task, attempt(self.call, task.function, task.payload))
        return bool(claimed)

    def model(self) -> bool:
        """The media server takes one call; it may answer twice, wrongly or never."""
        taken = self.home.models.calls.take()
        if taken is None:
            return False
        calm = self.chaos.rate == 0
        if not calm and self.dice.random() < self.odds.silent:
            return True
        answer = self._media_answer(taken.call_id, taken.request)
        self.home.models.calls.answered(answer)
        if self.dice.random() < self.odds.twice:
            self.late.append(answer)
        return True

    def answer(self) -> bool:
        if self.late and self.dice.random() < 0.5:
            attempt(self.call, "functions.generation.answer", self.late.pop().model_dump(mode="json"))
        taken = self.home.models.calls.take_answer()
        if taken is None:
            return False
        attempt(self.call, "functions.generation.answer", taken.answer.model_dump(mode="json"))
        self.home.models.calls.finish(taken.answer.call_id)
        return True

    def pass_time(self) -> bool:
        self.clock.pass_seconds(self.dice.choice((0.5, 5, 60, 200)))
        self.home.workflows.tick()
        return True

    def user(self) -> bool:
        person = self.dice.choice(PEOPLE)
        act = self.dice.choice((self.request, self.request, self.remix, self.remove, self.post_one, self.review))
        try:
            act(person if act != self.review else MODERATOR)
        except (Absent, Conflict, Forbidden, TooMany):
            return False
        return True

    def request(self, person: Viewer) -> None:
        ask = Ask(prompt="a red balloon", visibility=self.dice.choice(("private", "public")))
        create(ask, person, self.services)

    def remix(self, person: Viewer) -> None:
        parents = self.videos.public(Range(limit=5))
        if parents:
            source = SourceClip(use="remix", media="video", video_id=self.dice.choice(parents).id)
            create(Ask(prompt="at night", source=source, visibility="public"), person, self.services)

    def remove(self, person: Viewer) -> None:
        mine = self.videos.of_owner(person.user_id or "", Range(limit=10))
        if mine:
            delete(self.dice.choice(mine).id, person, self.services)

    def post_one(self, person: Viewer) -> None:
        mine = self.videos.of_owner(person.user_id or "", Range(limit=10))
        if mine:
            post(self.dice.choice(mine).id, person, self.services)

    def review(self, person: Viewer) -> None:
        for video in self.videos.held(Range(limit=5)):
            if video.gate == "hold":
                decide(video.id, self.dice.choice(("release", "reject")), "seen", person, self.services)

    def every_video(self) -> list[Video]:
        """All records, also tombstones, read past the indexes."""
        with self.home.database.reading() as connection:
            rows = connection.execute("SELECT pk FROM items WHERE sk = 'RECORD' AND pk LIKE 'VIDEO#%' ORDER BY pk")
            ids = [row["pk"].removeprefix("VIDEO#") for row in rows.fetchall()]
        return [self.videos.get(video_id) for video_id in ids]

    def _jump(self) -> bool:
        """Go to the next moment at which something is due; False when there is none."""
        parts = (self.home.workflows, self.home.bus, self.home.models.calls)
        dues = [due for part in parts if (due := part.next_due()) is not None]
        if not dues:
            return False
        ahead = min(dues) - self.clock.now().timestamp()
        self.clock.pass_seconds(max(ahead, 0.0) + 0.001)
        self.home.workflows.tick()
        return True

    def _media_answer(self, call_id: str, request: Any) -> ModelAnswered:
        if self.dice.random() < self.odds.fault:
            code = self.dice.choice(("model_fault", "invalid_media"))
            return ModelAnswered(call_id=call_id, error_code=code, error_message="drawn")
        if isinstance(request, Generate):
            return ModelAnswered(call_id=call_id, output=self._generated(call_id, request).model_dump(mode="json"))
        return ModelAnswered(call_id=call_id, output=self._screened(request).model_dump(mode="json"))

    def _generated(self, call_id: str, request: Generate) -> Generated:
        for name, content_type in FILES.values():
            key = f"{work_folder(request.job_id, call_id)}/{name}"
            self.home.blobs.put("work", key, self.clip.files[name], content_type)
        return Generated(media=self.clip.facts, model="volary-1@simulated", mark_algorithm="org.volary.mark.1")

    def _screened(self, request: ScreenMedia) -> MediaScreened:
        record = self.videos.get(request.job_id).record
        payload = None if self.dice.random() < self.odds.unmarked else record
        mark = MarkReading(payload=payload, p_value=0 if payload else 1, confidence=1 if payload else 0)
        signals = (*self.signals("frames"), *self.signals("writing"), *self.signals("sound"))
        return MediaScreened(media=self.clip.facts, mark=mark, signals=signals, frames_seen=4)

    def signals(self, stage: Any) -> tuple[Signal, ...]:
        """One signal for every category, all harmless but at most one."""
        drawn = self.dice.random()
        worst = 0.97 if drawn < self.odds.block else 0.6 if drawn < self.odds.block + self.odds.hold else 0.01
        scored = [(category, 0.0) for category in Category] + [(Category.VIOLENCE, worst)]
        return tuple(Signal(stage=stage, category=c, score=s, model="simulated") for c, s in scored)


class _Models:
    """The text server as the odds have it; calls to the media server go into the real queue."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ask(self, request: Any) -> dict[str, Any]:
        world = self._world
        if world.dice.random() < world.odds.fault:
            raise ModelFault("the text server did not answer", code="model_timeout")
        if isinstance(request, Embed):
            return nowhere(request).model_dump(mode="json")
        return PromptScreened(language="en", signals=world.signals("prompt")).model_dump(mode="json")

    def submit(self, request: Any, *, call_id: str, token: str) -> None:
        self._world.home.models.submit(request, call_id=call_id)
