"""Calling a function of the cloud home from the command line: its answer, its refusals, and the lack of rights."""

import io
import json

import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from volary.aws.calling import called
from volary.errors import Absent, Conflict, Forbidden, Invalid, Unavailable

from local.cli import main


class Lambda:
    """Answers every call alike, and keeps what it was called with."""

    def __init__(self, payload: bytes = b"{}", *, failed: bool = False, problem: Exception | None = None) -> None:
        self.reply = {"Payload": io.BytesIO(payload)} | ({"FunctionError": "Unhandled"} if failed else {})
        self.problem = problem

    def invoke(self, **said):
        self.said = said
        if self.problem:
            raise self.problem
        return self.reply


def answer(function: Lambda):
    return called("volary-dev-blocking-add", {"id": "block_1"}, {"lambda": function})


def raised(kind: str) -> Lambda:
    return Lambda(json.dumps({"errorType": kind, "errorMessage": "what happened"}).encode(), failed=True)


def test_the_function_is_called_by_name_with_the_request():
    function = Lambda(b'{"id": "block_1", "faces": 2}')

    assert answer(function) == {"id": "block_1", "faces": 2}
    assert function.said["FunctionName"] == "volary-dev-blocking-add"
    assert json.loads(function.said["Payload"]) == {"id": "block_1"}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("Invalid", Invalid), ("Absent", Absent), ("Conflict", Conflict), ("Forbidden", Forbidden),
        ("ValidationError", Invalid), ("Sandbox.Timedout", Unavailable), ("SystemExit", Unavailable),
        ("Any", Unavailable),
    ],
)  # fmt: skip
def test_what_the_function_raises_comes_back(kind, error):
    with pytest.raises(error, match="what happened") as caught:
        answer(raised(kind))
    assert type(caught.value) is error


@pytest.mark.parametrize("payload", [b"not json", b"[]"])
def test_what_is_no_answer_is_unavailable(payload):
    with pytest.raises(Unavailable):
        answer(Lambda(payload))


@pytest.mark.parametrize(
    ("problem", "error"),
    [
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "Invoke"), Forbidden),
        (ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Invoke"), Absent),
        (ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke"), Unavailable),
        (NoCredentialsError(), Invalid),
    ],
)
def test_lacking_rights_are_told(problem, error):
    with pytest.raises(error, match="volary-dev-blocking-add"):
        answer(Lambda(problem=problem))


def test_a_stage_that_is_no_name_is_refused_before_anything_is_called(capsys):
    assert main(["block", "list", "--stage", "../prod"]) == 1
    assert "no name of a stage" in capsys.readouterr().err
