"""The interpreter: `advance(machine, execution, event, now)` is pure, and all that happens comes back as a value.

It follows the Amazon States Language with JSONPath. Where AWS is silent or undocumented: a branch's error is its
Parallel's or Map's error under the same name; `States.Timeout` also matches a missed heartbeat; `States.ALL` does
not match `States.Runtime` and `States.DataLimitExceeded`, which end the execution.
"""

from collections import deque
from typing import Any

from volary.embedded.workflow import definition, retry, templates
from volary.embedded.workflow.dataflow import Flow, check_size, map_item
from volary.embedded.workflow.definition import Machine, State
from volary.embedded.workflow.execution import (
    ROOT,
    Advanced,
    Event,
    Execution,
    Frame,
    Heartbeat,
    Invoke,
    Started,
    Status,
    Stopped,
    TakenOver,
    TaskFailed,
    TaskSucceeded,
    Tick,
)
from volary.embedded.workflow.faults import StateFailed

MAX_STEPS = 25_000  # Step Functions ends an execution whose history grows beyond this


def advance(machine: Machine, execution: Execution, event: Event, now: float) -> Advanced:
    """What `event` at `now` (epoch seconds) makes of the execution. An event for what is over changes nothing."""
    if execution.status != "RUNNING":
        return Advanced(execution=execution)
    step = _Step(machine, execution, now)
    step.take(event)
    return step.result()


class _Step:
    """The working memory of one `advance`; it is thrown away with it."""

    def __init__(self, machine: Machine, execution: Execution, now: float) -> None:
        self._machine = machine
        self._execution = execution
        self._now = now
        self._frames = dict(execution.frames)
        self._calls: list[Invoke] = []
        self._history: list[dict[str, Any]] = []
        self._entering: deque[Frame] = deque()

    def result(self) -> Advanced:
        execution = self._execution.model_copy(update={"frames": self._frames})
        running = {frame.serial for frame in self._frames.values()}
        calls = tuple(call for call in self._calls if call.serial in running)
        return Advanced(execution=execution, calls=calls, history=tuple(self._history))

    def take(self, event: Event) -> None:
        match event:
            case Started():
                self._start()
            case TaskSucceeded() | TaskFailed() | Heartbeat():
                for frame in self._running():
                    if frame.serial == event.serial:
                        self._hear(frame, event)
            case TakenOver():
                for frame in self._running():
                    self._start_anew(frame)
            case Tick():
                self._tick()
            case Stopped(cause=cause):
                self._end("ABORTED", cause=cause)
        self._settle()

    def _running(self) -> list[Frame]:
        return [frame for frame in self._frames.values() if frame.phase == "task"]

    def _hear(self, frame: Frame, event: TaskSucceeded | TaskFailed | Heartbeat) -> None:
        match event:
            case TaskSucceeded(output=output):
                self._task_succeeded(frame, output)
            case TaskFailed(error=error, cause=cause):
                self._state_failed(frame, error, cause)
            case Heartbeat():
                self._beat(frame)

    def _start(self) -> None:
        top = self._machine.definition
        self._note("ExecutionStarted", input=self._execution.input)
        if "TimeoutSeconds" in top:
            self._execution = self._execution.model_copy(update={"timeout_at": self._now + top["TimeoutSeconds"]})
        self._enter(Frame(id=ROOT, state=top["StartAt"], raw=self._execution.input, entered_at=self._now))

    def _beat(self, frame: Frame) -> None:
        if frame.heartbeat_seconds is not None:
            self._keep(frame, heartbeat_at=self._now + frame.heartbeat_seconds)

    def _start_anew(self, frame: Frame) -> None:
        """The time limit of a task that waits for an answer goes on: its call may long have been made."""
        self._beat(frame)
        if frame.token is None and frame.timeout_seconds is not None:
            self._keep(self._frames[frame.id], timeout_at=self._now + frame.timeout_seconds)

    def _tick(self) -> None:
        timeout_at = self._execution.timeout_at
        if timeout_at is not None and timeout_at <= self._now:
            self._end("TIMED_OUT", "States.Timeout", "the execution took longer than its TimeoutSeconds")
            return
        due = [frame for frame in self._frames.values() if (at := frame.due_at()) is not None and at <= self._now]
        for frame in sorted(due, key=lambda each: (each.due_at(), each.id)):
            if self._frames.get(frame.id) == frame:  # an earlier one may have ended it
                self._wake(frame)

    def _wake(self, frame: Frame) -> None:
        if frame.phase == "wait":
            self._enter(self._next(frame, frame.output))
        elif frame.phase == "retry":
            self._run(frame)
        elif frame.timeout_at is not None and frame.timeout_at <= self._now:
            self._state_failed(frame, "States.Timeout", f"{frame.state} took longer than its TimeoutSeconds")
        else:
            silence = f"{frame.state} sent no heartbeat for {frame.heartbeat_seconds} s"
            self._state_failed(frame, "States.HeartbeatTimeout", silence)

    # Entering and leaving states. Entering only queues, so that no machine, however deep, fills the stack.

    def _enter(self, frame: Frame | None) -> None:
        if frame is not None:
            self._frames[frame.id] = frame
            self._entering.append(frame)

    def _settle(self) -> None:
        """Run on through every state that needs no waiting."""
        while self._entering and self._execution.status == "RUNNING":
            frame = self._entering.popleft()
            if self._frames.get(frame.id) is not frame:
                continue  # a sibling failed the state around it meanwhile
            self._execution = self._execution.model_copy(update={"steps": self._execution.steps + 1})
            if self._execution.steps > MAX_STEPS:
                self._end("FAILED", "States.Runtime", f"the execution took more than {MAX_STEPS} steps")
                return
            self._note("StateEntered", frame, input=frame.raw)
            self._enter(self._pass_through(frame))

    def _pass_through(self, frame: Frame) -> Frame | None:
        """Run the state; returns the frame in the next state where that can be entered at once."""
        state, flow = self._state(frame), self._flow(frame)
        try:
            match state["Type"]:
                case "Pass":
                    return self._next(frame, flow.passed())
                case "Choice":
                    return self._moved(frame, flow.chosen(), flow.output(flow.input()))
                case "Succeed":
                    self._complete(frame, flow.output(flow.input()))
                case "Fail":
                    self._die(frame, *flow.failure())
                case "Wait":
                    wake_at, output = flow.wake_at(self._now), flow.output(flow.input())
                    self._keep(frame, phase="wait", wake_at=wake_at, output=output)
                case _:
                    self._run(frame)
        except StateFailed as problem:
            self._state_failed(frame, problem.error, problem.cause)
        return None

    def _next(self, frame: Frame, output: Any) -> Frame | None:
        """The frame at the next state, or None when this was the last one."""
        check_size(output)
        target = self._state(frame).get("Next")
        if target is None:
            self._complete(frame, output)
            return None
        return self._moved(frame, target, output)

    def _moved(self, frame: Frame, target: str, raw: Any) -> Frame:
        self._note("StateExited", frame, output=raw)
        return Frame(
            id=frame.id,
            parent=frame.parent,
            scope=frame.scope,
            item=frame.item,
            state=target,
            raw=raw,
            entered_at=self._now,
        )

    # States that wait for others: tasks, branches and items.

    def _run(self, frame: Frame) -> None:
        state = self._state(frame)
        try:
            match state["Type"]:
                case "Task":
                    self._schedule(frame, state)
                case "Parallel":
                    given = self._flow(frame).parameters()
                    self._fan_out(frame, (given,) * len(definition.branches(state)))
                case _:
                    self._fan_out(frame, self._flow(frame).items())
        except StateFailed as problem:
            self._state_failed(frame, problem.error, problem.cause)

    def _schedule(self, frame: Frame, state: State) -> None:
        serial = self._execution.serial + 1
        self._execution = self._execution.model_copy(update={"serial": serial})
        waits = state["Resource"] == definition.WAIT_FOR_TOKEN
        frame = frame.model_copy(update={"token": self._execution.token(serial) if waits else None})
        flow = self._flow(frame)
        given, timeout, heartbeat = flow.parameters(), flow.limit("TimeoutSeconds"), flow.limit("HeartbeatSeconds")
        payload = given.get("Payload", {}) if state["Resource"].startswith(definition.INVOKE) else given
        self._keep(
            frame,
            phase="task",
            serial=serial,
            wake_at=None,
            timeout_at=None if timeout is None else self._now + timeout,
            heartbeat_at=None if heartbeat is None else self._now + heartbeat,
            timeout_seconds=timeout,
            heartbeat_seconds=heartbeat,
        )
        function = definition.function_of(state)
        self._note("TaskScheduled", frame, function=function, serial=serial)
        self._calls.append(Invoke(serial=serial, function=function, payload=payload, waits=waits))

    def _task_succeeded(self, frame: Frame, output: Any) -> None:
        self._note("TaskSucceeded", frame, serial=frame.serial)
        wrapped = self._state(frame)["Resource"] == definition.INVOKE
        self._state_succeeded(frame, {"Payload": output, "StatusCode": 200} if wrapped else output)

    def _fan_out(self, frame: Frame, inputs: tuple[Any, ...]) -> None:
        kept = self._keep(frame, phase="join", wake_at=None, items=inputs)
        if not inputs:
            self._state_succeeded(kept, [])
        for number in range(min(self._concurrency(kept), len(inputs))):
            self._branch(kept, number)

    def _concurrency(self, frame: Frame) -> int:
        return int(self._state(frame).get("MaxConcurrency") or len(frame.items or ()))

    def _branch(self, frame: Frame, number: int) -> None:
        raw = (frame.items or ())[number]
        state = self._state(frame)
        self._enter(
            Frame(
                id=f"{frame.id}.{number}",
                parent=frame.id,
                scope=(*frame.scope, (frame.state, number)),
                state=definition.branches(state)[number]["StartAt"],
                raw=raw,
                entered_at=self._now,
                item=map_item(number, raw) if state["Type"] == "Map" else frame.item,
            )
        )

    def _complete(self, frame: Frame, output: Any) -> None:
        """A branch, or the whole execution, has come to its end."""
        check_size(output)
        ended = self._moved(frame, frame.state, output)
        if frame.parent is None:
            self._end("SUCCEEDED", output=output)
            return
        self._keep(ended, phase="done")
        parent = self._frames[frame.parent]
        known = [self._frames.get(f"{parent.id}.{number}") for number in range(len(parent.items or ()))]
        running = sum(child is not None and child.phase != "done" for child in known)
        if None in known:
            if running < self._concurrency(parent):
                self._branch(parent, known.index(None))
        elif not running:
            self._state_succeeded(parent, [child.raw for child in known if child is not None])

    def _state_succeeded(self, frame: Frame, result: Any) -> None:
        self._prune(frame)
        try:
            following = self._next(frame, self._flow(frame).output_with(result))
        except StateFailed as problem:
            self._state_failed(frame, problem.error, problem.cause)
        else:
            self._enter(following)

    # Failing: Retry, then Catch, then the state around it, then the execution.

    def _state_failed(self, frame: Frame, error: str, cause: str) -> None:
        self._note("StateFailed", frame, error=error, cause=cause)
        self._prune(frame)
        state = self._state(frame)
        if not self._is_retried(frame, state, error):
            self._catch(frame, state, error, cause)

    def _is_retried(self, frame: Frame, state: State, error: str) -> bool:
        retriers = state.get("Retry", [])
        counts = list(frame.retries) or [0] * len(retriers)
        number = next((n for n, each in enumerate(retriers) if retry.matches(each["ErrorEquals"], error)), None)
        if number is None or counts[number] >= retriers[number].get("MaxAttempts", 3):
            return False
        execution = self._execution
        delay = retry.delay(retriers[number], counts[number], execution.chance(execution.serial))
        counts[number] += 1
        self._keep(
            frame,
            phase="retry",
            wake_at=self._now + delay,
            retries=tuple(counts),
            serial=None,
            token=None,
            timeout_at=None,
            heartbeat_at=None,
            items=None,
        )
        self._note("RetryScheduled", frame, seconds=delay, number=sum(counts))
        return True

    def _catch(self, frame: Frame, state: State, error: str, cause: str) -> None:
        catcher = next((each for each in state.get("Catch", ()) if retry.matches(each["ErrorEquals"], error)), None)
        if catcher is None:
            self._die(frame, error, cause)
            return
        try:
            output = templates.place(catcher.get("ResultPath", "$"), frame.raw, {"Error": error, "Cause": cause})
            check_size(output)
        except StateFailed as problem:
            self._die(frame, problem.error, problem.cause)
        else:
            self._enter(self._moved(frame, catcher["Next"], output))

    def _die(self, frame: Frame, error: str, cause: str) -> None:
        if frame.parent is None:
            self._end("FAILED", error, cause)
        else:
            self._state_failed(self._frames[frame.parent], error, cause)

    def _end(self, status: Status, error: str | None = None, cause: str | None = None, output: Any = None) -> None:
        self._frames.clear()
        ended = {"status": status, "error": error, "cause": cause, "output": output, "timeout_at": None}
        self._execution = self._execution.model_copy(update=ended)
        self._note(f"Execution{status.title().replace('_', '')}", error=error, cause=cause, output=output)

    # Small things that several of the above need.

    def _state(self, frame: Frame) -> State:
        return self._machine.states(frame.scope)[frame.state]

    def _flow(self, frame: Frame) -> Flow:
        return Flow(self._execution, frame, self._state(frame))

    def _keep(self, frame: Frame, **changes: Any) -> Frame:
        kept = frame.model_copy(update=changes)
        self._frames[frame.id] = kept
        return kept

    def _prune(self, frame: Frame) -> None:
        """Forget every branch below a frame."""
        for below in [each for each in self._frames if each.startswith(f"{frame.id}.")]:
            del self._frames[below]

    def _note(self, kind: str, frame: Frame | None = None, **facts: Any) -> None:
        where = {} if frame is None else {"state": frame.state, "frame": frame.id}
        self._history.append(
            {"type": kind, **where, **{name: fact for name, fact in facts.items() if fact is not None}}
        )
