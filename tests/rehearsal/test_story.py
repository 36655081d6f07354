"""From a prompt to a clip that anybody can check, through the deployed gateway, functions, workflow and stores."""

import secrets
import time

import httpx
import pytest
from volary.certificates import anchor
from volary.stores.videos import Videos

from events.moderation import ALWAYS_BLOCKED_TEXT
from local import witnesses
from tests.rehearsal.conftest import WEIGHTS, Caller

pytestmark = [pytest.mark.rehearsal, pytest.mark.slow]
needs_weights = pytest.mark.skipif(not WEIGHTS.exists(), reason="there are no generator weights in this checkout")
PROMPT = "a red ball rolls over green grass"


@pytest.fixture(scope="module")
def finished(ada):
    """A video that ada asked for, once it has ended: its record, the stages on the way, and her credits before."""
    before = ada.credits()
    asked = ada("POST", "/v1/videos", {"prompt": PROMPT, "seconds": "4", "seed": 7})
    assert asked.status == 200, asked.body
    assert asked.json()["status"] == "queued"
    return *ada.ended(asked.json()["id"]), before


@pytest.fixture(scope="module")
def clip(finished, ada):
    """Where the gateway sends those who may watch, and what lies there."""
    answer = ada("GET", f"/v1/videos/{finished[0]['id']}/content")
    assert answer.status == 302, answer.body
    link = answer.headers["location"]
    return link, httpx.get(link).content


@needs_weights
def test_the_job_passes_through_every_stage_to_completion(finished):
    video, stages, _ = finished

    assert video["status"] == "completed", video
    assert "generating" in stages
    assert video["progress"] == 100


@needs_weights
def test_the_clip_names_its_origin_and_the_kms_key_vouches_for_it(clip, home, tmp_path):
    (tmp_path / "clip.mp4").write_bytes(clip[1])
    chain = home.clients["ssm"].get_parameter(Name="/volary/dev/signing-certificates")["Parameter"]["Value"]

    reading = witnesses.manifest(tmp_path / "clip.mp4", anchor(chain))

    assert reading.state == "trusted", reading.failures


@needs_weights
def test_the_clip_carries_the_mark_of_its_record(clip, finished, home, tmp_path):
    (tmp_path / "clip.mp4").write_bytes(clip[1])

    reading = witnesses.mark(tmp_path / "clip.mp4", home.mark_key)

    assert reading.payload == Videos(home.items()).get(finished[0]["id"]).record


@needs_weights
def test_the_link_is_signed_and_opens_nothing_else(clip, home):
    link, _ = clip

    assert link.startswith(home.address)
    assert httpx.get(link.partition("?")[0]).status_code == 403
    assert httpx.put(link, content=b"other").status_code == 403


@needs_weights
def test_a_finished_clip_costs_what_it_was_quoted(finished, ada):
    assert ada.credits() == finished[2] - 1


@needs_weights
def test_unsigned_files_go_once_the_clip_is_published(finished, home):
    work = home.parameter("work-bucket")
    for _ in range(240):
        left = home.clients["s3"].list_objects_v2(Bucket=work, Prefix=f"{finished[0]['id']}/").get("Contents", ())
        if not left:
            return
        time.sleep(0.5)
    raise AssertionError(f"left in the work bucket: {[each['Key'] for each in left]}")


def test_a_blocked_prompt_fails_costs_nothing_and_makes_nothing(ada, home):
    before = ada.credits()
    asked = ada("POST", "/v1/videos", {"prompt": f"a garden {ALWAYS_BLOCKED_TEXT}", "seconds": "4"})

    video, stages = ada.ended(asked.json()["id"])

    assert video["status"] == "failed"
    assert video["error"]["code"] == "moderation_blocked"
    assert "generating" not in stages
    assert ada.credits() == before
    found = home.clients["s3"].list_objects_v2(Bucket=home.parameter("videos-bucket"), Prefix=video["id"])
    assert found["KeyCount"] == 0
    assert ada("GET", f"/v1/videos/{video['id']}/content").status in (400, 404, 409)


@pytest.mark.skipif(WEIGHTS.exists(), reason="a model server listens behind the endpoint here")
def test_a_lost_instance_fails_the_job_and_gives_the_credits_back(ada):
    before = ada.credits()
    asked = ada("POST", "/v1/videos", {"prompt": PROMPT, "seconds": "4"})

    video, stages = ada.ended(asked.json()["id"])

    assert video["status"] == "failed"
    assert video["error"]["code"] == "generation_failed"
    assert "generating" in stages
    assert ada.credits() == before


def test_nobody_enters_without_a_token_of_the_user_pool(home, ada):
    assert Caller(home, None)("GET", "/v1/me").status == 401
    for token in (ada.person.token[:-2], "vol_sk_" + secrets.token_urlsafe(32)):
        assert Caller(home, ada.person._replace(token=token))("GET", "/v1/me").status == 401


def test_another_persons_video_is_not_there(home, ada):
    asked = ada("POST", "/v1/videos", {"prompt": f"mine {ALWAYS_BLOCKED_TEXT}", "seconds": "4"}).json()
    ben = Caller(home, home.newcomer("ben"))

    assert ben("GET", f"/v1/videos/{asked['id']}").status == 404
    assert ada("GET", f"/v1/videos/{asked['id']}").status == 200
