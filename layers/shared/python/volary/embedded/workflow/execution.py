"""What one execution remembers between two steps, as values that go to and from JSON."""

import hashlib
import hmac
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Status = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
Phase = Literal["task", "wait", "retry", "join", "done"]
ROOT = "0"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Frame(_Value):
    """One place where an execution stands: the root, or a branch or item of a Parallel or Map that still runs.

    `raw` is the input of the state before its InputPath, and the output of a branch that is done. `serial` numbers
    the task that runs, across the whole execution, so that a late answer to an earlier one is told apart. Times are
    epoch seconds.
    """

    id: str
    parent: str | None = None
    scope: tuple[tuple[str, int], ...] = ()
    state: str
    raw: Any
    phase: Phase = "wait"
    entered_at: float
    serial: int | None = None
    token: str | None = None
    wake_at: float | None = None
    timeout_at: float | None = None
    heartbeat_at: float | None = None
    timeout_seconds: int | None = None
    heartbeat_seconds: int | None = None
    retries: tuple[int, ...] = ()
    item: dict[str, Any] | None = None
    items: tuple[Any, ...] | None = None
    output: Any = None

    def due_at(self) -> float | None:
        """When time alone moves this frame on."""
        return min((at for at in (self.wake_at, self.timeout_at, self.heartbeat_at) if at is not None), default=None)


class Execution(_Value):
    """One run of a machine. `secret` makes its task tokens unguessable; `serial` and `steps` only grow."""

    workflow: str
    name: str
    secret: str
    started_at: float
    input: Any
    status: Status = "RUNNING"
    timeout_at: float | None = None
    frames: dict[str, Frame] = {}
    serial: int = 0
    steps: int = 0
    output: Any = None
    error: str | None = None
    cause: str | None = None

    def due_at(self) -> float | None:
        """When `Tick` next changes something."""
        times = [frame.due_at() for frame in self.frames.values()] + [self.timeout_at]
        return min((at for at in times if at is not None), default=None)

    def token(self, serial: int) -> str:
        """The task token of one task: the execution's secret is needed to make it."""
        message = f"{self.workflow}/{self.name}/{serial}".encode()
        return hmac.new(self.secret.encode(), message, hashlib.sha256).hexdigest()

    def chance(self, serial: int) -> float:
        """A number in [0, 1) for jitter, the same whenever this step is taken again."""
        return int(hashlib.sha256(f"{self.secret}/{serial}/jitter".encode()).hexdigest()[:8], 16) / 2**32


class Started(_Value):
    """The first event of an execution."""


class TaskSucceeded(_Value):
    serial: int
    output: Any


class TaskFailed(_Value):
    serial: int
    error: str
    cause: str


class Heartbeat(_Value):
    serial: int


class TakenOver(_Value):
    """A new worker makes the calls again that its predecessor had in hand: their time starts anew."""


class Tick(_Value):
    """Time has passed; whatever is due by now happens."""


class Stopped(_Value):
    cause: str


Event = Started | TaskSucceeded | TaskFailed | Heartbeat | TakenOver | Tick | Stopped


class Invoke(_Value):
    """The one effect: call a function with a payload. With `waits`, its return value is not the task's answer."""

    serial: int
    function: str
    payload: Any
    waits: bool


class Advanced(_Value):
    """What a step comes to: the execution after it, calls to make, and lines for the history."""

    execution: Execution
    calls: tuple[Invoke, ...] = ()
    history: tuple[dict[str, Any], ...] = ()
