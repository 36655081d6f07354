"""Deploys the templates that CDK wrote, onto the emulator, changing only what runs a function and what nobody emulates.

Changed: a function's code is a bootstrap that runs AWS's own runtime client on this checkout, with its handler,
environment, role and memory as they are in the template; layers go, because the checkout is what they hold. Every time
limit is `PATIENCE` times as long, because one machine starts here what in the cloud are twenty.
Left out: resource types in `UNKNOWN`. Stage dev has no SageMaker endpoint; local.rehearse.endpoint stands in for it.
"""

import hashlib
import io
import json
import re
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from volary.aws.clients import Clients

from local.rehearse.emulator import ROOT

Template = dict[str, Any]
UNKNOWN = ("AWS::Budgets::Budget", "AWS::S3Vectors::VectorBucket", "AWS::S3Vectors::Index")
CODE_BUCKET = "rehearsal-code"
# The image's own command, in inference/Dockerfile; a template does not repeat it.
IMAGE_HANDLER = "inference.serve.lambda_handler"
BOOTSTRAP_VERSION = ("/cdk-bootstrap/hnb659fds/version", "30")
DEPLOY_SECONDS = 120
PATIENCE = 10
LIMIT = re.compile(r'("TimeoutSeconds": )(\d+)')
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Stack:
    """One template of a cloud assembly; `path` is its file."""

    name: str
    path: Path

    def template(self) -> Template:
        template: Template = json.loads(self.path.read_text())
        return template


class Refused(RuntimeError):
    """CloudFormation did not take a stack; the message names the resources at fault."""


def stacks(assembly: Path) -> list[Stack]:
    """The stacks of a cloud assembly, each after those that it depends on."""
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    kept = {name: each for name, each in artifacts.items() if each["type"] == "aws:cloudformation:stack"}
    return [_stack(assembly, kept[name]) for name in _ordered({n: each["dependencies"] for n, each in kept.items()})]


def deploy(assembly: Path, clients: Clients) -> dict[str, dict[str, str]]:
    """Deploy every stack of an assembly and return their outputs by stack name; raises Refused."""
    prepare(clients)
    return {stack.name: deploy_stack(stack, clients) for stack in stacks(assembly)}


def prepare(clients: Clients) -> None:
    """What `cdk bootstrap` leaves in an account, as far as the templates ask for it."""
    name, version = BOOTSTRAP_VERSION
    clients["ssm"].put_parameter(Name=name, Value=version, Type="String", Overwrite=True)
    clients["s3"].create_bucket(Bucket=CODE_BUCKET)
    clients["s3"].put_object(Bucket=CODE_BUCKET, Key=_code_key(), Body=bootstrap())


def deploy_stack(stack: Stack, clients: Clients) -> dict[str, str]:
    """Create one stack and wait for it; returns its outputs, raises Refused."""
    cloudformation = clients["cloudformation"]
    cloudformation.create_stack(
        StackName=stack.name,
        TemplateURL=_uploaded(stack, clients),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )
    deadline = time.monotonic() + DEPLOY_SECONDS
    while time.monotonic() < deadline:
        (found,) = cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
        if found["StackStatus"] == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())}
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            break
        time.sleep(0.2)
    raise Refused(f"{stack.name} is {found['StackStatus']}: {_faults(stack.name, clients)}")


def adapted(template: Template) -> Template:
    """The template as the emulator can run it; what this module's first lines do not name is as it was."""
    dropped = (*UNKNOWN, "AWS::Lambda::LayerVersion")
    kept = {name: each for name, each in template["Resources"].items() if each["Type"] not in dropped}
    return {**template, "Resources": {name: _resource(each) for name, each in kept.items()}}


def left_out(assembly: Path) -> list[str]:
    """Logical names of the resources that are not deployed, functions' layers aside."""
    return sorted(
        name
        for stack in stacks(assembly)
        for name, each in stack.template()["Resources"].items()
        if each["Type"] in UNKNOWN
    )


def bootstrap() -> bytes:
    """A zip with one executable file: it starts AWS's runtime client for the handler, in this very environment."""
    script = f'#!/bin/sh\ncd {ROOT}\nexec {sys.executable} -m awslambdaric "$_HANDLER"\n'
    entry = zipfile.ZipInfo("bootstrap", EPOCH)
    entry.external_attr = 0o100755 << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(entry, script)
    return file.getvalue()


def _uploaded(stack: Stack, clients: Clients) -> str:
    """Where CloudFormation reads the template: a request takes 51,200 characters, and ours are longer."""
    place = {"Bucket": CODE_BUCKET, "Key": f"{stack.name}.template.json"}
    clients["s3"].put_object(**place, Body=json.dumps(adapted(stack.template())).encode())
    link: str = clients["s3"].generate_presigned_url("get_object", Params=place, ExpiresIn=DEPLOY_SECONDS)
    return link


def _code_key() -> str:
    return f"{hashlib.sha256(bootstrap()).hexdigest()}.zip"


def _resource(resource: dict[str, Any]) -> dict[str, Any]:
    match resource["Type"]:
        case "AWS::Lambda::Function":
            return _function(resource)
        case "AWS::StepFunctions::StateMachine":
            return _machine(resource)
    return resource


def _machine(resource: dict[str, Any]) -> dict[str, Any]:
    properties = resource["Properties"]
    patient = LIMIT.sub(lambda found: found[1] + str(PATIENCE * int(found[2])), properties["DefinitionString"])
    return {**resource, "Properties": {**properties, "DefinitionString": patient}}


def _function(resource: Mapping[str, Any]) -> dict[str, Any]:
    properties = {key: value for key, value in resource["Properties"].items() if key not in ("Layers", "ImageConfig")}
    properties |= {
        "Code": {"S3Bucket": CODE_BUCKET, "S3Key": _code_key()},
        "Handler": properties.get("Handler", IMAGE_HANDLER),
        "PackageType": "Zip",
        "Timeout": PATIENCE * properties["Timeout"],
        "Runtime": "provided.al2023",
    }
    return {**resource, "Properties": properties}


def _stack(assembly: Path, artifact: Mapping[str, Any]) -> Stack:
    return Stack(artifact["properties"]["stackName"], assembly / artifact["properties"]["templateFile"])


def _ordered(dependencies: Mapping[str, list[str]]) -> Iterator[str]:
    done: set[str] = set()
    while len(done) < len(dependencies):
        waiting = dependencies.keys() - done
        ready = [name for name in dependencies if name in waiting and waiting.isdisjoint(dependencies[name])]
        if not ready:
            raise ValueError(f"stacks depend on each other: {sorted(waiting)}")
        done |= set(ready)
        yield from ready


def _faults(name: str, clients: Clients) -> str:
    events = clients["cloudformation"].describe_stack_events(StackName=name)["StackEvents"]
    failed = [each for each in events if each["ResourceStatus"].endswith("FAILED")]
    return "; ".join(f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason', '')}" for each in failed)
