"""Keys, the ceiling of every role's rights, and the bucket of access logs: what must outlive everything else.

The envelope key wraps the product's own data keys; the data key encrypts tables, buckets and topics at rest; the
signing key signs manifests, the transparency key heads of the public log. No automatic rotation exists for the
latter two: a new key takes over the alias by hand.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.cdk.environments import Environment
from infra.cdk.sharing import log_bucket_name, removal, role_arn, share, stack_settings

ADMINISTRATION = [
    f"kms:{verb}"
    for verb in ("Create*", "Describe*", "Enable*", "List*", "Put*", "Update*", "Revoke*", "Disable*", "Get*",
                 "Delete*", "TagResource", "UntagResource", "ScheduleKeyDeletion", "CancelKeyDeletion")
]  # fmt: skip
ENCRYPTION = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
AT_REST = ("dynamodb", "s3", "sns")
NEVER = [
    "iam:Attach*",
    "iam:Create*",
    "iam:Delete*",
    "iam:Put*",
    "iam:Update*",
    "organizations:*",
    "account:*",
    "kms:ScheduleKeyDeletion",
    "kms:DisableKey",
    "kms:PutKeyPolicy",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutAccountPublicAccessBlock",
    "s3:BypassGovernanceRetention",
    "cloudtrail:StopLogging",
    "cloudtrail:DeleteTrail",
    "cloudtrail:UpdateTrail",
    "dynamodb:DeleteTable",
    "dynamodb:UpdateContinuousBackups",
]


class Foundation(cdk.Stack):
    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "Foundation", **stack_settings(environment, "foundation", has_boundary=False))
        self._environment = environment
        self._key("data", [self._use_at_rest(), self._use_by_alarms()])
        self._key("envelope", [self._use_as_envelope()])
        self._signing_key("signing", "sign")
        self._signing_key("transparency", "checkpoint")
        self._receipts_key()
        self._key("biometric", [self._use_of_keyring(), self._use_as_wrapping()])
        self._boundary()
        self._logs()

    def _key(self, thing: str, uses: list[iam.PolicyStatement]) -> None:
        key = kms.Key(
            self,
            f"{thing.capitalize()}Key",
            alias=self._environment.name(thing),
            enable_key_rotation=True,
            policy=self._policy(uses),
            removal_policy=removal(self._environment),
        )
        share(self, self._environment, f"{thing}-key", key.key_arn)

    def _signing_key(self, thing: str, role: str) -> None:
        """A P-256 key that one role may use: manifests and heads of the public log have one each."""
        only_sign = iam.PolicyStatement(
            sid=f"Only{role.capitalize()}",
            principals=[iam.AccountRootPrincipal()],
            actions=["kms:Sign"],
            resources=["*"],
            conditions={
                "ArnEquals": {"aws:PrincipalArn": role_arn(self._environment, role)},
                "StringEquals": {"kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST"},
            },
        )
        key = kms.Key(
            self,
            f"{thing.capitalize()}Key",
            alias=self._environment.name(thing),
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            policy=self._policy([only_sign]),
            removal_policy=removal(self._environment),
        )
        share(self, self._environment, f"{thing}-key", key.key_arn)

    def _receipts_key(self) -> None:
        """A P-256 key for likeness receipts: whoever takes, changes or ends a consent signs that it happened."""
        signs = iam.PolicyStatement(
            sid="RolesThatSignReceipts",
            principals=[iam.AccountRootPrincipal()],
            actions=["kms:Sign"],
            resources=["*"],
            conditions={"StringEquals": {"kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST"}},
        )
        key = kms.Key(
            self,
            "ReceiptsKey",
            alias=self._environment.name("receipts"),
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            policy=self._policy([signs]),
            removal_policy=removal(self._environment),
        )
        share(self, self._environment, "receipts-key", key.key_arn)

    def _use_of_keyring(self) -> iam.PolicyStatement:
        """The keyring table at rest has no key in common with any other store."""
        via = f"dynamodb.{self._environment.region}.amazonaws.com"
        return iam.PolicyStatement(
            sid="RolesThroughTheKeyring",
            principals=[iam.AccountRootPrincipal()],
            actions=[*ENCRYPTION, "kms:CreateGrant"],
            resources=["*"],
            conditions={"StringEquals": {"kms:ViaService": via}},
        )

    def _use_as_wrapping(self) -> iam.PolicyStatement:
        """Only for one likeness and one purpose at a time."""
        named = {"kms:EncryptionContext:likeness": "false", "kms:EncryptionContext:purpose": "false"}
        return iam.PolicyStatement(
            sid="RolesThatSayWhoseAndWhatFor",
            principals=[iam.AccountRootPrincipal()],
            actions=["kms:Encrypt", "kms:Decrypt"],
            resources=["*"],
            conditions={"Null": named},
        )

    def _policy(self, uses: list[iam.PolicyStatement]) -> iam.PolicyDocument:
        """The account's administrators may manage a key and never use it."""
        administration = iam.PolicyStatement(
            sid="Administration",
            principals=[iam.AccountRootPrincipal()],
            actions=ADMINISTRATION,
            resources=["*"],
        )
        return iam.PolicyDocument(statements=[administration, *uses])

    def _use_at_rest(self) -> iam.PolicyStatement:
        services = [f"{service}.{self._environment.region}.amazonaws.com" for service in AT_REST]
        return iam.PolicyStatement(
            sid="RolesThroughTheStores",
            principals=[iam.AccountRootPrincipal()],
            actions=[*ENCRYPTION, "kms:CreateGrant"],
            resources=["*"],
            conditions={"StringEquals": {"kms:ViaService": services}},
        )

    def _use_by_alarms(self) -> iam.PolicyStatement:
        services = ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")
        return iam.PolicyStatement(
            sid="AlarmsToTheirTopic",
            principals=[iam.ServicePrincipal(service) for service in services],
            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
            resources=["*"],
            conditions={"StringEquals": {"aws:SourceAccount": self._environment.account}},
        )

    def _use_as_envelope(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            sid="RolesThatSayWhatFor",
            principals=[iam.AccountRootPrincipal()],
            actions=["kms:Encrypt", "kms:Decrypt"],
            resources=["*"],
            conditions={"Null": {"kms:EncryptionContextKeys": "false"}},
        )

    def _boundary(self) -> None:
        """A boundary grants nothing; it takes away what no role of ours may ever do, whatever its policy says."""
        home = iam.PolicyStatement(
            sid="NowhereElse",
            effect=iam.Effect.DENY,
            not_actions=["iam:*", "sts:*", "cloudfront:*", "cloudfront-keyvaluestore:*", "route53:*", "support:*"],
            resources=["*"],
            conditions={"StringNotEquals": {"aws:RequestedRegion": self._environment.region}},
        )
        iam.ManagedPolicy(
            self,
            "Boundary",
            managed_policy_name=self._environment.name("boundary"),
            statements=[
                iam.PolicyStatement(sid="Ceiling", actions=["*"], resources=["*"]),
                iam.PolicyStatement(sid="Never", effect=iam.Effect.DENY, actions=NEVER, resources=["*"]),
                home,
            ],
        )

    def _logs(self) -> None:
        bucket = s3.Bucket(
            self,
            "Logs",
            bucket_name=log_bucket_name(self._environment),
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,  # S3 delivers logs to no other kind
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,  # CloudFront delivers by access list
            lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(self._environment.log_days))],
            removal_policy=removal(self._environment),
        )
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AccessLogs",
                principals=[iam.ServicePrincipal("logging.s3.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects("*")],
                conditions={"StringEquals": {"aws:SourceAccount": self._environment.account}},
            )
        )
