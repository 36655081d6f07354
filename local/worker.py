"""The worker: relays the outbox, delivers events, runs workflow tasks, and makes the model calls of one home.

Only one works on a home at a time. It may be killed at any moment: the next one takes over where it stood.
"""

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from volary.embedded import Home
from volary.embedded.bus import Delivery
from volary.embedded.calls import Call, attempt
from volary.embedded.dispatch import Beat, beat_all, hand_over, make_call
from volary.embedded.rounds import take_over
from volary.embedded.workflow.runner import TaskCall

from local.handlers import beater, caller
from local.processes import home_of, options_of

THREADS = 8
POLL_SECONDS = 0.02
LONGEST_SLEEP = 1.0
BEAT_SECONDS = 15.0  # well within the shortest HeartbeatSeconds of generation.asl.json
PING_SECONDS = 0.5
# What the home's clock calls: dotted function, and every how many seconds.
SCHEDULE = {
    "functions.events.retry_webhooks": 5.0,
    "functions.events.sweep_loans": 15.0,
    "functions.events.sweep_files": 60.0,
    "functions.events.sequence_transparency": 5.0,
    "functions.events.enact_reviews": 2.0,
    "functions.events.rescreen": 30.0,
    "functions.events.index_feed": 60.0,
}
SWEEP_SECONDS = 3600.0


@dataclass
class Worker:
    """Runs until `stop` is set; `call` calls a function by name, `beat` keeps a waiting workflow patient.

    `schedule` says which functions to call every how many seconds.
    """

    home: Home
    call: Call
    beat: Beat
    schedule: Mapping[str, float] = field(default_factory=lambda: SCHEDULE)
    stop: threading.Event = field(default_factory=threading.Event)
    faults: list[BaseException] = field(default_factory=list)

    def run(self) -> None:
        """Raises whatever broke the worker itself; what a function raises is only that call's outcome."""
        self.home.workflows.load_all()
        take_over(self.home)
        changes = self.home.database.changes()
        pool = ThreadPoolExecutor(THREADS + 2)
        try:
            self._submit(pool, self._make_calls)
            self._submit(pool, self._beat)
            self._loop(pool, changes.any)
        finally:
            # A call that takes longer is made again by the next worker.
            pool.shutdown(wait=False, cancel_futures=True)
            changes.close()
        if self.faults:
            raise self.faults[0]

    def _submit(self, pool: ThreadPoolExecutor, act: Callable[[], object]) -> Future[object]:
        future = pool.submit(act)
        future.add_done_callback(self._look_at)
        return future

    def _look_at(self, future: Future[object]) -> None:
        # A step that could not be recorded must not be lost quietly: the next worker takes it over.
        if not future.cancelled() and (fault := future.exception()) is not None:
            self.faults.append(fault)
            self.stop.set()

    def _loop(self, pool: ThreadPoolExecutor, changed: Callable[[], bool]) -> None:
        timers = [_Timer(partial(attempt, self.call, name, {}), seconds) for name, seconds in self.schedule.items()]
        timers.append(_Timer(self._sweep, SWEEP_SECONDS))
        woken_at = 0.0
        while not self.stop.is_set():
            if changed() or time.monotonic() >= woken_at:
                self._round(pool)
                woken_at = time.monotonic() + self._seconds_to_next()
            for timer in timers:
                if timer.is_due():
                    timer.started(self._submit(pool, timer.act))
            self.stop.wait(POLL_SECONDS)

    def _round(self, pool: ThreadPoolExecutor) -> None:
        self.home.bus.relay(self.home.items)
        self.home.workflows.tick()
        for delivery in self.home.bus.claim(THREADS):
            self._submit(pool, partial(self._deliver, delivery))
        for task in self.home.workflows.claim(THREADS):
            self._submit(pool, partial(self._run_task, task))
        while hand_over(self.home.models.calls, self.call):
            pass

    def _deliver(self, delivery: Delivery) -> None:
        self.home.bus.settle(delivery, attempt(self.call, delivery.handler, delivery.event))

    def _run_task(self, task: TaskCall) -> None:
        self.home.workflows.settle(task, attempt(self.call, task.function, task.payload))

    def _seconds_to_next(self) -> float:
        parts = (self.home.bus, self.home.workflows, self.home.models.calls)
        times = [at for at in (part.next_due() for part in parts) if at is not None]
        now = self.home.clock.now().timestamp()
        return max(0.0, min([at - now for at in times] + [LONGEST_SLEEP]))

    def _sweep(self) -> None:
        for part in (self.home.items, self.home.blobs, self.home.bus, self.home.workflows, self.home.models.calls):
            part.sweep()
        self.home.database.checkpoint()

    def _make_calls(self) -> None:
        calls, server = self.home.models.calls, self.home.media_model
        while not self.stop.is_set():
            if not server.is_alive() or not make_call(calls, server, self.beat):
                self.stop.wait(PING_SECONDS)

    def _beat(self) -> None:
        while not self.stop.wait(BEAT_SECONDS):
            beat_all(self.home.models.calls, self.home.media_model, self.beat)


@dataclass
class _Timer:
    """Something to do every so many seconds, never twice at once."""

    act: Callable[[], object]
    seconds: float
    due_at: float = 0.0
    running: Future[object] | None = None

    def is_due(self) -> bool:
        return time.monotonic() >= self.due_at and (self.running is None or self.running.done())

    def started(self, future: Future[object]) -> None:
        self.running = future
        self.due_at = time.monotonic() + self.seconds


def main() -> None:
    args = options_of(__doc__)
    home = home_of(args)
    with (home.folder / "worker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits for a worker that is just being killed
        worker = Worker(home, caller(home.services), beater(home.services))
        signal.signal(signal.SIGTERM, lambda *_: worker.stop.set())
        worker.run()
        os._exit(0)  # a model call may still be waiting in its thread; the next worker makes it again


if __name__ == "__main__":
    main()
