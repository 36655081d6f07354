"""What each role may do: nothing beyond what its code calls, and no wildcard without a name on this list."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from infra.cdk.functions import FUNCTIONS, KEEPING, Deployed
from tests.test_architecture import module, product_files, tree

pytestmark = pytest.mark.infra

ROOT = Path(__file__).parents[2]
# Actions that AWS gives no resource to name.
UNBOUND = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
    "ecr:GetAuthorizationToken",
    "cloudwatch:PutMetricData",
    "states:SendTaskSuccess",
    "states:SendTaskFailure",
    "states:SendTaskHeartbeat",
}
STARRED = re.compile(
    r"/\*$"  # the objects of one bucket
    r"|:stateMachine:|:execution:volary-prod-generation:\*$"
    r"|:log-group:/aws/sagemaker/Endpoints/volary-prod-media-models:\*$"
    r"|:log-group:/aws/sagemaker/TrainingJobs:\*$"
)
PORT = re.compile(r"services\.(blobs|edge|models|vectors|workflows|keys|keyring|bus)\.(\w+)\(\s*\"?(\w*)")
VERBS = {"get": "read", "download": "read", "facts": "read", "get_link": "read", "put": "write", "upload": "write",
         "put_link": "write", "post_form": "write", "delete": "delete"}  # fmt: skip
# What a pattern over the text cannot see: (port, method) → needs.
OTHERS = {
    ("models", "ask"): "models.ask",
    ("models", "submit"): "models.submit",
    ("vectors", "near"): "vectors.read",
    ("vectors", "known"): "vectors.read",
    ("vectors", "put"): "vectors.write",
    ("vectors", "remove"): "vectors.write",
    ("workflows", "start"): "workflows.start",
    ("workflows", "stop"): "workflows.stop",
    ("workflows", "succeed"): "workflows.answer",
    ("workflows", "fail"): "workflows.answer",
    ("keys", "sign_digest"): "keys.sign",
    ("keys", "public_key"): "keys.public",
    ("keys", "wrap"): "keys.envelope",
    ("keys", "unwrap"): "keys.envelope",
    ("edge", "link"): "edge.link",
    ("edge", "bar"): "edge.bar",
    ("bus", "publish"): "bus.publish",
    ("keyring", "wrap"): "biometrics.wrap",
    ("keyring", "unwrap"): "biometrics.open",
    ("keyring", "get"): "keyring.read",
    ("keyring", "add"): "keyring.write",
    ("keyring", "replace"): "keyring.write",
    ("keyring", "destroy"): "keyring.erase",
}
BUCKETS = {"uploads", "work", "videos", "likenesses"}


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def granted(cloud) -> Iterator[tuple[str, dict]]:
    """(policy, statement) of every Allow in every role's policy."""
    for name, policy in cloud.resources("AWS::IAM::Policy").items():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow":
                yield name, statement


def flat(resource) -> str:
    """An ARN with its references as <names>."""
    if isinstance(resource, str):
        return resource
    ((how, what),) = resource.items()
    return "".join(flat(part) for part in what[1]) if how == "Fn::Join" else f"<{what}>"


def test_no_action_is_a_wildcard(prod):
    assert [(name, each["Action"]) for name, each in granted(prod)
            if any("*" in action for action in listed(each["Action"]))] == []  # fmt: skip


def test_every_resource_is_named_or_cannot_be(prod):
    for name, statement in granted(prod):
        for resource in map(flat, listed(statement["Resource"])):
            if resource == "*":
                actions = set(listed(statement["Action"]))
                assert all(each in UNBOUND or each.startswith("ec2:") for each in actions), (name, actions)
                assert not any(each.startswith("ec2:") for each in actions) or name.startswith("Inference/"), name
            elif "*" in resource:
                assert STARRED.search(resource), (name, resource)


def test_each_signing_key_has_one_function(prod):
    """Manifests are signed by `sign` alone, heads of the public log by its sequencer, receipts by their listener."""
    signers = {flat(each["Resource"]): name for name, each in granted(prod) if "kms:Sign" in listed(each["Action"])}

    assert len([name for name, each in granted(prod) if "kms:Sign" in listed(each["Action"])]) == 3
    assert "EventsIssueReceiptRole" in signers["<GivenReceiptsKey>"]
    assert "GenerationSignRole" in signers["<GivenSigningKey>"]
    assert "EventsSequenceTransparencyRole" in signers["<GivenTransparencyKey>"]


def test_nobody_with_a_public_route_opens_what_renders_a_person(prod):
    """The API shuts keys away and never opens one; and only erasure may delete from the keyring."""
    routes = {"api.handler"}

    for deployed in FUNCTIONS:
        assert deployed.name not in routes or not {"biometrics.open", "biometrics.match"} & set(deployed.needs)
    decrypts = [
        (name, each["Condition"]["StringEquals"])
        for name, each in granted(prod)
        if "kms:Decrypt" in listed(each["Action"]) and "Biometric" in flat(each["Resource"])
    ]
    assert [name for name, condition in decrypts if "ApiHandler" in name and "kms:ViaService" not in condition] == []


def test_training_may_open_nothing_of_anybody(prod):
    """It reaches one folder of the models bucket; keys, rows and files of people are refused it by name."""
    policies = [each for name, each in prod.resources("AWS::IAM::Policy").items() if "TrainingRole" in name]
    statements = [each for policy in policies for each in policy["Properties"]["PolicyDocument"]["Statement"]]
    denied = [each for each in statements if each["Effect"] == "Deny"]
    reached = {flat(each) for row in statements if row["Effect"] == "Allow" for each in listed(row["Resource"])}

    (refused,) = denied
    assert set(refused["Action"]) == {"dynamodb:*", "kms:*", "s3:*"} and "Condition" not in refused
    people = {"Keyring", "Biometric", "Likenesses", "Uploads", "Work", "Videos", "GivenTable"}
    assert {word for word in people for each in refused["Resource"] if word in flat(each)} == people
    assert not {word for word in people for each in reached if word in each}
    assert [each for each in reached if "s3" in each] == [
        each for each in reached if each.endswith(("<GivenModelsBucket>", "<GivenModelsBucket>/training/*"))
    ]


def test_the_block_list_is_kept_by_calling_three_functions_and_by_nothing_else(prod):
    """Whoever is given the policy may call them, and reaches no table, key or bucket; none of them opens a template."""
    policy = prod.only("AWS::IAM::ManagedPolicy", "Workflow")["Properties"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    called = [resource["Fn::GetAtt"][0] for resource in statement["Resource"]]
    handlers = {
        logical.split("/")[1]: each["Properties"]["Handler"]
        for logical, each in prod.resources("AWS::Lambda::Function", "Workflow").items()
    }

    assert (statement["Effect"], statement["Action"]) == ("Allow", "lambda:InvokeFunction")
    assert sorted(handlers[each] for each in called) == sorted(each.handler for each in KEEPING)
    assert not any(policy.get(given) for given in ("Users", "Groups", "Roles"))
    assert not any({"biometrics.open", "biometrics.match", "keyring.read"} & set(each.needs) for each in KEEPING)


def test_nothing_but_a_person_calls_what_keeps_the_block_list(prod):
    ways = ("AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Url")
    led_to = [json.dumps(each["Properties"]) for way in ways for each in prod.resources(way).values()]

    assert led_to
    assert [each for each in led_to if "Blocking" in each] == []
    callers = [
        name for name, each in granted(prod)
        if "lambda:InvokeFunction" in listed(each["Action"]) and "Blocking" in json.dumps(each["Resource"])
    ]  # fmt: skip
    assert callers == []


ADAPTER = ROOT / "layers/shared/python/volary/aws/keyring.py"
ACTIONS = {"get_item": "dynamodb:GetItem", "query": "dynamodb:Query", "put_item": "dynamodb:PutItem",
           "delete_item": "dynamodb:DeleteItem", "encrypt": "kms:Encrypt", "decrypt": "kms:Decrypt"}  # fmt: skip


def actions_of(method: str) -> set[str]:
    """What the keyring's adapter asks AWS for in one of its methods and in those that it calls."""
    (adapter,) = [node for node in ast.parse(ADAPTER.read_text()).body if isinstance(node, ast.ClassDef)]
    methods = {node.name: node for node in adapter.body if isinstance(node, ast.FunctionDef)}
    found, todo, seen = set[str](), [method], set[str]()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        for node in ast.walk(methods[name]):
            if isinstance(node, ast.Attribute):
                found |= {ACTIONS[node.attr]} if node.attr in ACTIONS else set()
                todo += [node.attr] if node.attr in methods else []
    return found


@pytest.mark.parametrize(("port", "method"), [pair for pair in OTHERS if pair[0] == "keyring"])
def test_a_need_of_the_keyring_grants_all_that_its_adapter_asks_for(prod, port, method):
    """Destroying somebody's keys asks for their names first: with the right to delete alone it failed on AWS only."""
    need = OTHERS[port, method]
    holders = [each for each in FUNCTIONS if need in each.needs]
    fewest = min(holders, key=lambda each: len([other for other in each.needs if other.startswith("keyring")]))
    granted_actions = {
        action
        for name, each in granted(prod)
        if f"{fewest.title}Role" in name
        for action in listed(each["Action"])
        if action.startswith(("dynamodb:", "kms:"))
        and ("Keyring" in flat(listed(each["Resource"])[0]) or "Biometric" in flat(listed(each["Resource"])[0]))
    }

    assert actions_of(method), method
    assert actions_of(method) <= granted_actions, fewest.name


def test_one_function_writes_the_deny_list_and_one_signs_links(prod, dev):
    """The edge's own function reads; whoever could write could also take an entry back."""
    held = {
        name: set(listed(each["Action"]))
        for name, each in granted(prod)
        if any(action.startswith("cloudfront-keyvaluestore:") for action in listed(each["Action"]))
    }
    keys = [name for name, each in granted(prod) if "media-private-key" in flat(listed(each["Resource"])[0])]
    asked = {"describe_key_value_store", "list_keys", "update_keys"}
    source = (ADAPTER.parent / "edge.py").read_text()

    ((name, actions),) = held.items()
    assert "EventsBarLinksRole" in name
    assert actions == {"cloudfront-keyvaluestore:DescribeKeyValueStore", "cloudfront-keyvaluestore:ListKeys",
                       "cloudfront-keyvaluestore:UpdateKeys"}  # fmt: skip
    assert set(re.findall(r"_store\.(\w+)\(", source)) == asked
    assert len(keys) == 1
    assert "ApiHandlerRole" in keys[0]
    assert not any("keyvaluestore" in json.dumps(each) for _, each in granted(dev))


def test_only_the_outbox_relay_publishes(prod):
    names = [name for name, each in granted(prod) if "events:PutEvents" in listed(each["Action"])]

    assert len(names) == 1
    assert "OutboxRelayRole" in names[0]


def test_no_role_may_manage_what_it_uses(prod):
    """Among the things a taken-over function must not do: rights, key lives, bucket policies, the table itself."""
    forbidden = re.compile(
        r"^(iam|organizations|sts):|:Put\w*Policy$|ScheduleKeyDeletion|DeleteTable|DeleteBucket|Scan$"
    )
    found = [(name, action) for name, each in granted(prod) for action in listed(each["Action"])
             if forbidden.search(action) and action not in UNBOUND]  # fmt: skip

    assert found == []


def test_boundary_takes_away_what_no_role_may_do(prod):
    statements = prod.only("AWS::IAM::ManagedPolicy", "Foundation")["Properties"]["PolicyDocument"]["Statement"]
    denied = next(each for each in statements if each["Sid"] == "Never")

    assert denied["Effect"] == "Deny"
    assert {"kms:ScheduleKeyDeletion", "s3:PutBucketPolicy", "s3:BypassGovernanceRetention"} <= set(denied["Action"])


def needs_in(text: str) -> set[str]:
    """Needs that a piece of code shows by its calls of `services`."""
    found = set()
    for port, method, first in PORT.findall(text):
        if port == "blobs" and first in BUCKETS:
            found.add(f"{first}.{VERBS[method]}")
        elif (method, first) == ("sign_digest", "transparency"):
            found.add("keys.checkpoint")
        elif (method, first) == ("public_key", "receipts"):
            found.add("keys.receipts_public")
        elif port == "keys" and first == "receipts":
            found.add("keys.receipts")
        elif (method, first) == ("unwrap", "template_key"):
            found.add("biometrics.match")
        elif (port, method) in OTHERS:
            found.add(OTHERS[port, method])
    return found


@cache
def files() -> dict[str, str]:
    """Module → path, the adapters left out."""
    return {module(path): path for path in product_files() if "/volary/aws/" not in path and "/embedded/" not in path}


@cache
def symbols(name: str) -> dict[str, ast.AST]:
    """Top-level functions, classes and assignments of a module."""
    found: dict[str, ast.AST] = {}
    for node in tree(files()[name]).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
    return found


@cache
def imported(name: str) -> dict[str, tuple[str, str]]:
    """Local name → (module, symbol); the symbol is empty where the module itself was imported."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree(files()[name])):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                target = (whole, "") if whole in files() else (node.module, alias.name)
                found[alias.asname or alias.name] = target
    return found


def is_api(name: str) -> bool:
    return name.startswith("functions.api")


def led_to(name: str, node: ast.AST) -> Iterator[tuple[str, str]]:
    """(module, symbol) of everything of ours that a piece of code names."""
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            if each.id in symbols(name):
                yield name, each.id
            elif each.id in imported(name):
                target, symbol = imported(name)[each.id]
                # Routes register themselves, so whoever names a router's module has all of it.
                yield from (
                    (target, one) for one in ([symbol] if symbol else symbols(target) if is_api(target) else [])
                )
        elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
            target, symbol = imported(name).get(each.value.id, ("", ""))
            if target and not symbol:
                yield target, each.attr


def used(deployed: Deployed) -> set[str]:
    """Needs of all code that a handler's names lead to."""
    start = f"functions.{deployed.name}"
    todo = [(start, symbol) for symbol in symbols(start)]
    seen: set[tuple[str, str]] = set()
    needs: set[str] = set()
    while todo:
        name, symbol = todo.pop()
        if (name, symbol) in seen or name not in files() or symbol not in symbols(name):
            continue
        seen.add((name, symbol))
        node = symbols(name)[symbol]
        needs |= needs_in(ast.get_source_segment((ROOT / files()[name]).read_text(), node) or "")
        todo += led_to(name, node)
    return needs


@pytest.mark.parametrize("deployed", FUNCTIONS, ids=lambda each: each.name)
def test_needs_are_what_the_code_calls(deployed):
    """A call without its right would fail on AWS only; a right without its call is one too many."""
    declared = {need for need in deployed.needs if not need.startswith(("items.", "stream."))}

    assert declared == used(deployed)


def test_pattern_sees_every_use_of_a_port():
    """The test above reads text; here the syntax tree must not know of a port method that it missed."""
    methods = {
        (node.func.value.attr, node.func.attr)
        for path in product_files()
        if path.startswith("functions/")
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Attribute)
        and node.func.value.attr in {"blobs", "edge", "models", "vectors", "workflows", "keys", "keyring", "bus"}
    }
    known = {("blobs", verb) for verb in VERBS} | set(OTHERS) | {("keys", "certificates")}

    assert methods <= known


def test_templates_hold_no_secret(prod):
    text = json.dumps(prod.templates)

    assert not re.search(r"BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|vol_sk_", text)
