"""The asynchronous endpoint's notices wake the job that waits, with what the container said."""

import json
from dataclasses import dataclass, field, replace

import pytest
from volary import embedded
from volary.accounts import Viewer
from volary.errors import Absent
from volary.generation import Ask
from volary.stores.videos import Videos

from events.workflow import GenerationState, WaitingTask
from functions.generation.generate import generate
from functions.models.answered import Mail, answered
from functions.videos.create import create

MEDIA = {
    "sha256": "0" * 64, "size_bytes": 9, "width": 720, "height": 1280, "frames": 96, "frame_rate": 24.0,
    "seconds": 4.0, "audio_seconds": 4.0,
}  # fmt: skip
MADE = {"task": "generate", "media": MEDIA, "model": "volary-1", "mark_algorithm": "m1"}


@dataclass
class Waiting:
    """Workflows whose one task waits for the token "t" until it is answered."""

    answers: list = field(default_factory=list)

    def succeed(self, token, output):
        self._answer(token, ("succeeded", output["failure"]))

    def fail(self, token, error, cause):
        self._answer(token, ("failed", cause))

    def _answer(self, token, answer):
        if token != "t" or self.answers:
            raise Absent(f"nothing waits for {token}")
        self.answers.append(answer)


@pytest.fixture
def services():
    return replace(embedded.services(":memory:"), workflows=Waiting())


@pytest.fixture
def call_id(services):
    """The id of a call that a job waits for."""
    video = create(Ask(prompt="a red ball"), Viewer(user_id="user_1"), services)
    generate(WaitingTask(state=GenerationState(video_id=video.id), token="t"), services)
    return Videos(services.items).get(video.id).call_id


def mail(call_id, **notice):
    text = json.dumps({"inferenceId": call_id, "eventName": "InferenceResult", **notice})
    return Mail.model_validate({"Records": [{"Sns": {"Message": text}}]})


def completed(call_id, place="s3://work-bucket/answers/1.out"):
    return mail(call_id, invocationStatus="Completed", responseParameters={"outputLocation": place})


def test_an_answer_is_read_from_where_the_notice_says(services, call_id):
    services.blobs.put("work", "answers/1.out", json.dumps(MADE).encode(), "application/json")

    answered(completed(call_id), services)

    assert services.workflows.answers == [("succeeded", None)]


def test_a_notice_that_comes_twice_wakes_once(services, call_id):
    services.blobs.put("work", "answers/1.out", json.dumps(MADE).encode(), "application/json")

    for _ in range(2):
        answered(completed(call_id), services)

    assert services.workflows.answers == [("succeeded", None)]


def test_the_containers_refusal_ends_the_job_with_its_code(services, call_id):
    refusal = json.dumps({"code": "source_unreadable", "message": "404"}).encode()
    services.blobs.put("work", "failures/1-error.out", refusal, "application/json")

    answered(mail(call_id, invocationStatus="Failed", failureLocation="s3://b/failures/1-error.out"), services)

    assert services.workflows.answers == [("succeeded", "source_unreadable")]


@pytest.mark.parametrize("place", [{}, {"failureLocation": "s3://b/failures/none.out"}])
def test_a_failure_without_the_containers_words_fails_the_task_so_that_it_is_tried_again(services, call_id, place):
    answered(mail(call_id, invocationStatus="Failed", failureReason="server error (500)", **place), services)

    assert services.workflows.answers == [("failed", "model_fault: server error (500)")]


@pytest.mark.parametrize("stored", [None, b"not json", b"[]"])
def test_an_answer_that_cannot_be_read_fails_the_task(services, call_id, stored):
    if stored is not None:
        services.blobs.put("work", "answers/1.out", stored, "application/json")

    answered(completed(call_id), services)

    assert services.workflows.answers[0][0] == "failed"


def test_a_notice_about_a_call_nobody_made_changes_nothing(services):
    answered(mail("call_unheard", invocationStatus="Failed", failureReason="?"), services)

    assert services.workflows.answers == []
