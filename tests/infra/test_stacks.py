"""What the templates promise about data, keys, money and reach, for all three environments."""

import json
import re
from dataclasses import replace

import pytest

from infra.cdk.environments import ENVIRONMENTS, PROD
from tests.edge.emulated import BARRED, COPY_SECONDS

pytestmark = pytest.mark.infra

STACKS = {"Foundation", "Data", "Identity", "MediaEdge", "Inference", "Workflow", "Api", "Observability"}


@pytest.mark.parametrize("stage", sorted(ENVIRONMENTS))
def test_every_environment_synthesises_every_stack(stage, request):
    cloud = request.getfixturevalue(stage)

    assert set(cloud.templates) == STACKS
    assert {each["environment"] for each in cloud.manifest.values()} == {"aws://000000000000/us-east-1"}


def test_every_stack_carries_every_tag(prod):
    tags = [set(each["properties"]["tags"]) for each in prod.manifest.values()]

    assert tags == [{"project", "stage", "owner", "data-class", "cost-center"}] * len(STACKS)


def test_only_prod_keeps_its_data_whatever_happens(prod, dev):
    kept = ["AWS::DynamoDB::GlobalTable", "AWS::KMS::Key", "AWS::Cognito::UserPool", "AWS::S3::Bucket"]

    for cloud, policy in ((prod, "Retain"), (dev, "Delete")):
        policies = {each["DeletionPolicy"] for kind in kept for each in cloud.resources(kind).values()}
        assert policies == {policy}
    assert all(each["properties"].get("terminationProtection") for each in prod.manifest.values())
    assert not any(each["properties"].get("terminationProtection") for each in dev.manifest.values())
    tables = prod.resources("AWS::DynamoDB::GlobalTable").values()
    assert [each["Properties"]["Replicas"][0]["DeletionProtectionEnabled"] for each in tables] == [True, True]


def tables_by_key(cloud) -> dict[str, dict]:
    tables = [each["Properties"] for each in cloud.resources("AWS::DynamoDB::GlobalTable").values()]
    return {table["KeySchema"][0]["AttributeName"]: table for table in tables}


def test_keyring_leaves_no_copy_of_a_key(prod):
    """Deleting a row is the erasure: no stream, no recovery to a point in time, no index, a key of its own."""
    keyring, records = tables_by_key(prod)["owner"], tables_by_key(prod)["pk"]
    (replica,) = keyring["Replicas"]

    assert "StreamSpecification" not in keyring
    assert "GlobalSecondaryIndexes" not in keyring
    assert replica["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": False}
    assert keyring["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    assert replica["SSESpecification"] != records["Replicas"][0]["SSESpecification"]


def test_table_has_the_keys_of_the_items_port(prod):
    table = tables_by_key(prod)["pk"]
    keys = {each["IndexName"]: [key["AttributeName"] for key in each["KeySchema"]]
            for each in table["GlobalSecondaryIndexes"]}  # fmt: skip
    (replica,) = table["Replicas"]

    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    assert keys == {"gsi1": ["gsi1pk", "gsi1sk"], "gsi2": ["gsi2pk", "gsi2sk"]}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at_s", "Enabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    assert replica["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_uploads_live_a_day_and_unsigned_clips_as_long_as_a_hold(prod):
    lived = {
        name.split("/")[1][:6]: each["Properties"].get("LifecycleConfiguration", {}).get("Rules", [{}])[0]
        for name, each in prod.resources("AWS::S3::Bucket", "Data").items()
    }

    assert {thing[:4]: rule.get("ExpirationInDays") for thing, rule in lived.items()} == {
        "Uplo": 1,
        "Work": 31,
        "Mode": None,
        "Like": 1,
    }
    # Only what is lent goes by itself: captures stay until they are erased.
    assert {thing[:4]: rule.get("Prefix") for thing, rule in lived.items() if "Prefix" in rule} == {"Like": "lent/"}


def test_every_bucket_is_closed_and_wants_tls(prod):
    buckets = prod.resources("AWS::S3::Bucket")
    closed = {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    refused = [
        statement
        for policy in prod.resources("AWS::S3::BucketPolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]

    assert len(buckets) == 6
    assert all(each["Properties"]["PublicAccessBlockConfiguration"] == closed for each in buckets.values())
    assert len(refused) == len(buckets)


def test_no_bucket_keeps_old_versions(prod):
    """What is deleted must be gone: an old version would outlive an erasure."""
    assert [name for name, each in prod.resources("AWS::S3::Bucket").items()
            if "VersioningConfiguration" in each["Properties"]] == []  # fmt: skip


def test_signing_keys_are_p256_and_manifests_and_heads_have_one_role_each(prod):
    keys = [each["Properties"] for each in prod.resources("AWS::KMS::Key").values()]
    signing = [key for key in keys if key.get("KeyUsage") == "SIGN_VERIFY"]
    signs = [each for key in signing for each in key["KeyPolicy"]["Statement"] if "kms:Sign" in each["Action"]]
    named = [each["Condition"]["ArnEquals"] for each in signs if "ArnEquals" in each["Condition"]]
    roles = [each["aws:PrincipalArn"].rpartition("/")[2] for each in named]

    assert {key["KeySpec"] for key in signing} == {"ECC_NIST_P256"}
    assert sorted(roles) == ["volary-prod-checkpoint", "volary-prod-sign"]
    assert len(signing) == len(signs) == len(roles) + 1  # receipts are signed by whoever may, like a seal
    assert all(key["EnableKeyRotation"] for key in keys if key not in signing)


def actions(statement) -> set[str]:
    told = statement["Action"]
    return {told} if isinstance(told, str) else set(told)


def test_no_key_gives_its_administrators_its_use(prod):
    used = {"kms:Encrypt", "kms:Decrypt", "kms:Sign", "kms:GenerateDataKey*", "kms:*", "*"}
    keys = prod.resources("AWS::KMS::Key").values()
    statements = [each for key in keys for each in key["Properties"]["KeyPolicy"]["Statement"]]
    using = [each for each in statements if used & actions(each)]

    assert using
    assert [each["Sid"] for each in using if not each.get("Condition")] == []


def test_published_files_need_a_signed_link(prod):
    distribution = prod.only("AWS::CloudFront::Distribution", "MediaEdge")["Properties"]["DistributionConfig"]
    behaviour = distribution["DefaultCacheBehavior"]

    assert len(behaviour["TrustedKeyGroups"]) == 1
    assert behaviour["ViewerProtocolPolicy"] == "https-only"
    assert "CacheBehaviors" not in distribution


def test_the_edge_asks_its_deny_list_before_it_serves_and_keeps_copies_ten_seconds(prod, dev):
    behaviour = prod.only("AWS::CloudFront::Distribution")["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]
    function = prod.only("AWS::CloudFront::Function")["Properties"]
    copies = prod.only("AWS::CloudFront::CachePolicy")["Properties"]["CachePolicyConfig"]
    (association,) = behaviour["FunctionAssociations"]
    (store,) = function["FunctionConfig"]["KeyValueStoreAssociations"]
    (named,) = prod.resources("AWS::CloudFront::KeyValueStore")

    assert association["EventType"] == "viewer-request"
    assert function["FunctionCode"] == BARRED.read_text()
    assert (function["AutoPublish"], function["FunctionConfig"]["Runtime"]) == (True, "cloudfront-js-2.0")
    assert store["KeyValueStoreARN"]["Fn::GetAtt"] == [named.split("/")[1], "Arn"]
    assert (copies["MinTTL"], copies["DefaultTTL"], copies["MaxTTL"]) == (0, COPY_SECONDS, COPY_SECONDS)
    names = copies["ParametersInCacheKeyAndForwardedToOrigin"]["QueryStringsConfig"]["QueryStringBehavior"]
    assert names == "none"
    assert not any(dev.resources(f"AWS::CloudFront::{kind}") for kind in ("Function", "KeyValueStore", "Distribution"))


def test_what_the_edge_serves_is_kept_by_no_browser_and_sends_no_link_on(prod):
    """As the media server at home says it."""
    policy = prod.only("AWS::CloudFront::ResponseHeadersPolicy")["Properties"]["ResponseHeadersPolicyConfig"]
    (kept,) = policy["CustomHeadersConfig"]["Items"]

    assert kept == {"Header": "Cache-Control", "Value": "private, no-store", "Override": True}
    assert policy["SecurityHeadersConfig"]["ReferrerPolicy"] == {"Override": True, "ReferrerPolicy": "no-referrer"}


def test_no_gpu_is_synthesised_where_it_is_switched_off(dev, staging):
    def sagemaker(cloud):
        return [each for template in cloud.templates.values() for each in template["Resources"].values()
                if each["Type"].startswith("AWS::SageMaker")]  # fmt: skip

    assert sagemaker(dev) == []
    assert len(sagemaker(staging)) == 3


def test_endpoint_sleeps_at_zero_and_has_a_ceiling(prod):
    target = prod.only("AWS::ApplicationAutoScaling::ScalableTarget")["Properties"]
    policies = prod.resources("AWS::ApplicationAutoScaling::ScalingPolicy").values()
    wakes = {json.dumps(each["Properties"]) for each in prod.resources("AWS::CloudWatch::Alarm", "Inference").values()}

    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, PROD.gpu.max_instances)
    assert {each["Properties"]["PolicyType"] for each in policies} == {"StepScaling", "TargetTrackingScaling"}
    assert any("HasBacklogWithoutCapacity" in each for each in wakes)


def test_endpoint_tells_of_success_and_failure(prod):
    output = prod.only("AWS::SageMaker::EndpointConfig")["Properties"]["AsyncInferenceConfig"]["OutputConfig"]
    topic = "arn:aws:sns:us-east-1:000000000000:volary-prod-answers"

    assert output["NotificationConfig"] == {"SuccessTopic": topic, "ErrorTopic": topic}
    assert prod.only("AWS::SNS::Topic", "Workflow")["Properties"]["TopicName"] == "volary-prod-answers"


def test_model_network_has_no_way_out(prod):
    ways = ["AWS::EC2::NatGateway", "AWS::EC2::InternetGateway", "AWS::EC2::EgressOnlyInternetGateway"]
    services = re.findall(r"\b(s3|kms|states)\b", json.dumps(prod.resources("AWS::EC2::VPCEndpoint")))
    egress = prod.resources("AWS::EC2::SecurityGroupEgress").values()
    inline = [rule for each in prod.resources("AWS::EC2::SecurityGroup").values()
              for rule in each["Properties"].get("SecurityGroupEgress", [])]  # fmt: skip

    assert [name for kind in ways for name in prod.resources(kind)] == []
    assert len(prod.resources("AWS::EC2::VPCEndpoint")) == 3
    assert {"s3", "kms", "states"} <= set(services)
    assert all(rule.get("CidrIp") in (None, "255.255.255.255/32") for rule in inline)
    assert all("CidrIp" not in each["Properties"] for each in egress)
    assert prod.only("AWS::SageMaker::Model")["Properties"]["VpcConfig"]


def test_api_is_throttled_and_logged_without_secrets(prod):
    stage = prod.only("AWS::ApiGatewayV2::Stage")["Properties"]
    logged = stage["AccessLogSettings"]["Format"]

    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 1000, "ThrottlingRateLimit": 500}
    assert not any(word in logged for word in ("sourceIp", "authorizer", "$context.path", "userAgent"))


def test_every_log_ends(prod):
    groups = prod.resources("AWS::Logs::LogGroup").values()

    assert len(groups) > 15
    assert {each["Properties"].get("RetentionInDays") for each in groups} == {90}


def test_every_queue_of_dead_letters_has_an_alarm(prod):
    queues = {each["Properties"]["QueueName"] for each in prod.resources("AWS::SQS::Queue").values()}
    watched = {
        dimension["Value"]
        for alarm in prod.resources("AWS::CloudWatch::Alarm", "Observability").values()
        for dimension in alarm["Properties"]["Dimensions"]
        if dimension["Name"] == "QueueName"
    }

    assert queues == watched == {f"volary-prod-{way}-dead-letters" for way in ("relay", "listeners", "answers")}


def test_month_has_a_budget_that_tells_somebody(prod):
    budget = prod.only("AWS::Budgets::Budget")["Properties"]

    assert budget["Budget"]["BudgetLimit"] == {"Amount": PROD.budget_usd, "Unit": "USD"}
    assert {each["Notification"]["NotificationType"] for each in budget["NotificationsWithSubscribers"]} == {
        "ACTUAL",
        "FORECASTED",
    }


def test_rehearsal_may_leave_the_inference_stack_out(prod):
    users = [name for name, each in prod.manifest.items() if "Inference" in each.get("dependencies", [])]

    assert users == []
    assert not any("Fn::ImportValue" in json.dumps(template) for template in prod.templates.values())


def test_the_large_engine_runs_from_weights_pinned_by_digest(tmp_path):
    import aws_cdk as cdk

    import infra.cdk.app as application
    from infra.cdk.environments import STAGING, large_gpu

    digest = "ab" * 32
    gpu = large_gpu(digest, '{"steps": 20}', max_instances=2)
    app = cdk.App(outdir=str(tmp_path), context=application.UNBUNDLED, analytics_reporting=False)
    application.build(app, replace(STAGING, gpu=gpu))
    app.synth()
    template = json.loads((tmp_path / "Inference.template.json").read_text())["Resources"]
    of = {each["Type"]: each["Properties"] for each in template.values()}

    environment = of["AWS::SageMaker::Model"]["PrimaryContainer"]["Environment"]
    (variant,) = of["AWS::SageMaker::EndpointConfig"]["ProductionVariants"]
    target = of["AWS::ApplicationAutoScaling::ScalableTarget"]
    assert environment["VOLARY_ENGINE"] == "ltx-2"
    assert environment["VOLARY_ENGINE_DIGEST"] == digest
    assert f"/engines/{digest}" in json.dumps(environment["VOLARY_ENGINE_WEIGHTS"])
    assert variant["InstanceType"] == "ml.g6e.4xlarge"
    assert variant["ContainerStartupHealthCheckTimeoutInSeconds"] == 3600
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 2)
    rights = json.dumps([each["Properties"] for each in template.values() if each["Type"] == "AWS::IAM::Policy"])
    assert f"/engines/{digest}/*" in rights
    functions = json.loads((tmp_path / "Api.template.json").read_text())["Resources"]
    engines = {each["Properties"]["Environment"]["Variables"]["ENGINE"] for each in functions.values()
               if each["Type"] == "AWS::Lambda::Function"}  # fmt: skip
    assert engines == {"ltx-2"}


@pytest.mark.parametrize(("engine", "digest"), [("volary-1", "ab" * 32), ("ltx-2", ""), ("sora", "")])
def test_an_engine_without_its_digest_is_not_synthesised(engine, digest):
    from infra.cdk.environments import Gpu

    with pytest.raises(ValueError, match=engine):
        Gpu(True, engine=engine, engine_digest=digest)
