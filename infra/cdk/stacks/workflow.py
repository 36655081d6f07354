"""What happens after a request was accepted: the outbox relay, the bus and its listeners, and the state machine."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_events as eventbridge
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from functions.events.subscriptions import SUBSCRIPTIONS
from infra.cdk.environments import Environment
from infra.cdk.functions import (
    ANSWERS,
    EVERY_MINUTE,
    KEEPING,
    LISTENERS,
    RELAY,
    STEPS,
    Deployed,
    Functions,
    log_settings,
)
from infra.cdk.permissions import allow
from infra.cdk.resources import Resources
from infra.cdk.sharing import stack_settings

DEFINITION = Path(__file__).parent.parent / "workflows" / "generation.asl.json"
OUTBOX = "OUTBOX"  # the partition of the records that the stores write for the bus
SOURCE = "volary"  # what the bus adapter writes into every entry
LETTERS = ("relay", "listeners", "answers")  # one queue of dead letters for each asynchronous way


class Workflow(cdk.Stack):
    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "Workflow", **stack_settings(environment, "workflow"))
        self._environment = environment
        self._known = Resources(self, environment)
        self._functions = Functions(self, (*STEPS, *ANSWERS, *RELAY, *LISTENERS, *EVERY_MINUTE, *KEEPING), self._known)
        self._letters = {way: self._dead_letters(way) for way in LETTERS}
        self._generation()
        self._relay()
        self._listeners()
        self._timers()
        self._answers()
        self._keepers()

    def _generation(self) -> None:
        steps = {deployed.thing: self._functions[deployed.name].function_arn for deployed in STEPS}
        role = iam.Role(self, "GenerationRole", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        role.add_to_policy(allow(["lambda:InvokeFunction"], list(steps.values())))
        sfn.StateMachine(
            self,
            "Generation",
            state_machine_name=self._environment.name("generation"),
            definition_body=sfn.DefinitionBody.from_string(DEFINITION.read_text()),
            definition_substitutions=steps,
            role=role,
            logs=sfn.LogOptions(
                destination=logs.LogGroup(
                    self,
                    "GenerationLogs",
                    # This prefix keeps the delivery's resource policy from growing with every state machine.
                    log_group_name=f"/aws/vendedlogs/states/{self._environment.name('generation')}",
                    **log_settings(self._environment),
                ),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
            tracing_enabled=True,
        )

    def _relay(self) -> None:
        """Every outbox record, from the first one on, until the bus has taken it."""
        (deployed,) = RELAY
        relay, letters = self._functions[deployed.name], self._letters["relay"]
        relay.add_to_role_policy(allow(["sqs:SendMessage"], letters.queue_arn))
        outbox = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"pk": {"S": [OUTBOX]}}}}
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "RelayMapping",
            function_name=relay.function_name,
            event_source_arn=self._known.of("stream"),
            starting_position="TRIM_HORIZON",
            batch_size=100,
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=100,
            function_response_types=["ReportBatchItemFailures"],
            destination_config={"onFailure": {"destination": letters.queue_arn}},
            filter_criteria={"filters": [{"pattern": self.to_json_string(outbox)}]},
        )
        mapping.node.add_dependency(relay.role)  # Lambda tries the role when the mapping is made

    def _listeners(self) -> None:
        """One rule per listener. It gets the event itself, as the embedded home's outbox loop hands it over."""
        bus = eventbridge.EventBus(self, "Bus", event_bus_name=self._environment.name("events"))
        for deployed in LISTENERS:
            hears = sorted(kind for kind, names in SUBSCRIPTIONS.items() if f"functions.{deployed.name}" in names)
            rule = eventbridge.Rule(
                self,
                f"{deployed.title}Rule",
                event_bus=bus,
                event_pattern=eventbridge.EventPattern(source=[SOURCE], detail_type=hears),
            )
            rule.add_target(self._target(deployed, eventbridge.RuleTargetInput.from_event_path("$.detail")))
            self._keep_failures(deployed, "listeners")

    def _timers(self) -> None:
        for deployed in EVERY_MINUTE:
            rule = eventbridge.Rule(
                self, f"{deployed.title}Rule", schedule=eventbridge.Schedule.rate(cdk.Duration.minutes(1))
            )
            rule.add_target(self._target(deployed, eventbridge.RuleTargetInput.from_object({})))
            self._keep_failures(deployed, "listeners")

    def _target(self, deployed: Deployed, event: eventbridge.RuleTargetInput) -> targets.LambdaFunction:
        return targets.LambdaFunction(
            self._functions[deployed.name],
            event=event,
            dead_letter_queue=self._letters["listeners"],
            retry_attempts=10,
        )

    def _answers(self) -> None:
        """Where the endpoint tells of a finished or failed call; its stack finds the topic by name."""
        key = kms.Key.from_key_arn(self, "DataKey", self._known.of("data-key"))
        topic = sns.Topic(
            self, "Answers", topic_name=self._environment.name("answers"), master_key=key, enforce_ssl=True
        )
        (deployed,) = ANSWERS
        subscription = subscriptions.LambdaSubscription(
            self._functions[deployed.name], dead_letter_queue=self._letters["answers"]
        )
        topic.add_subscription(subscription)
        self._keep_failures(deployed, "answers")

    def _keepers(self) -> None:
        """What a person of the account needs to keep the block list, and no more; nobody has it before it is given."""
        arns = [self._functions[deployed.name].function_arn for deployed in KEEPING]
        iam.ManagedPolicy(
            self,
            "BlockList",
            managed_policy_name=self._environment.name("block-list"),
            description="May call the functions that keep the block list by face and voice",
            statements=[allow(["lambda:InvokeFunction"], arns)],
        )

    def _keep_failures(self, deployed: Deployed, way: str) -> None:
        """An invocation nobody waits for: tried three times, then laid where an alarm sees it."""
        function, letters = self._functions[deployed.name], self._letters[way]
        function.add_to_role_policy(allow(["sqs:SendMessage"], letters.queue_arn))
        lambda_.CfnEventInvokeConfig(
            self,
            f"{deployed.title}Invoke",
            function_name=function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=2,
            destination_config={"onFailure": {"destination": letters.queue_arn}},
        )

    def _dead_letters(self, way: str) -> sqs.Queue:
        return sqs.Queue(
            self,
            f"{way.capitalize()}Letters",
            queue_name=self._environment.name(f"{way}-dead-letters"),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
