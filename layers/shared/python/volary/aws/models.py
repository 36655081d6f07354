"""The `Models` port: the text models in a container Lambda, the media models behind an asynchronous SageMaker endpoint.

A media request travels as an object, because the endpoint takes no body; its answer comes back by way of SNS and
functions.models.answered, under the call's id.
"""

import json
from typing import Any

from pydantic import ValidationError

from events.inference import InferenceError, Late, Request
from volary.aws import faults
from volary.aws.clients import Clients
from volary.errors import ModelFault, Unavailable
from volary.ports import Blobs

PREFIX = "calls"  # in the work bucket, whose objects are swept
LONGEST_CALL = 3600  # seconds; the most that SageMaker allows
LONGEST_ATTRIBUTES = 1024


class CloudModels:
    """`function` is the text Lambda, `endpoint` the SageMaker endpoint that reads requests from `work_bucket`."""

    def __init__(self, clients: Clients, blobs: Blobs, function: str, endpoint: str, work_bucket: str) -> None:
        self._clients = clients
        self._blobs = blobs
        self._function = function
        self._endpoint = endpoint
        self._work_bucket = work_bucket

    def ask(self, request: Request) -> dict[str, Any]:
        try:
            with faults.translated(f"asking {self._function} to {request.task}"):
                reply = self._clients["lambda"].invoke(
                    FunctionName=self._function, Payload=request.model_dump_json().encode()
                )
                payload = reply["Payload"].read()
        except Unavailable as problem:
            raise ModelFault(problem.message) from problem
        return answer_of(payload, failed="FunctionError" in reply)

    def submit(self, request: Late, *, call_id: str, token: str = "") -> None:
        key = f"{PREFIX}/{call_id}.json"
        self._blobs.put("work", key, request.model_dump_json().encode(), "application/json")
        with faults.translated(f"submitting {request.task} {call_id}"):
            self._clients["sagemaker-runtime"].invoke_endpoint_async(
                EndpointName=self._endpoint,
                InputLocation=f"s3://{self._work_bucket}/{key}",
                ContentType="application/json",
                Accept="application/json",
                InferenceId=call_id,
                InvocationTimeoutSeconds=LONGEST_CALL,
                **heartbeats_for(token),
            )


def heartbeats_for(token: str) -> dict[str, str]:
    """What tells the container whose heartbeats to send; nothing for a token that the header cannot hold.

    Step Functions allows tokens of 2,048 characters, SageMaker a header of 1,024. Without heartbeats a call has the
    workflow's HeartbeatSeconds to finish.
    """
    attribute = f"task-token={token}"
    return {"CustomAttributes": attribute} if token and len(attribute) <= LONGEST_ATTRIBUTES else {}


def answer_of(payload: bytes, *, failed: bool) -> dict[str, Any]:
    """The answer's JSON object; raises ModelFault for a refusal, a crash and for what is neither."""
    try:
        answer = json.loads(payload)
    except ValueError as problem:
        raise ModelFault(f"the text models answered {len(payload)} bytes that are not JSON") from problem
    if not isinstance(answer, dict):
        raise ModelFault(f"the text models answered a {type(answer).__name__}, not an object")
    if failed:
        # Lambda's own words for a crash or a timeout; they hold no request.
        raise ModelFault(f"the text models failed: {answer.get('errorType')}: {answer.get('errorMessage')}")
    _raise_refusal(answer)
    return answer


def _raise_refusal(answer: dict[str, Any]) -> None:
    if "task" in answer:
        return
    try:
        refusal = InferenceError.model_validate(answer)
    except ValidationError as problem:
        raise ModelFault(f"the text models answered an object with {sorted(answer)}") from problem
    raise ModelFault(refusal.message, code=refusal.code)
