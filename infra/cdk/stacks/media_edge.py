"""Published files and, where the environment has one, the network that serves them: one stack, or CDK finds a cycle."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.cdk.environments import Environment
from infra.cdk.sharing import log_bucket_name, removal, share, shared, stack_settings

BARRED = Path(__file__).parents[1] / "edge" / "barred.js"
# A file that was deleted is gone from the edge's own copies after this; until then only an unbarred link leads there.
COPIES = cdk.Duration.seconds(10)


class MediaEdge(cdk.Stack):
    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "MediaEdge", **stack_settings(environment, "media-edge"))
        self._environment = environment
        self._logs = s3.Bucket.from_bucket_name(self, "Logs", log_bucket_name(environment))
        videos = self._videos()
        share(self, environment, "videos-bucket", videos.bucket_name)
        if environment.has_edge:
            self._edge(videos)

    def _edge(self, videos: s3.Bucket) -> None:
        pem = shared(self, self._environment, "media-public-key")
        key = cloudfront.PublicKey(self, "LinkKey", encoded_key=pem)
        deny_list = cloudfront.KeyValueStore(self, "DenyList", comment="names whose earlier links have ended")
        distribution = self._distribution(videos, key, deny_list)
        share(self, self._environment, "media-domain", distribution.distribution_domain_name)
        share(self, self._environment, "media-key-id", key.public_key_id)
        share(self, self._environment, "deny-list", deny_list.key_value_store_arn)

    def _videos(self) -> s3.Bucket:
        """Unversioned: a clip taken down must be gone. S3's own key, so that the edge needs no right to ours."""
        return s3.Bucket(
            self,
            "Videos",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[s3.LifecycleRule(abort_incomplete_multipart_upload_after=cdk.Duration.days(1))],
            server_access_logs_bucket=self._logs,
            server_access_logs_prefix="videos/",
            removal_policy=removal(self._environment),
        )

    def _distribution(
        self, videos: s3.Bucket, key: cloudfront.PublicKey, deny_list: cloudfront.KeyValueStore
    ) -> cloudfront.Distribution:
        """Without a trusted key every link would work unsigned; a person puts the public half into the parameter."""
        return cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"published files of {self._environment.stage}, by signed link only",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(videos),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
                trusted_key_groups=[cloudfront.KeyGroup(self, "LinkKeys", items=[key])],
                function_associations=[self._barring(deny_list)],
                cache_policy=self._copies(),
                response_headers_policy=self._headers(),
            ),
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            enable_logging=True,
            log_bucket=self._logs,
            log_file_prefix="edge/",
        )

    def _barring(self, deny_list: cloudfront.KeyValueStore) -> cloudfront.FunctionAssociation:
        """Asks the deny-list before anything is served, from the edge's own copies, too."""
        barring = cloudfront.Function(
            self,
            "Barring",
            code=cloudfront.FunctionCode.from_file(file_path=str(BARRED)),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            key_value_store=deny_list,
        )
        return cloudfront.FunctionAssociation(function=barring, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST)

    def _copies(self) -> cloudfront.CachePolicy:
        """One copy of a file for everybody: who may have it, and which link asked, is no part of its name."""
        return cloudfront.CachePolicy(
            self,
            "Copies",
            min_ttl=cdk.Duration.seconds(0),
            default_ttl=COPIES,
            max_ttl=COPIES,
            query_string_behavior=cloudfront.CacheQueryStringBehavior.none(),
        )

    def _headers(self) -> cloudfront.ResponseHeadersPolicy:
        """A polyglot file must not run as a page of this origin, and no browser may keep what may be withdrawn."""
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header="Cache-Control", value="private, no-store", override=True)
                ]
            ),
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy="default-src 'none'; sandbox", override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=cdk.Duration.days(365), override=True
                ),
            ),
        )
