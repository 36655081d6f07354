"""Every Lambda function in one table, and the one way in which all of them are built."""

from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra import bundles
from infra.cdk import packaging
from infra.cdk.environments import Environment
from infra.cdk.permissions import Need, allow, statements
from infra.cdk.resources import Resources


@dataclass(frozen=True)
class Deployed:
    """One function: `generation.sign` is functions/generation/sign.py and its `lambda_handler`."""

    name: str
    needs: tuple[Need, ...]
    timeout_seconds: int = 30
    memory_mb: int = 512
    storage_mb: int = 512
    layers: tuple[bundles.Layer, ...] = ("deps", "shared")

    @property
    def handler(self) -> str:
        return f"functions.{self.name}.lambda_handler"

    @property
    def group(self) -> str:
        return self.name.split(".")[0]

    @property
    def thing(self) -> str:
        return self.name.split(".")[1]

    @property
    def title(self) -> str:
        """Its name among CDK's constructs: GenerationSign."""
        return "".join(part.capitalize() for part in self.name.replace(".", "_").split("_"))


RECORDS: tuple[Need, ...] = ("items.read", "items.write")
# To put the index of everybody's faces together for one request.
MATCHING: tuple[Need, ...] = ("keyring.read", "biometrics.match", "work.read", "work.write")
# To destroy what was lent, and to use a device's release up.
RETURNING: tuple[Need, ...] = (*RECORDS, "keyring.read", "keyring.write", "likenesses.delete")
STEPS = (
    Deployed("generation.screen_prompt", (*RECORDS, "models.ask")),
    Deployed("generation.check_consent", (*RECORDS, "keyring.read")),
    Deployed("generation.inspect_upload", (*RECORDS, *MATCHING, "uploads.read", "models.submit")),
    Deployed(
        "generation.generate",
        (
            *RECORDS,
            *("uploads.read", "videos.read", "work.read", "work.write", "models.submit"),
            *("keyring.read", "biometrics.open", "likenesses.read", "likenesses.write"),  # to lend a person
        ),
        memory_mb=1024,
    ),
    Deployed("generation.screen_media", (*RECORDS, *MATCHING, "models.submit")),
    Deployed("generation.hold", RECORDS),
    Deployed(
        "generation.sign",
        (*RECORDS, "work.read", "videos.read", "videos.write", "videos.delete", "keys.sign"),
        timeout_seconds=120,
        memory_mb=1769,  # one whole core
        storage_mb=1024,
        layers=("deps", "shared", "c2pa"),
    ),
    Deployed("generation.publish", RECORDS),
    Deployed("generation.fail", RECORDS),
)
ANSWERS = (Deployed("models.answered", (*RECORDS, "work.read", "work.delete", "workflows.answer")),)
RELAY = (Deployed("outbox.relay", ("stream.read", "items.write", "bus.publish")),)
LISTENERS = (
    Deployed("events.log_consent", RECORDS),
    Deployed("events.start_generation", ("items.read", "workflows.start")),
    Deployed("events.answer_review", ("items.read", "workflows.answer")),
    Deployed("events.clean_up", (*RECORDS, "workflows.stop", "videos.delete", "work.delete", "uploads.delete")),
    Deployed("events.place_clip", (*RECORDS, "models.ask", "vectors.write")),
    Deployed("events.displace_clip", ("vectors.write",)),
    Deployed("events.deliver_webhook", (*RECORDS, "keys.envelope")),
    Deployed(
        "events.check_capture",
        (
            *RECORDS,
            *MATCHING,
            *("keyring.write", "biometrics.wrap", "likenesses.write", "uploads.read", "models.submit"),
        ),
    ),
    Deployed(
        "events.keep_likeness",
        (
            *RECORDS,
            *("keyring.read", "keyring.write", "biometrics.wrap", "biometrics.match", "biometrics.open"),
            *("likenesses.read", "uploads.delete"),
        ),
        memory_mb=1024,
    ),
    Deployed("events.discard_capture", (*RECORDS, "keyring.erase", "likenesses.delete", "uploads.delete")),
    Deployed(
        "events.erase_likeness",
        (
            *RECORDS,
            *("keyring.read", "keyring.erase"),
            *("likenesses.read", "likenesses.delete", "uploads.delete", "work.delete"),
        ),
    ),
    Deployed("events.bar_links", ("items.read", "edge.bar"), layers=("deps", "shared", "edge")),
    Deployed("events.issue_receipt", (*RECORDS, "keys.receipts", "keys.receipts_public")),
    Deployed("events.withdraw_uses", RECORDS, timeout_seconds=120),
    Deployed("events.tell_makers", (*RECORDS, "keys.envelope")),
    Deployed("events.return_loans", RETURNING),
)
EVERY_MINUTE = (
    Deployed("events.enact_reviews", RECORDS),
    Deployed("events.rescreen", RECORDS),
    Deployed("events.index_feed", (*RECORDS, "models.ask", "vectors.read", "vectors.write"), timeout_seconds=60),
    Deployed("events.sweep_files", (*RECORDS, "videos.delete"), timeout_seconds=60),
    Deployed("events.sweep_loans", RETURNING, timeout_seconds=60),
    Deployed("events.retry_webhooks", (*RECORDS, "keys.envelope")),
    Deployed(
        "events.sequence_transparency", (*RECORDS, "videos.read", "videos.write", "keys.checkpoint", "keys.public")
    ),
)
# No event and no route leads to these: whoever keeps the block list by face and voice calls them (`volary block`).
KEEPING = (
    Deployed("blocking.add", (*RECORDS, "keyring.write", "biometrics.wrap")),
    Deployed("blocking.listed", ("items.read",)),
    Deployed("blocking.remove", (*RECORDS, "keyring.erase", "work.delete")),
)
# Roles that a key's policy names have names of their own: what they need → what they are called.
NAMED_ROLES: dict[Need, str] = {"keys.sign": "sign", "keys.checkpoint": "checkpoint"}
API = Deployed(
    "api.handler",
    (
        *RECORDS,
        *("uploads.read", "uploads.write", "uploads.delete", "work.read", "videos.read", "edge.link"),
        *("models.ask", "vectors.read", "keys.envelope", "keys.public"),  # webhook secrets are sealed
        *("keyring.read", "keyring.write", "biometrics.wrap", "keys.receipts_public"),
    ),
    memory_mb=1769,
)
FUNCTIONS = (*STEPS, *ANSWERS, *RELAY, *LISTENERS, *EVERY_MINUTE, *KEEPING, API)


class Functions(Construct):
    """The functions of one stack, by name, on one set of layers."""

    def __init__(self, scope: Construct, table: tuple[Deployed, ...], known: Resources) -> None:
        super().__init__(scope, "Functions")
        self._known = known
        names = sorted({layer for deployed in table for layer in deployed.layers})
        self._layers = {name: packaging.layer(self, name) for name in names}
        self._by_name = {deployed.name: self._function(deployed) for deployed in table}

    def __getitem__(self, name: str) -> lambda_.Function:
        return self._by_name[name]

    def _function(self, deployed: Deployed) -> lambda_.Function:
        environment = self._known.environment
        log_group = logs.LogGroup(self, f"{deployed.title}Logs", **log_settings(environment))
        return lambda_.Function(
            self,
            deployed.title,
            function_name=environment.name(deployed.name.replace(".", "-").replace("_", "-")),
            code=packaging.code("functions"),
            handler=deployed.handler,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            layers=[self._layers[name] for name in deployed.layers],
            environment=self._known.settings.model_dump(),
            role=self._role(deployed, log_group),
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
            timeout=cdk.Duration.seconds(deployed.timeout_seconds),
            memory_size=deployed.memory_mb,
            ephemeral_storage_size=cdk.Size.mebibytes(deployed.storage_mb),
        )

    def _role(self, deployed: Deployed, log_group: logs.LogGroup) -> iam.Role:
        """A role of the function's own. Signers' have fixed names, because their keys' policies name them."""
        named = [name for need, name in NAMED_ROLES.items() if need in deployed.needs]
        role = iam.Role(
            self,
            f"{deployed.title}Role",
            role_name=self._known.environment.name(named[0]) if named else None,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        role.add_to_policy(allow(["logs:CreateLogStream", "logs:PutLogEvents"], log_group.log_group_arn))
        for need in deployed.needs:
            for statement in statements(need, self._known):
                role.add_to_policy(statement)
        return role


def log_settings(environment: Environment) -> dict[str, Any]:
    """Arguments of every log group: how long it keeps, and that it goes with its stack."""
    days = {7: logs.RetentionDays.ONE_WEEK, 30: logs.RetentionDays.ONE_MONTH, 90: logs.RetentionDays.THREE_MONTHS}
    return {"retention": days[environment.log_days], "removal_policy": cdk.RemovalPolicy.DESTROY}
