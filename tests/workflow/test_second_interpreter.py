"""Our interpreter against a second one, case by case; where they differ, the States Language says who is right."""

import json
from pathlib import Path

import pytest
from volary.embedded.workflow.definition import load
from volary.embedded.workflow.execution import Execution, Started, Tick
from volary.embedded.workflow.machine import advance

from tests.workflow.cases import all_cases
from tests.workflow.verdicts import OURS

ANSWERS = json.loads((Path(__file__).parent / "answers.json").read_text())["cases"]
CASES = {case.name: case for case in all_cases()}


def ours(case):
    """What a case comes to here, with time passing at once."""
    machine = load("case", json.dumps(case.machine))
    execution = Execution(workflow="case", name="one", secret="secret", started_at=0.0, input=case.input)
    execution = advance(machine, execution, Started(), 0.0).execution
    while execution.status == "RUNNING":
        execution = advance(machine, execution, Tick(), execution.due_at()).execution
    found = {"status": execution.status, "error": execution.error or "", "cause": execution.cause or ""}
    return {**found, "output": execution.output} if execution.status == "SUCCEEDED" else found


def comparable(found):
    """Causes are compared where a machine wrote them itself; what an interpreter says in its own words is its own."""
    if found["error"].startswith("States."):
        return {name: fact for name, fact in found.items() if name != "cause"}
    return found


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_the_second_interpreter(name):
    expected = OURS[name].expected if name in OURS else ANSWERS[name]

    assert comparable(ours(CASES[name])) == comparable(expected)


def test_every_case_was_run_by_the_second_interpreter():
    assert sorted(ANSWERS) == sorted(CASES)


def test_every_verdict_is_still_needed():
    """Where the second interpreter comes to agree, its verdict has to go."""
    needless = [name for name, verdict in OURS.items() if comparable(ANSWERS[name]) == comparable(verdict.expected)]

    assert needless == []
