"""Other people's linters have nothing new to say about the templates and the workflow."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.cdk.acknowledged import TEMPLATE_RULES, acknowledged
from infra.cdk.environments import PROD
from infra.cdk.stacks.workflow import DEFINITION

pytestmark = pytest.mark.infra

BIN = Path(sys.executable).parent


def test_nag_finds_what_is_acknowledged_and_nothing_else(prod):
    """Both ways: a new finding fails, and so does an acknowledgement that nothing needs any more."""
    reasons = {(each.stack, each.rule): each.reason for each in acknowledged(PROD)}

    assert prod.findings == set(reasons)
    assert len(reasons) == 32
    assert min(len(reason) for reason in reasons.values()) > 20


def test_acknowledged_environments_have_no_finding(dev, staging):
    assert dev.findings == staging.findings == set()


@pytest.mark.parametrize("stage", ["prod", "dev"])
def test_cfn_lint_is_clean(stage, request):
    templates = sorted(map(str, request.getfixturevalue(stage).folder.glob("*.template.json")))
    ignored = [argument for rule in TEMPLATE_RULES for argument in ("--ignore-checks", rule)]
    command = [str(BIN / "cfn-lint"), "--format", "json", "--regions", "us-east-1", *ignored, "--template", *templates]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)

    assert [(each["Rule"]["Id"], each["Message"]) for each in json.loads(ran.stdout or "[]")] == []
    assert ran.returncode == 0, ran.stderr


def test_statelint_is_clean(tmp_path):
    """The linter wants no placeholders, so each becomes an ARN of the kind that it will be."""
    text = (
        DEFINITION.read_text()
        .replace("${", "arn:aws:lambda:us-east-1:000000000000:function:volary-")
        .replace('}"', '"')
    )
    path = tmp_path / "generation.json"
    path.write_text(text)
    ran = subprocess.run([str(BIN / "statelint"), str(path)], capture_output=True, text=True, check=False, timeout=60)

    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def test_catch_all_stands_alone_and_last():
    """AWS refuses `States.ALL` beside other names or before another clause; both linters let it pass."""
    for name, state in json.loads(DEFINITION.read_text())["States"].items():
        for clauses in (state.get("Retry", []), state.get("Catch", [])):
            errors = [clause["ErrorEquals"] for clause in clauses]
            assert all(each == ["States.ALL"] for each in errors if "States.ALL" in each), name
            assert not any("States.ALL" in each for each in errors[:-1]), name
