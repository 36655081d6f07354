"""Runs every case on a second interpreter of the States Language, moto's, and writes down what each one came to.

    python -m venv /tmp/second && /tmp/second/bin/pip install 'moto[stepfunctions]==5.2.5'
    /tmp/second/bin/python -m tests.workflow.second > tests/workflow/answers.json

moto is no part of the project: it pins packages that we do not need. Its answers are, as data.
"""

import json
import sys
import time
from typing import Any

from tests.workflow.cases import Case, all_cases

PATIENCE_SECONDS = 20.0


def answer(client: Any, case: Case, number: int) -> dict[str, Any]:
    machine = client.create_state_machine(
        name=f"case-{number}", definition=json.dumps(case.machine), roleArn="arn:aws:iam::123456789012:role/any"
    )
    started = client.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(case.input))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := client.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
        if time.monotonic() > deadline:
            return {"status": "STUCK", "error": "", "cause": ""}
        time.sleep(0.02)
    facts = {"status": found["status"], "error": found.get("error", ""), "cause": found.get("cause", "")}
    return {**facts, "output": _read(found["output"])} if found["status"] == "SUCCEEDED" else facts


def _read(output: str) -> Any:
    """moto writes a text that is a whole output without its quotes."""
    try:
        return json.loads(output)
    except ValueError:
        return output


def main() -> None:
    import boto3
    import moto

    answers = {"interpreter": f"moto {moto.__version__}", "cases": {}}
    with moto.mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        client = boto3.client("stepfunctions", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        for number, case in enumerate(all_cases()):
            answers["cases"][case.name] = answer(client, case, number)
    json.dump(answers, sys.stdout, indent=1, sort_keys=True)


if __name__ == "__main__":
    main()
