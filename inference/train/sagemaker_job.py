"""`make train TARGET=sagemaker`: runs `inference.train.job` as a SageMaker training job, through the `sagemaker` SDK.

The description of the job is built without AWS and can be read with `--dry-run`; only `submit` talks to it, and that
has never been done. Nothing is uploaded: the image holds the code (target `train` of inference/Dockerfile), and the
corpus is rendered where it is needed. The run folder is a checkpoint folder, so a spot instance that is taken back
goes on from there.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

IMAGE = re.compile(r"^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/[a-z0-9/_-]+(:[\w.-]+|@sha256:[0-9a-f]{64})$")
# The role of the templates (infra/cdk/training.py): it may open nothing of anybody, which another might.
ROLE = re.compile(r"^arn:aws[a-z-]*:iam::\d{12}:role/volary-[a-z][a-z0-9]{1,15}-training$")
BUCKET = re.compile(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
OVERHEAD = 1.5  # rendering, encoding and publishing, beside the minutes of learning
GRACE_HOURS = 24  # how long a spot job may wait for an instance


class PlanError(ValueError):
    """A job that SageMaker would refuse or that would cost without end; the message names the value."""


@dataclass(frozen=True)
class Plan:
    """What to run where. `minutes` is of learning in all; the job is stopped at `hours`, whatever it is doing.

    The training code runs on processors in bfloat16, so the default instance is one with AMX and not one with a GPU.
    """

    image: str
    role: str
    bucket: str
    minutes: float = 360
    hours: float = 12
    instance_type: str = "ml.m7i.8xlarge"
    processes: int = 16
    spot: bool = True
    name: str = "volary-generator"


def checked(plan: Plan) -> Plan:
    """The plan, if a job can be made of it. Raises PlanError."""
    for what, value, pattern in (
        ("image", plan.image, IMAGE),
        ("role", plan.role, ROLE),
        ("bucket", plan.bucket, BUCKET),
    ):
        if not pattern.match(value):
            raise PlanError(f"{what} {value!r} does not look like one; it must match {pattern.pattern}")
    if not re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,40}", plan.name):
        raise PlanError(f"name {plan.name!r} is no name of a training job")
    if not plan.instance_type.startswith("ml."):
        raise PlanError(f"instance type {plan.instance_type!r} does not begin with ml.")
    if plan.minutes <= 0 or plan.processes < 1:
        raise PlanError(f"{plan.minutes} minutes in {plan.processes} processes is no training")
    if plan.minutes * OVERHEAD > plan.hours * 60 or plan.hours > 120:
        raise PlanError(f"{plan.minutes} minutes of learning do not fit in {plan.hours} hours (at most 120)")
    return plan


def description(plan: Plan, job: str) -> dict[str, Any]:
    """The request `CreateTrainingJob` for a job of that name. Raises PlanError."""
    plan = checked(plan)
    place = f"s3://{plan.bucket}/training/{plan.name}"
    seconds = round(plan.hours * 3600)
    return {
        "TrainingJobName": job,
        "RoleArn": plan.role,
        "AlgorithmSpecification": {
            "TrainingImage": plan.image,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python", "-m", "inference.train.job"],
            "ContainerArguments": ["--minutes", f"{plan.minutes:g}", "--processes", str(plan.processes)],
        },
        "ResourceConfig": {"InstanceType": plan.instance_type, "InstanceCount": 1, "VolumeSizeInGB": 100},
        "StoppingCondition": {
            "MaxRuntimeInSeconds": seconds,
            **({"MaxWaitTimeInSeconds": seconds + GRACE_HOURS * 3600} if plan.spot else {}),
        },
        "EnableManagedSpotTraining": plan.spot,
        "CheckpointConfig": {"S3Uri": f"{place}/checkpoints", "LocalPath": "/opt/ml/checkpoints"},
        "OutputDataConfig": {"S3OutputPath": f"{place}/weights"},
        "Tags": [{"Key": "project", "Value": "volary"}],
    }


def submit(plan: Plan, job: str) -> str:
    """Start the job and return its name. It calls AWS, with the credentials and region of the environment."""
    from sagemaker.core.resources import TrainingJob

    return str(TrainingJob.create(**snake_case(description(plan, job))).training_job_name)


def snake_case(value: Any) -> Any:
    """The names of a request as the SDK's classes write them, through all its levels."""
    if isinstance(value, Mapping):
        return {_snake(key): snake_case(each) for key, each in value.items()}
    return [snake_case(each) for each in value] if isinstance(value, list) else value


def _snake(name: str) -> str:
    """`VolumeSizeInGB` → `volume_size_in_gb`, `S3OutputPath` → `s3_output_path`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="inference.train.sagemaker_job", description=__doc__)
    parser.add_argument("--image", required=True, help="the ECR address of the `train` target of inference/Dockerfile")
    parser.add_argument("--role", required=True, help="ARN of the role volary-STAGE-training")
    parser.add_argument("--bucket", required=True, help="where checkpoints and weights go")
    parser.add_argument("--minutes", type=float, default=Plan.minutes)
    parser.add_argument("--hours", type=float, default=Plan.hours)
    parser.add_argument("--instance-type", default=Plan.instance_type)
    parser.add_argument("--processes", type=int, default=Plan.processes)
    parser.add_argument("--on-demand", action="store_true", help="not a spot instance")
    parser.add_argument("--job", required=True, help="a name that no job in the account has had")
    parser.add_argument("--dry-run", action="store_true", help="print the job and ask AWS nothing")
    args = parser.parse_args(arguments)
    plan = Plan(
        args.image, args.role, args.bucket, args.minutes, args.hours, args.instance_type, args.processes,
        not args.on_demand,
    )  # fmt: skip
    try:
        if args.dry_run:
            print(json.dumps(description(plan, args.job), indent=1))
        else:
            print(f"started {submit(plan, args.job)}")
    except PlanError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
