"""The one table of records, the quarantine for uploads, the bench for unsigned files, and what the models are given.

Nothing here is served to anybody.
"""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3vectors as s3vectors
from constructs import Construct
from volary.meanings import WIDTH
from volary.ports import EXPIRES

from infra.cdk.environments import Environment
from infra.cdk.sharing import log_bucket_name, removal, share, shared, stack_settings

ONE_DAY = cdk.Duration.days(1)
LONGEST_HOLD = cdk.Duration.days(31)  # a held clip waits up to thirty days for a moderator, unsigned in "work"


class Data(cdk.Stack):
    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "Data", **stack_settings(environment, "data"))
        self._environment = environment
        self._key = kms.Key.from_key_arn(self, "DataKey", shared(self, environment, "data-key"))
        self._table()
        self._bucket("uploads", [self._gone_after(ONE_DAY)], [self._browser_uploads()])
        self._bucket("work", [self._gone_after(LONGEST_HOLD)], [])
        self._bucket("models", [], [])
        self._bucket("likenesses", [self._gone_after(ONE_DAY, "lent/")], [])
        self._keyring()
        self._vectors()

    def _table(self) -> None:
        table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            global_secondary_indexes=[_index("gsi1"), _index("gsi2")],
            encryption=dynamodb.TableEncryptionV2.customer_managed_key(self._key),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            dynamo_stream=dynamodb.StreamViewType.NEW_IMAGE,  # old images would carry what was erased for a day
            time_to_live_attribute=EXPIRES,
            deletion_protection=self._environment.keeps_data,
            removal_policy=removal(self._environment),
        )
        share(self, self._environment, "table", table.table_name)
        share(self, self._environment, "stream", table.table_stream_arn or "")

    def _keyring(self) -> None:
        """Keys to biometrics: deleting a row is the erasure, so nothing may bring it back or carry it on."""
        table = dynamodb.TableV2(
            self,
            "Keyring",
            partition_key=_text("owner"),
            sort_key=_text("name"),
            encryption=dynamodb.TableEncryptionV2.customer_managed_key(
                kms.Key.from_key_arn(self, "BiometricKey", shared(self, self._environment, "biometric-key"))
            ),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=False
            ),
            deletion_protection=self._environment.keeps_data,
            removal_policy=removal(self._environment),
        )
        cdk.Tags.of(table).add("data-class", "biometric")
        share(self, self._environment, "keyring-table", table.table_name)

    def _vectors(self) -> None:
        """Clips by meaning: made again from the table if it is lost."""
        # Encrypted with Amazon's key: with ours its background indexing would need a grant on everything else, too.
        bucket = s3vectors.CfnVectorBucket(self, "Vectors", vector_bucket_name=self._environment.name("vectors"))
        index = s3vectors.CfnIndex(
            self,
            "VectorsOfClips",
            index_name="clips",
            vector_bucket_name=self._environment.name("vectors"),
            data_type="float32",
            dimension=WIDTH,
            distance_metric="cosine",
        )
        index.add_dependency(bucket)

    def _bucket(self, thing: str, lifecycle: list[s3.LifecycleRule], cors: list[s3.CorsRule]) -> None:
        """Unversioned, so that a deletion is one."""
        logs = s3.Bucket.from_bucket_name(self, f"{thing.capitalize()}Logs", log_bucket_name(self._environment))
        bucket = s3.Bucket(
            self,
            thing.capitalize(),
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self._key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=lifecycle,
            cors=cors,
            server_access_logs_bucket=logs,
            server_access_logs_prefix=f"{thing}/",
            removal_policy=removal(self._environment),
        )
        share(self, self._environment, f"{thing}-bucket", bucket.bucket_name)

    def _gone_after(self, age: cdk.Duration, prefix: str | None = None) -> s3.LifecycleRule:
        """Longer than anything needs it; then everything goes, also what no job remembers."""
        return s3.LifecycleRule(expiration=age, prefix=prefix, abort_incomplete_multipart_upload_after=ONE_DAY)

    def _browser_uploads(self) -> s3.CorsRule:
        return s3.CorsRule(
            allowed_methods=[s3.HttpMethods.POST, s3.HttpMethods.PUT],
            allowed_origins=[self._environment.public_url],
            allowed_headers=["content-type"],
        )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def _index(name: str) -> dynamodb.GlobalSecondaryIndexPropsV2:
    return dynamodb.GlobalSecondaryIndexPropsV2(
        index_name=name, partition_key=_text(f"{name}pk"), sort_key=_text(f"{name}sk")
    )
