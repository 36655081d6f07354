"""The cloud home's side of the port contracts: every AWS adapter on resources of its own.

It makes what the stacks of infra/cdk would make, as small as the ports allow; tests/rehearsal deploys the real stacks.
"""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from volary import aws
from volary.aws.clients import Clients
from volary.ports import Services
from volary.settings import Settings

from local.rehearse.home import chain_for

INDEXES = ("gsi1", "gsi2")
BUCKETS = ("uploads", "work", "videos", "likenesses")
PASSWORD = "Contracts-1"
# Starts, tells a queue its token, and waits: what a job does while a model works.
WAITING = {
    "StartAt": "wait",
    "States": {
        "wait": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"MessageBody": {"token.$": "$$.Task.Token", "state.$": "$"}},
            "End": True,
        }
    },
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


@dataclass(frozen=True)
class AwsHome:
    """`services` as deployed functions get them, and the doors that only tests use."""

    services: Services
    settings: Settings
    clients: Clients
    made: dict[str, str] = field(default_factory=dict)

    def waiting_token(self, seconds: float = 10) -> str:
        """The token of the next task that waits; raises TimeoutError when none does."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            letters = self.clients["sqs"].receive_message(QueueUrl=self.made["queue"], WaitTimeSeconds=1)
            for letter in letters.get("Messages", ()):
                self.clients["sqs"].delete_message(QueueUrl=self.made["queue"], ReceiptHandle=letter["ReceiptHandle"])
                return str(json.loads(letter["Body"])["token"])
        raise TimeoutError(f"no task waited within {seconds} s")

    def execution(self, name: str) -> Mapping[str, Any]:
        """What Step Functions says of an execution."""
        arn = self.settings.GENERATION_WORKFLOW.replace(":stateMachine:", ":execution:")
        found = self.clients["stepfunctions"].describe_execution(executionArn=f"{arn}:{name}")
        return {fact: value for fact, value in found.items() if fact != "ResponseMetadata"}

    def published(self) -> list[dict[str, Any]]:
        """Events that the bus has carried to a queue so far, taken from it."""
        letters = (
            self.clients["sqs"]
            .receive_message(QueueUrl=self.made["events"], WaitTimeSeconds=2, MaxNumberOfMessages=10)
            .get("Messages", ())
        )
        for letter in letters:
            self.clients["sqs"].delete_message(QueueUrl=self.made["events"], ReceiptHandle=letter["ReceiptHandle"])
        return [json.loads(letter["Body"]) for letter in letters]

    def token(self, *, kind: str = "AccessToken") -> str:
        """A fresh token of the one person in the pool."""
        answer = self.clients["cognito-idp"].admin_initiate_auth(
            UserPoolId=self.made["pool"],
            ClientId=self.settings.AUDIENCE,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "someone@volary.example", "PASSWORD": PASSWORD},
        )
        return str(answer["AuthenticationResult"][kind])

    def remove(self) -> None:
        """Take everything down again; KMS keys can only be sent on their way, which takes a week."""
        clients, settings = self.clients, self.settings
        for bucket in (getattr(settings, f"{each.upper()}_BUCKET") for each in BUCKETS):
            for found in clients["s3"].get_paginator("list_objects_v2").paginate(Bucket=bucket).search("Contents[]"):
                if found:
                    clients["s3"].delete_object(Bucket=bucket, Key=found["Key"])
            clients["s3"].delete_bucket(Bucket=bucket)
        signing = (settings.SIGNING_KEY, settings.TRANSPARENCY_KEY, settings.RECEIPTS_KEY)
        for key_id in (settings.ENVELOPE_KEY, settings.BIOMETRIC_KEY, *signing):
            clients["kms"].schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
        clients["dynamodb"].delete_table(TableName=settings.TABLE)
        clients["dynamodb"].delete_table(TableName=settings.KEYRING_TABLE)
        clients["stepfunctions"].delete_state_machine(stateMachineArn=settings.GENERATION_WORKFLOW)
        clients["iam"].delete_role_policy(RoleName=self.made["role"], PolicyName=self.made["role"])
        clients["iam"].delete_role(RoleName=self.made["role"])
        clients["events"].remove_targets(Rule=settings.BUS, EventBusName=settings.BUS, Ids=["all"])
        clients["events"].delete_rule(Name=settings.BUS, EventBusName=settings.BUS)
        clients["events"].delete_event_bus(Name=settings.BUS)
        for queue in ("queue", "events"):
            clients["sqs"].delete_queue(QueueUrl=self.made[queue])
        clients["cognito-idp"].delete_user_pool(UserPoolId=self.made["pool"])
        clients["ssm"].delete_parameter(Name=settings.SIGNING_CERTIFICATES)


def made_home() -> AwsHome:
    """Make one of everything where botocore's own environment points, with names that nothing else has."""
    clients = Clients()
    stem = f"contracts-{uuid.uuid4().hex[:12]}"
    signing_key = _signing_key(clients)
    clients["ssm"].put_parameter(Name=f"/{stem}/chain", Value=chain_for(clients, signing_key), Type="String")
    queue, events = _queue(clients, f"{stem}-tokens"), _queue(clients, f"{stem}-events")
    pool, client = _people(clients, stem)
    settings = Settings(
        STAGE="contracts",
        TABLE=_table(clients, stem),
        BUS=_bus(clients, stem, events),
        GENERATION_WORKFLOW=_machine(clients, stem, queue),
        TEXT_MODEL_FUNCTION=f"{stem}-text",
        MEDIA_ENDPOINT=f"{stem}-media",
        ENVELOPE_KEY=clients["kms"].create_key()["KeyMetadata"]["Arn"],
        SIGNING_KEY=signing_key,
        SIGNING_CERTIFICATES=f"/{stem}/chain",
        TRANSPARENCY_KEY=_signing_key(clients),
        RECEIPTS_KEY=_signing_key(clients),
        BIOMETRIC_KEY=clients["kms"].create_key()["KeyMetadata"]["Arn"],
        VECTOR_INDEX=f"arn:aws:s3vectors:us-east-1:000000000000:bucket/{stem}/index/clips",  # not emulated
        KEYRING_TABLE=_keyring(clients, f"{stem}-keyring"),
        ISSUER=f"https://cognito-idp.{clients['cognito-idp'].meta.region_name}.amazonaws.com/{pool}",
        AUDIENCE=client,
        PUBLIC_URL="https://volary.example",
        **{f"{bucket.upper()}_BUCKET": _bucket(clients, f"{stem}-{bucket}") for bucket in BUCKETS},
    )
    made = {"queue": queue, "events": events, "pool": pool, "role": stem}
    return AwsHome(aws.services(settings), settings, clients, made)


def _table(clients: Clients, name: str) -> str:
    keys = ["pk", "sk", *(f"{index}{key}" for index in INDEXES for key in ("pk", "sk"))]
    clients["dynamodb"].create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=_schema(""),
        GlobalSecondaryIndexes=[
            {"IndexName": index, "KeySchema": _schema(index), "Projection": {"ProjectionType": "ALL"}}
            for index in INDEXES
        ],
    )
    clients["dynamodb"].get_waiter("table_exists").wait(TableName=name)
    return name


def _keyring(clients: Clients, name: str) -> str:
    clients["dynamodb"].create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("owner", "name")],
        KeySchema=[{"AttributeName": "owner", "KeyType": "HASH"}, {"AttributeName": "name", "KeyType": "RANGE"}],
    )
    clients["dynamodb"].get_waiter("table_exists").wait(TableName=name)
    return name


def _schema(index: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": f"{index}pk", "KeyType": "HASH"},
        {"AttributeName": f"{index}sk", "KeyType": "RANGE"},
    ]


def _bucket(clients: Clients, name: str) -> str:
    clients["s3"].create_bucket(Bucket=name)
    return name


def _queue(clients: Clients, name: str) -> str:
    return str(clients["sqs"].create_queue(QueueName=name)["QueueUrl"])


def _bus(clients: Clients, name: str, queue_url: str) -> str:
    queue = _queue_arn(clients, queue_url)
    bus = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**bus, "Resource": queue}]})
    clients["sqs"].set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": policy})
    clients["events"].create_event_bus(Name=name)
    clients["events"].put_rule(Name=name, EventBusName=name, EventPattern=json.dumps({"source": ["volary"]}))
    clients["events"].put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "all", "Arn": queue}])
    return name


def _queue_arn(clients: Clients, url: str) -> str:
    asked = clients["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(asked["Attributes"]["QueueArn"])


def _machine(clients: Clients, name: str, queue_url: str) -> str:
    role = clients["iam"].create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    may = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": _queue_arn(clients, queue_url)}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    clients["iam"].put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=policy)
    definition = json.loads(json.dumps(WAITING))
    definition["States"]["wait"]["Parameters"]["QueueUrl"] = queue_url
    made = clients["stepfunctions"].create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    return str(made["stateMachineArn"])


def _signing_key(clients: Clients) -> str:
    made = clients["kms"].create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    return str(made["KeyMetadata"]["Arn"])


def _people(clients: Clients, name: str) -> tuple[str, str]:
    cognito = clients["cognito-idp"]
    pool = cognito.create_user_pool(PoolName=name)["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName=name, ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username="someone@volary.example", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(
        UserPoolId=pool, Username="someone@volary.example", Password=PASSWORD, Permanent=True
    )
    return str(pool), str(client)
