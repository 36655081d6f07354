"""The `Workflows` port on Step Functions Standard; the definitions are deployed by infra/cdk."""

import json
from collections.abc import Mapping
from typing import Any

from volary.aws import faults
from volary.aws.clients import Client, Clients
from volary.errors import Absent

LONGEST_TOKEN = 2048
_UNKNOWN_TOKEN = {"TaskDoesNotExist": Absent, "TaskTimedOut": Absent, "InvalidToken": Absent}
# Name and cause are within their limits here, so the only thing left to object to is that the execution has ended.
_ENDED = {"ExecutionDoesNotExist": Absent, "ValidationException": Absent}


class StepFunctions:
    """`machines` maps a workflow's name to its state machine's ARN."""

    def __init__(self, clients: Clients, machines: Mapping[str, str]) -> None:
        self._clients = clients
        self._machines = machines

    @property
    def _client(self) -> Client:
        return self._clients["stepfunctions"]

    def start(self, workflow: str, name: str, state: Mapping[str, Any]) -> None:
        try:
            with faults.translated(f"starting {workflow}/{name}", {"ExecutionAlreadyExists": _Started}):
                self._client.start_execution(
                    stateMachineArn=self._machines[workflow], name=name, input=json.dumps(state)
                )
        except _Started:
            return

    def stop(self, workflow: str, name: str, cause: str) -> None:
        try:
            with faults.translated(f"stopping {workflow}/{name}", _ENDED):
                self._client.stop_execution(executionArn=self._execution(workflow, name), cause=cause[:32_768])
        except Absent:
            return

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        with faults.translated("answering a task", _UNKNOWN_TOKEN):
            self._client.send_task_success(taskToken=_possible(token), output=json.dumps(output))

    def fail(self, token: str, error: str, cause: str) -> None:
        with faults.translated("failing a task", _UNKNOWN_TOKEN):
            self._client.send_task_failure(taskToken=_possible(token), error=error[:256], cause=cause[:32_768])

    def heartbeat(self, token: str) -> None:
        with faults.translated("keeping a task alive", _UNKNOWN_TOKEN):
            self._client.send_task_heartbeat(taskToken=_possible(token))

    def _execution(self, workflow: str, name: str) -> str:
        return f"{self._machines[workflow].replace(':stateMachine:', ':execution:', 1)}:{name}"


def _possible(token: str) -> str:
    """The token, if Step Functions could have given it out; raises Absent."""
    if not 0 < len(token) <= LONGEST_TOKEN:
        raise Absent(f"nothing waits for a token of {len(token)} characters")
    return token


class _Started(Absent):
    """An execution of that name exists; never leaves this module."""
