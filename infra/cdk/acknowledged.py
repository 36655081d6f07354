"""Findings of cdk-nag and cfn-lint that stand, each with its reason; a test counts them and wants every one needed."""

from collections.abc import Iterable
from dataclasses import dataclass

import aws_cdk as cdk

from infra.cdk.environments import Environment

OBJECTS = "keys of one bucket's objects; which of them is decided by the product"
X_RAY = "X-Ray's and log delivery's actions name no resource; tests/infra/test_rights.py lists them all"
RUNTIME = "python3.13 is what wheels, bytecode and tests are made for; 3.14 comes with its own measured change"
NO_LETTERS = (
    "who calls it waits for its answer, or its failures go to a queue by EventInvokeConfig or the stream mapping"
)
ARE_LETTERS = "it is itself the queue of dead letters, of a mapping, rule or function that the check does not look at"


FOUNDATION = {
    "AwsSolutions-S1": "the bucket of access logs would log its own writing without end",
    "AwsSolutions-IAM5[Action::*]": "a boundary grants nothing: it is a ceiling, and must name all to deny some",
    "AwsSolutions-IAM5[Resource::*]": "a boundary grants nothing: it is a ceiling, and must name all to deny some",
}
IDENTITY = {
    "AwsSolutions-COG2": "people choose a second factor; staff, who must have one, come with a pool of their own",
}
MEDIA_EDGE = {
    "AwsSolutions-CFR1": "regions are decided per clip by the read gate, not per country at the edge",
    "AwsSolutions-CFR2": "only signed links to static files pass; the web ACL comes with the API's own edge",
    "AwsSolutions-CFR4": "TLS 1.2 needs a certificate for the deployer's own domain, which nobody has yet",
}
WORKFLOW = {
    "AwsSolutions-L1": RUNTIME,
    "AwsSolutions-SQS3": ARE_LETTERS,
    "Serverless-LambdaDLQ": NO_LETTERS,
    "Serverless-LambdaLatestVersion": RUNTIME,
    "Serverless-SQSRedrivePolicy": ARE_LETTERS,
}
INFERENCE = {"Serverless-LambdaDLQ": NO_LETTERS}
API = {
    "AwsSolutions-APIG4": "personal keys are no JWTs and some routes are public: functions/api decides, in both homes",
    "AwsSolutions-L1": RUNTIME,
    "Serverless-LambdaDLQ": NO_LETTERS,
    "Serverless-LambdaLatestVersion": RUNTIME,
}


@dataclass(frozen=True)
class Acknowledged:
    stack: str
    rule: str
    reason: str


def acknowledged(environment: Environment) -> tuple[Acknowledged, ...]:
    """Every finding that stands in this environment's stacks."""
    every = "AwsSolutions-IAM5[Resource::*]"
    uploads, work, videos, likenesses = (f"AwsSolutions-IAM5[Resource::arn:aws:s3:::<Given{each}Bucket>/*]"
                             for each in ("Uploads", "Work", "Videos", "Likenesses"))  # fmt: skip
    weights = "AwsSolutions-IAM5[Resource::arn:aws:s3:::<GivenModelsBucket>/engines"
    executions = environment.arn("states", f"execution:{environment.name('generation')}:*")
    runs = "AwsSolutions-IAM5[Resource::arn:aws:s3:::<GivenModelsBucket>/training/*]"
    training_logs = environment.arn("logs", "log-group:/aws/sagemaker/TrainingJobs:*")
    endpoint_logs = environment.arn("logs", f"log-group:/aws/sagemaker/Endpoints/{environment.name('media-models')}:*")
    return (
        *(Acknowledged("Foundation", rule, reason) for rule, reason in FOUNDATION.items()),
        *(Acknowledged("Identity", rule, reason) for rule, reason in IDENTITY.items()),
        *(Acknowledged("MediaEdge", rule, reason) for rule, reason in MEDIA_EDGE.items() if environment.has_edge),
        *(Acknowledged("Workflow", rule, reason) for rule, reason in WORKFLOW.items()),
        *(Acknowledged("Workflow", rule, OBJECTS) for rule in (uploads, work, videos, likenesses)),
        Acknowledged("Workflow", every, X_RAY),
        Acknowledged("Workflow", f"AwsSolutions-IAM5[Resource::{executions}]", "executions of the one state machine"),
        *(Acknowledged("Inference", rule, reason) for rule, reason in INFERENCE.items()),
        Acknowledged("Inference", every, f"{X_RAY}; SageMaker's network cards and ECR's token name no resource"),
        Acknowledged("Inference", runs, "checkpoints and weights of training jobs, in a folder of their own"),
        Acknowledged("Inference", f"AwsSolutions-IAM5[Resource::{training_logs}]", "streams of one log group"),
        *(Acknowledged("Inference", rule, OBJECTS) for rule in [work] if environment.gpu.enabled),
        *(Acknowledged("Inference", f"AwsSolutions-IAM5[Resource::{endpoint_logs}]", "streams of one log group")
          for _ in [endpoint_logs] if environment.gpu.enabled),
        *(Acknowledged("Inference", f"{weights}/{digest}/*]", "every file of the one set of weights with that digest")
          for digest in [environment.gpu.engine_digest] if digest),
        *(Acknowledged("Api", rule, reason) for rule, reason in API.items()),
        *(Acknowledged("Api", rule, OBJECTS) for rule in (uploads, work, videos)),
        Acknowledged("Api", every, X_RAY),
    )  # fmt: skip


# cfn-lint rule → why it stands.
TEMPLATE_RULES = {
    "W3005": "CDK writes a DependsOn beside every GetAtt of a role; it is needless and harmless",
    "W3010": "synth asks no account which zones it has, so the environment names them",
}


def acknowledge(stacks: Iterable[cdk.Stack], environment: Environment) -> None:
    """Tell CDK of every finding that stands; must come before synth."""
    by_name = {stack.node.id: stack for stack in stacks}
    for each in acknowledged(environment):
        finding = cdk.Acknowledgment(id=each.rule, reason=each.reason)
        cdk.Validations.of(by_name[each.stack]).acknowledge(finding)
