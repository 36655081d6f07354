"""What the text function says is an answer, or a fault with its code."""

import json

import pytest
from volary.aws.models import answer_of, heartbeats_for
from volary.errors import ModelFault


def test_an_answer_is_the_object_that_came():
    said = {"task": "screen_prompt", "language": "en", "signals": []}

    assert answer_of(json.dumps(said).encode(), failed=False) == said


def test_a_refusal_keeps_its_code():
    with pytest.raises(ModelFault, match="no such field") as caught:
        answer_of(b'{"code": "invalid_request", "message": "no such field"}', failed=False)

    assert caught.value.code == "invalid_request"


@pytest.mark.parametrize(
    ("payload", "failed"),
    [
        (b'{"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 25.00 seconds"}', True),
        (b"not json", False),
        (b"[]", False),
        (b"null", True),
        (b'"text"', True),
        (b'{"signals": []}', False),
    ],
)
def test_anything_else_is_a_fault(payload, failed):
    with pytest.raises(ModelFault):
        answer_of(payload, failed=failed)


def test_the_container_is_told_whose_heartbeats_to_send_where_the_header_can_hold_it():
    assert heartbeats_for("abc") == {"CustomAttributes": "task-token=abc"}
    assert heartbeats_for("") == {} == heartbeats_for("x" * 1024)
