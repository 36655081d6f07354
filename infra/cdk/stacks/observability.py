"""What wakes a person: dead letters, failed jobs, a late relay, a failing API, money. And one dashboard."""

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.cdk.environments import Environment
from infra.cdk.functions import FUNCTIONS
from infra.cdk.sharing import shared, stack_settings
from infra.cdk.stacks.workflow import LETTERS

MINUTE = cdk.Duration.minutes(1)


class Observability(cdk.Stack):
    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "Observability", **stack_settings(environment, "observability"))
        self._environment = environment
        self._topic = self._alarm_topic()
        self._alarms = [
            *(self._dead_letters(way) for way in LETTERS),
            self._failed_jobs("ExecutionsFailed"),
            self._failed_jobs("ExecutionsTimedOut"),
            self._late_relay(),
            self._failing_api(),
            *([self._sleeping_endpoint()] if environment.gpu.enabled else []),
        ]
        self._dashboard()
        self._budget()

    def _alarm_topic(self) -> sns.Topic:
        key = kms.Key.from_key_arn(self, "DataKey", shared(self, self._environment, "data-key"))
        topic = sns.Topic(self, "Alarms", master_key=key, enforce_ssl=True)
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[
                    iam.ServicePrincipal("budgets.amazonaws.com"),
                    iam.ServicePrincipal("cloudwatch.amazonaws.com"),
                ],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": self._environment.account}},
            )
        )
        if self._environment.alarm_email:
            topic.add_subscription(subscriptions.EmailSubscription(self._environment.alarm_email))
        return topic

    def _dead_letters(self, way: str) -> cloudwatch.Alarm:
        queue = self._environment.name(f"{way}-dead-letters")
        metric = _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue}, "Maximum")
        return self._alarm(f"{way.capitalize()}Letters", metric, 1, f"something in {queue}: read it, mend, redrive")

    def _failed_jobs(self, name: str) -> cloudwatch.Alarm:
        """A job that fails ends its execution well; an execution that fails is a fault of ours."""
        machine = self._environment.arn("states", f"stateMachine:{self._environment.name('generation')}")
        metric = _metric("AWS/States", name, {"StateMachineArn": machine}, "Sum")
        return self._alarm(name, metric, 1, "a generation ended without its record saying so")

    def _late_relay(self) -> cloudwatch.Alarm:
        function = {"FunctionName": self._environment.name("outbox-relay")}
        metric = _metric("AWS/Lambda", "IteratorAge", function, "Maximum")
        return self._alarm("LateRelay", metric, 60_000, "events wait for more than a minute (milliseconds)")

    def _failing_api(self) -> cloudwatch.Alarm:
        api = {"ApiId": shared(self, self._environment, "api")}
        return self._alarm("FailingApi", _metric("AWS/ApiGateway", "5xx", api, "Sum"), 5, "five server errors a minute")

    def _sleeping_endpoint(self) -> cloudwatch.Alarm:
        endpoint = {"EndpointName": self._environment.name("media-models")}
        metric = _metric("AWS/SageMaker", "HasBacklogWithoutCapacity", endpoint, "Minimum")
        return self._alarm("SleepingEndpoint", metric, 1, "jobs wait and no instance comes", minutes=20)

    def _alarm(
        self, title: str, metric: cloudwatch.Metric, threshold: float, says: str, minutes: int = 1
    ) -> cloudwatch.Alarm:
        alarm = metric.create_alarm(
            self,
            title,
            threshold=threshold,
            evaluation_periods=minutes,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=says,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))
        return alarm

    def _dashboard(self) -> None:
        names = [self._environment.name(each.name.replace(".", "-").replace("_", "-")) for each in FUNCTIONS]
        widgets = [
            cloudwatch.GraphWidget(
                title=title, width=24, left=[_metric("AWS/Lambda", name, {"FunctionName": each}, how) for each in names]
            )
            for title, name, how in (("Errors", "Errors", "Sum"), ("Duration, 99th percentile", "Duration", "p99"))
        ]
        dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=self._environment.name("home"))
        dashboard.add_widgets(cloudwatch.AlarmStatusWidget(alarms=self._alarms, width=24), *widgets)

    def _budget(self) -> None:
        """Told at four fifths of the month's money, and as soon as the forecast passes it."""
        subscriber = budgets.CfnBudget.SubscriberProperty(address=self._topic.topic_arn, subscription_type="SNS")
        told = [
            budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    comparison_operator="GREATER_THAN", notification_type=kind, threshold=percent
                ),
                subscribers=[subscriber],
            )
            for kind, percent in (("ACTUAL", 80), ("FORECASTED", 100))
        ]
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=self._environment.name("month"),
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=self._environment.budget_usd, unit="USD"),
            ),
            notifications_with_subscribers=told,
        )


def _metric(namespace: str, name: str, dimensions: dict[str, str], statistic: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace, metric_name=name, dimensions_map=dimensions, statistic=statistic, period=MINUTE
    )
