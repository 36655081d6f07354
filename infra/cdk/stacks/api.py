"""The HTTP API: one function behind every route, with its throttle and its access log.

No authorizer stands in front. A personal key (`vol_sk_…`) is a record in our table and not a JWT, some routes are
public, and both homes must decide alike: the routes ask `volary` themselves, and tests hold every route to it.
"""

import json

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.cdk.environments import Environment
from infra.cdk.functions import API, Functions, log_settings
from infra.cdk.resources import Resources
from infra.cdk.sharing import share, stack_settings

# No address, no token, no query string: a log line must not tell who watched what.
ACCESS = {
    "at": "$context.requestTime",
    "request_id": "$context.requestId",
    "route": "$context.routeKey",
    "method": "$context.httpMethod",
    "status": "$context.status",
    "milliseconds": "$context.responseLatency",
    "bytes": "$context.responseLength",
    "error": "$context.integrationErrorMessage",
}


class Api(cdk.Stack):
    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "Api", **stack_settings(environment, "api"))
        functions = Functions(self, (API,), Resources(self, environment))
        api = apigateway.HttpApi(
            self,
            "Http",
            api_name=environment.name("api"),
            create_default_stage=False,
            default_integration=integrations.HttpLambdaIntegration("Function", functions[API.name]),
        )
        self._stage(api, environment)
        share(self, environment, "api", api.api_id)
        cdk.CfnOutput(self, "Address", value=api.api_endpoint)

    def _stage(self, api: apigateway.HttpApi, environment: Environment) -> None:
        log_group = logs.LogGroup(self, "AccessLogs", **log_settings(environment))
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=api,
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=environment.requests_per_second, burst_limit=environment.burst
            ),
        )
        plain = stage.node.default_child
        assert isinstance(plain, apigateway.CfnStage)
        plain.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group.log_group_arn, format=json.dumps(ACCESS)
        )
