"""The functions that CDK deploys are the functions that the code has, with the settings that the code reads."""

import ast
import importlib
import json
import re
from pathlib import Path

import pytest
from volary.settings import Settings

from functions.events.subscriptions import SUBSCRIPTIONS
from infra.cdk.functions import ANSWERS, EVERY_MINUTE, FUNCTIONS, LISTENERS, RELAY, STEPS
from infra.cdk.stacks.workflow import DEFINITION

pytestmark = pytest.mark.infra

ROOT = Path(__file__).parents[2]
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
# Handlers that the cloud home reaches another way.
NOT_DEPLOYED = {"generation.answer": "the endpoint's answers come by SNS to models.answered, which calls it"}


def handlers_in_the_tree() -> set[str]:
    """Modules under functions/ that assign `lambda_handler`, as the table names them."""
    return {
        ".".join(path.relative_to(ROOT / "functions").with_suffix("").parts)
        for path in (ROOT / "functions").rglob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "lambda_handler" for target in node.targets)
        or isinstance(node, ast.FunctionDef)
        and node.name == "lambda_handler"
    }


def deployed(cloud):
    """Properties of every function that runs our handlers; the text models come as an image."""
    found = [each["Properties"] for each in cloud.resources("AWS::Lambda::Function").values()]
    return [each for each in found if each.get("PackageType") != "Image"]


def test_table_lists_every_handler_of_the_tree():
    assert {each.name for each in FUNCTIONS} == handlers_in_the_tree() - set(NOT_DEPLOYED)


@pytest.mark.parametrize("name", sorted(each.name for each in FUNCTIONS))
def test_handler_imports_and_is_callable(name):
    assert callable(importlib.import_module(f"functions.{name}").lambda_handler)


def test_template_deploys_the_table(prod):
    assert sorted(each["Handler"] for each in deployed(prod)) == sorted(each.handler for each in FUNCTIONS)
    assert {(each["Runtime"], *each["Architectures"]) for each in deployed(prod)} == {("python3.13", "arm64")}


def test_every_environment_covers_the_settings(prod):
    for properties in deployed(prod):
        assert set(properties["Environment"]["Variables"]) == set(Settings.model_fields), properties["Handler"]


def test_every_function_has_its_own_role(prod):
    roles = [json.dumps(each["Role"]) for each in deployed(prod)]

    assert len(set(roles)) == len(roles) == len(FUNCTIONS)


def test_every_role_stays_under_the_boundary(prod):
    ceilings = {
        name: json.dumps(each["Properties"].get("PermissionsBoundary", ""))
        for name, each in prod.resources("AWS::IAM::Role").items()
    }

    assert [name for name, ceiling in ceilings.items() if "policy/volary-prod-boundary" not in ceiling] == []


def test_every_placeholder_has_a_substitution_and_a_grant(prod):
    asked = set(PLACEHOLDER.findall(DEFINITION.read_text()))
    machine = prod.only("AWS::StepFunctions::StateMachine")["Properties"]
    role = machine["RoleArn"]["Fn::GetAtt"][0]
    may_call = [
        json.dumps(resource)
        for policy in prod.resources("AWS::IAM::Policy", "Workflow").values()
        if policy["Properties"]["Roles"] == [{"Ref": role}]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "lambda:InvokeFunction"
        for resource in statement["Resource"]
    ]

    assert asked == set(machine["DefinitionSubstitutions"]) == {each.thing for each in STEPS}
    assert sorted(json.dumps(each) for each in machine["DefinitionSubstitutions"].values()) == sorted(may_call)


def test_definition_is_deployed_as_it_is_written(prod):
    machine = prod.only("AWS::StepFunctions::StateMachine")["Properties"]

    assert json.loads(machine["DefinitionString"]) == json.loads(DEFINITION.read_text())


def test_rules_carry_each_event_to_those_who_subscribed(prod):
    functions = {logical.split("/")[1]: each["Properties"]["Handler"]
                 for logical, each in prod.resources("AWS::Lambda::Function", "Workflow").items()}  # fmt: skip
    heard: dict[str, set[str]] = {}
    for rule in prod.resources("AWS::Events::Rule").values():
        (target,) = rule["Properties"]["Targets"]
        handler = functions[target["Arn"]["Fn::GetAtt"][0]].removesuffix(".lambda_handler")
        for kind in rule["Properties"].get("EventPattern", {}).get("detail-type", []):
            heard.setdefault(kind, set()).add(handler)
            assert target["InputPath"] == "$.detail"

    assert heard == {kind: set(names) for kind, names in SUBSCRIPTIONS.items() if names}


def test_no_failure_of_an_unwatched_call_is_lost(prod):
    kept = {
        json.dumps(each["Properties"]["FunctionName"])
        for each in prod.resources("AWS::Lambda::EventInvokeConfig").values()
    }
    letters = [
        rule["Properties"]["Targets"][0]["DeadLetterConfig"] for rule in prod.resources("AWS::Events::Rule").values()
    ]
    mapping = prod.only("AWS::Lambda::EventSourceMapping")["Properties"]

    assert len(kept) == len((*LISTENERS, *EVERY_MINUTE, *ANSWERS))
    assert len(letters) == len((*LISTENERS, *EVERY_MINUTE))
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_relay_wakes_for_what_the_stores_put_into_the_outbox(prod):
    relay = importlib.import_module(f"functions.{RELAY[0].name}")
    mapping = prod.only("AWS::Lambda::EventSourceMapping")["Properties"]
    (pattern,) = mapping["FilterCriteria"]["Filters"]

    assert json.loads(pattern["Pattern"])["dynamodb"]["Keys"]["pk"]["S"] == [relay.OUTBOX]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
