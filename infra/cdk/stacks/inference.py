"""The model servers: the media models on an asynchronous GPU endpoint that sleeps at zero, the text models in a Lambda.

The endpoint's network has no way out: no NAT, no internet gateway, only endpoints for S3, KMS and Step Functions.
SageMaker's own network isolation stays off, because under it a container can read no link at all, and links are how it
gets and gives every file.
"""

from pathlib import Path
from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from events.engines import SMALL
from infra.cdk.environments import Environment
from infra.cdk.functions import log_settings
from infra.cdk.permissions import allow, at_rest, statements
from infra.cdk.resources import Resources
from infra.cdk.sharing import stack_settings
from infra.cdk.training import PULL_ACTIONS, training_role

ROOT = Path(__file__).parents[3]
# The image needs the declarations and the model code; everything else stays out of its context and of its hash.
CONTEXT = ["*", "!events", "!inference", "!requirements", "**/__pycache__", "inference/train"]
VARIANT = "media"
NETWORK_ACTIONS = [
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
]
MARK = {"StringEquals": {"kms:EncryptionContext:purpose": "mark"}}


class Inference(cdk.Stack):
    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "Inference", **stack_settings(environment, "inference"))
        self._environment = environment
        self._known = Resources(self, environment)
        self._text_models()
        training_role(self, environment, self._known)
        if environment.gpu.enabled:
            self._media_models()

    def _text_models(self) -> None:
        log_group = logs.LogGroup(self, "TextLogs", **log_settings(self._environment))
        role = iam.Role(self, "TextRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        role.add_to_policy(allow(["logs:CreateLogStream", "logs:PutLogEvents"], log_group.log_group_arn))
        lambda_.DockerImageFunction(
            self,
            "TextModels",
            function_name=self._known.text_models,
            code=lambda_.DockerImageCode.from_image_asset(str(ROOT), **_image("text")),
            architecture=lambda_.Architecture.X86_64,
            role=role,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
            environment={"VOLARY_ROLE": "text"},
            timeout=cdk.Duration.seconds(25),
            memory_size=3008,
        )

    def _media_models(self) -> None:
        target: Literal["media", "large"] = "media" if self._environment.gpu.engine == SMALL else "large"
        image = ecr_assets.DockerImageAsset(self, "MediaImage", directory=str(ROOT), **_image(target))
        role = self._role(image)
        model = sagemaker.CfnModel(
            self,
            "MediaModel",
            execution_role_arn=role.role_arn,
            primary_container=self._container(image),
            vpc_config=self._network(),
            enable_network_isolation=False,
        )
        model.node.add_dependency(role)
        config = self._endpoint_config(model)
        endpoint = sagemaker.CfnEndpoint(
            self,
            "MediaEndpoint",
            endpoint_name=self._known.media_models,
            endpoint_config_name=config.attr_endpoint_config_name,
        )
        self._scaling(endpoint)

    def _container(self, image: ecr_assets.DockerImageAsset) -> sagemaker.CfnModel.ContainerDefinitionProperty:
        """SageMaker unpacks the archive with the wrapped mark key under /opt/ml/model before it starts the image."""
        return sagemaker.CfnModel.ContainerDefinitionProperty(
            image=image.image_uri,
            model_data_url=f"s3://{self._known.of('models-bucket')}/mark-key.tar.gz",
            environment={
                "VOLARY_ROLE": "media",
                "VOLARY_HOST": "0.0.0.0",
                "VOLARY_MEDIA_ORIGINS": f"https://s3.{self._environment.region}.amazonaws.com",
                "VOLARY_MARK_KEY_WRAPPED": "/opt/ml/model/mark-key.wrapped",
                **self._engine(),
            },
        )

    def _engine(self) -> dict[str, str]:
        """What a large engine is told; the container fetches its weights itself, and checks each against its digest."""
        gpu = self._environment.gpu
        if gpu.engine == SMALL:
            return {}
        return {
            "VOLARY_ENGINE": gpu.engine,
            "VOLARY_ENGINE_WEIGHTS": f"s3://{self._known.of('models-bucket')}/engines/{gpu.engine_digest}",
            "VOLARY_ENGINE_DIGEST": gpu.engine_digest,
            "VOLARY_ENGINE_OPTIONS": gpu.engine_options,
        }

    def _readable(self) -> list[str]:
        """What of the models bucket the container may read."""
        models = self._known.bucket("models")
        digest = self._environment.gpu.engine_digest
        return [f"{models}/mark-key.tar.gz", *([f"{models}/engines/{digest}/*"] if digest else [])]

    def _endpoint_config(self, model: sagemaker.CfnModel) -> sagemaker.CfnEndpointConfig:
        topic = self._environment.arn("sns", self._environment.name("answers"))
        work = self._known.of("work-bucket")
        gpu = self._environment.gpu
        of = sagemaker.CfnEndpointConfig
        return sagemaker.CfnEndpointConfig(
            self,
            "MediaConfig",
            kms_key_id=None,  # a GPU instance with local NVMe encrypts it in hardware and refuses a key of ours
            production_variants=[
                of.ProductionVariantProperty(
                    variant_name=VARIANT,
                    model_name=model.attr_model_name,
                    instance_type=gpu.instance_type,
                    initial_instance_count=1,
                    initial_variant_weight=1,
                    # Tens of gigabytes are fetched and hashed before /ping answers; an hour is the most there is.
                    container_startup_health_check_timeout_in_seconds=None if gpu.engine == SMALL else 3600,
                )
            ],
            async_inference_config=of.AsyncInferenceConfigProperty(
                client_config=of.AsyncInferenceClientConfigProperty(max_concurrent_invocations_per_instance=1),
                output_config=of.AsyncInferenceOutputConfigProperty(
                    s3_output_path=f"s3://{work}/answers",
                    s3_failure_path=f"s3://{work}/failures",
                    kms_key_id=self._known.of("data-key"),
                    notification_config=of.AsyncInferenceNotificationConfigProperty(
                        success_topic=topic, error_topic=topic
                    ),
                ),
            ),
        )

    def _scaling(self, endpoint: sagemaker.CfnEndpoint) -> None:
        """From 0 up by one as soon as anything waits, then by the backlog; down again after the idle time."""
        gpu = self._environment.gpu
        target = autoscaling.ScalableTarget(
            self,
            "Instances",
            service_namespace=autoscaling.ServiceNamespace.SAGEMAKER,
            resource_id=f"endpoint/{self._known.media_models}/variant/{VARIANT}",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            min_capacity=0,
            max_capacity=gpu.max_instances,
            role=self._service_role(),
        )
        target.node.add_dependency(endpoint)
        target.scale_to_track_metric(
            "Backlog",
            custom_metric=self._metric("ApproximateBacklogSizePerInstance"),
            target_value=2,
            scale_in_cooldown=cdk.Duration.seconds(gpu.idle_seconds),
            scale_out_cooldown=cdk.Duration.seconds(60),
        )
        target.scale_on_metric(
            "Wake",
            metric=self._metric("HasBacklogWithoutCapacity"),
            scaling_steps=[
                autoscaling.ScalingInterval(lower=1, change=1),
                autoscaling.ScalingInterval(upper=0, change=0),
            ],
            adjustment_type=autoscaling.AdjustmentType.CHANGE_IN_CAPACITY,
            cooldown=cdk.Duration.seconds(60),
        )

    def _service_role(self) -> iam.IRole:
        arn = (
            f"arn:aws:iam::{self._environment.account}:role/aws-service-role/sagemaker.application-autoscaling"
            ".amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
        )
        return iam.Role.from_role_arn(self, "ScalingRole", arn, mutable=False)

    def _metric(self, name: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/SageMaker",
            metric_name=name,
            dimensions_map={"EndpointName": self._known.media_models},
            statistic="Average",
            period=cdk.Duration.minutes(1),
        )

    def _role(self, image: ecr_assets.DockerImageAsset) -> iam.Role:
        """What SageMaker does for the container: pull it, hand it its requests, take its answers, tell of them."""
        arn = self._environment.arn
        role = iam.Role(self, "MediaRole", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        needed = [
            allow(PULL_ACTIONS, image.repository.repository_arn),
            allow(["ecr:GetAuthorizationToken", *NETWORK_ACTIONS], "*"),
            allow(["cloudwatch:PutMetricData"], "*", {"StringEquals": {"cloudwatch:namespace": "AWS/SageMaker"}}),
            allow(
                ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                arn("logs", f"log-group:/aws/sagemaker/Endpoints/{self._known.media_models}:*"),
            ),
            allow(["sns:Publish"], arn("sns", self._environment.name("answers"))),
            at_rest("sns", ["kms:Decrypt", "kms:GenerateDataKey"], self._known),
            allow(["states:SendTaskHeartbeat"], "*"),  # it knows no other resource
            *(allow(["s3:GetObject"], each) for each in self._readable()),
            allow(["kms:Decrypt"], self._known.of("envelope-key"), MARK),
            *statements("work.read", self._known),
            *statements("work.write", self._known),
        ]
        for statement in needed:
            role.add_to_policy(statement)
        return role

    def _network(self) -> sagemaker.CfnModel.VpcConfigProperty:
        vpc = ec2.Vpc(
            self,
            "Network",
            availability_zones=list(self._environment.zones),
            nat_gateways=0,
            create_internet_gateway=False,
            restrict_default_security_group=False,  # it would take a custom resource; nothing is in that group
            subnet_configuration=[ec2.SubnetConfiguration(name="closed", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)],
        )
        self._flow_log(vpc)
        self._storage_endpoint(vpc)
        container = ec2.SecurityGroup(self, "Container", vpc=vpc, allow_all_outbound=False)
        doors = ec2.SecurityGroup(self, "Doors", vpc=vpc, allow_all_outbound=False)
        doors.add_ingress_rule(container, ec2.Port.tcp(443), "the container calls KMS and Step Functions")
        container.add_egress_rule(doors, ec2.Port.tcp(443), "to the interface endpoints")
        container.add_egress_rule(ec2.Peer.prefix_list(self._environment.s3_prefix_list), ec2.Port.tcp(443), "to S3")
        for name, service in (
            ("Kms", ec2.InterfaceVpcEndpointAwsService.KMS),
            ("States", ec2.InterfaceVpcEndpointAwsService.STEP_FUNCTIONS),
        ):
            vpc.add_interface_endpoint(name, service=service, security_groups=[doors], open=False)
        subnets = vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED).subnet_ids
        return sagemaker.CfnModel.VpcConfigProperty(subnets=subnets, security_group_ids=[container.security_group_id])

    def _storage_endpoint(self, vpc: ec2.Vpc) -> None:
        """The one way to files: our own buckets and nobody else's, so that nothing can be carried out."""
        objects = [f"{self._known.bucket(thing)}/*" for thing in ("uploads", "work", "videos", "models", "likenesses")]
        door = vpc.add_gateway_endpoint("Storage", service=ec2.GatewayVpcEndpointAwsService.S3)
        door.add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()], actions=["s3:GetObject", "s3:PutObject"], resources=objects
            )
        )

    def _flow_log(self, vpc: ec2.Vpc) -> None:
        log_group = logs.LogGroup(self, "FlowLogs", **log_settings(self._environment))
        vpc.add_flow_log(
            "Flow",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(log_group),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )


def _image(target: Literal["text", "media", "large"]) -> dict[str, object]:
    return {
        "file": "inference/Dockerfile",
        "target": target,
        "exclude": CONTEXT,
        "ignore_mode": cdk.IgnoreMode.DOCKER,
        "platform": ecr_assets.Platform.LINUX_AMD64,
    }
