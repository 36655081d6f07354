"""What a training job runs as: its own folder of the models bucket, its image and its log, and nothing of people.

`inference.train.sagemaker_job` takes no role of another name. What is refused by name here is refused whatever
somebody else allows the role later.
"""

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.cdk.environments import Environment
from infra.cdk.permissions import allow, at_rest
from infra.cdk.resources import Resources

FOLDER = "training"
PULL_ACTIONS = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
LOG_ACTIONS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
OF_PEOPLE = ("uploads", "work", "videos", "likenesses")


def training_role(scope: Construct, environment: Environment, known: Resources) -> iam.Role:
    """The one role for training jobs of this environment."""
    role = iam.Role(
        scope,
        "TrainingRole",
        role_name=environment.name(FOLDER),
        assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
    )
    models = known.bucket("models")
    for statement in (
        allow(["s3:GetObject", "s3:PutObject"], f"{models}/{FOLDER}/*"),
        allow(["s3:ListBucket"], models, {"StringLike": {"s3:prefix": f"{FOLDER}/*"}}),
        at_rest("s3", ["kms:Decrypt", "kms:GenerateDataKey"], known),
        allow(PULL_ACTIONS, environment.arn("ecr", f"repository/{environment.name(FOLDER)}")),
        allow(["ecr:GetAuthorizationToken"], "*"),
        allow(["cloudwatch:PutMetricData"], "*", {"StringEquals": {"cloudwatch:namespace": "AWS/SageMaker"}}),
        allow(LOG_ACTIONS, environment.arn("logs", "log-group:/aws/sagemaker/TrainingJobs:*")),
        _nothing_of_people(known),
    ):
        role.add_to_policy(statement)
    return role


def _nothing_of_people(known: Resources) -> iam.PolicyStatement:
    """No key, row or file of anybody: neither their biometrics nor what they uploaded or made."""
    files = [f"{known.bucket(thing)}/*" for thing in OF_PEOPLE]
    rows = [known.keyring, known.table]
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=["dynamodb:*", "kms:*", "s3:*"],
        resources=[*rows, known.of("biometric-key"), *files],
    )
