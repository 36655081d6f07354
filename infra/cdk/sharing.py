"""What every stack does alike: its settings, and how it tells the others of what it made.

Stacks that change at different speeds meet in SSM parameters, because a CloudFormation export in use cannot change.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.cdk.environments import PRODUCT, Environment


def stack_settings(environment: Environment, thing: str, *, has_boundary: bool = True) -> dict[str, Any]:
    """Arguments of `cdk.Stack`: its name, where it goes, its tags and the ceiling of its roles."""
    boundary = cdk.PermissionsBoundary.from_name(environment.name("boundary")) if has_boundary else None
    return {
        "stack_name": environment.name(thing),
        "env": cdk.Environment(account=environment.account, region=environment.region),
        "termination_protection": environment.keeps_data,
        "permissions_boundary": boundary,
        "tags": tags(environment),
    }


def tags(environment: Environment) -> dict[str, str]:
    return {
        "project": PRODUCT,
        "stage": environment.stage,
        "owner": environment.owner,
        "data-class": "personal",
        "cost-center": PRODUCT,
    }


def removal(environment: Environment) -> cdk.RemovalPolicy:
    return cdk.RemovalPolicy.RETAIN if environment.keeps_data else cdk.RemovalPolicy.DESTROY


def share(scope: Construct, environment: Environment, thing: str, value: str) -> None:
    """Tell the other stacks of `thing`; `shared` reads it."""
    name = environment.parameter(thing)
    ssm.StringParameter(scope, f"Shared-{thing}", parameter_name=name, string_value=value)


def shared(scope: Construct, environment: Environment, thing: str) -> str:
    """What another stack shared, as a parameter of this one that CloudFormation fills at deployment."""
    stack = cdk.Stack.of(scope)
    title = "".join(part.capitalize() for part in thing.split("-"))
    found = stack.node.try_find_child(f"Given{title}")
    if isinstance(found, cdk.CfnParameter):
        return found.value_as_string
    default = environment.parameter(thing)
    made = cdk.CfnParameter(stack, f"Given{title}", type="AWS::SSM::Parameter::Value<String>", default=default)
    return made.value_as_string


def role_arn(environment: Environment, role: str) -> str:
    """The ARN of a role that a key's policy names before the role exists."""
    return f"arn:aws:iam::{environment.account}:role/{environment.name(role)}"


def log_bucket_name(environment: Environment) -> str:
    return f"{environment.name('logs')}-{environment.account}"
