"""A request sent twice acts once: by key, and by what the official clients repeat without one."""

import struct
import threading
import zlib

import pytest
from volary.errors import Conflict
from volary.ports import ALWAYS
from volary.stores.idempotency import LEASE_SECONDS, Claim, InProgress, RepeatableIds, Requests

from functions.api.bodies import fingerprint

BODY = {"prompt": "a fox in the snow"}


def keyed(name: str) -> dict[str, str]:
    return {"idempotency-key": name}


def retried(count: int = 1) -> dict[str, str]:
    return {"x-stainless-retry-count": str(count)}


def count(world, who: str = "ann") -> int:
    return len(world.call("GET", "/videos", who, params={"limit": 100}).json()["data"])


def test_the_same_key_gives_the_same_bytes(world):
    one = world.call("POST", "/videos", json=BODY, headers=keyed("k"))
    other = world.call("POST", "/videos", json=BODY, headers=keyed("k"))

    assert one.content == other.content
    assert one.headers["openai-poll-after-ms"] == other.headers["openai-poll-after-ms"]
    assert one.headers["x-request-id"] != other.headers["x-request-id"]
    assert count(world) == 1


def test_the_same_key_with_another_body_is_refused(world):
    world.call("POST", "/videos", json=BODY, headers=keyed("k"))

    answer = world.call("POST", "/videos", json={"prompt": "another"}, headers=keyed("k"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert count(world) == 1


def test_the_same_key_of_another_person_is_another_key(world):
    world.call("POST", "/videos", json=BODY, headers=keyed("k"))
    world.call("POST", "/videos", "bob", json=BODY, headers=keyed("k"))

    assert (count(world), count(world, "bob")) == (1, 1)


def test_the_same_key_on_another_call_is_refused(world):
    world.call("POST", "/videos", json=BODY, headers=keyed("k"))

    assert world.call("POST", "/posts", json={"video_id": "x"}, headers=keyed("k")).status_code == 422


def test_a_key_is_free_again_after_a_day(world):
    world.call("POST", "/videos", json=BODY, headers=keyed("k"))
    world.clock.pass_seconds(86_401)
    world.call("POST", "/videos", json={"prompt": "another"}, headers=keyed("k"))

    assert count(world) == 2


def test_a_refused_request_leaves_its_key_usable(world):
    refused = world.call("POST", "/videos", json={"prompt": ""}, headers=keyed("k"))
    again = world.call("POST", "/videos", json={"prompt": ""}, headers=keyed("k"))

    assert (refused.status_code, again.status_code) == (400, 400)
    assert again.json()["error"]["code"] == "empty_prompt"


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_of_bad_length_is_refused(world, key):
    assert world.call("POST", "/videos", json=BODY, headers=keyed(key)).status_code == 400


def test_every_post_honours_the_key(world):
    asked = {"name": "n", "url": "https://example.com/hook", "event_types": ["video.completed"]}
    one = world.call("POST", "/webhook_endpoints", json=asked, headers=keyed("k"))
    other = world.call("POST", "/webhook_endpoints", json=asked, headers=keyed("k"))

    assert one.content == other.content
    assert len(world.call("GET", "/webhook_endpoints").json()["data"]) == 1


def test_a_clients_retry_without_a_key_acts_once(world):
    first = world.call("POST", "/videos", json=BODY, headers={"x-stainless-retry-count": "0"})
    again = world.call("POST", "/videos", json=BODY, headers=retried())

    assert first.content == again.content
    assert count(world) == 1


def test_a_retry_is_known_whatever_boundary_its_form_has(world):
    form = {"prompt": (None, "a fox"), "input_reference": ("a.png", PNG, "image/png")}
    first = world.call("POST", "/videos", files=form)
    again = world.call("POST", "/videos", files=form, headers=retried())

    assert first.status_code == 200
    assert first.json()["id"] == again.json()["id"]


def test_two_equal_requests_on_purpose_make_two_clips(world):
    world.call("POST", "/videos", json=BODY)
    world.call("POST", "/videos", json=BODY)

    assert count(world) == 2


def test_a_retry_long_after_acts_anew(world):
    world.call("POST", "/videos", json=BODY)
    world.clock.pass_seconds(601)
    world.call("POST", "/videos", json=BODY, headers=retried())

    assert count(world) == 2


def test_a_retry_whose_first_try_never_came_acts(world):
    assert world.call("POST", "/videos", json=BODY, headers=retried(2)).status_code == 200
    assert count(world) == 1


def test_a_request_under_way_is_a_conflict_that_clients_retry(world):
    claim = Claim("user_ann", "k", fingerprint_of(BODY))
    Requests(world.home.items).begin(claim, "nonce", int(world.clock.now().timestamp()))

    answer = world.call("POST", "/videos", json=BODY, headers=keyed("k"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "request_in_progress")
    assert (answer.headers["retry-after"], answer.headers["x-should-retry"]) == ("1", "true")


def test_a_request_killed_before_it_acted_is_taken_over(world):
    claim = Claim("user_ann", "k", fingerprint_of(BODY))
    Requests(world.home.items).begin(claim, "nonce", int(world.clock.now().timestamp()))
    world.clock.pass_seconds(LEASE_SECONDS + 1)

    assert world.call("POST", "/videos", json=BODY, headers=keyed("k")).status_code == 200
    assert count(world) == 1


@pytest.mark.parametrize("later", [LEASE_SECONDS + 1, 3600])
def test_a_request_killed_after_it_acted_is_found_again(world, later):
    """The clip was accepted and paid for; the process died before the answer was kept."""
    first = world.call("POST", "/videos", json=BODY, headers=keyed("k")).json()
    claim = Claim("user_ann", "k", fingerprint_of(BODY))
    requests = Requests(world.home.items)
    kept = requests.begin(claim, "other", int(world.clock.now().timestamp()))
    requests._write(claim, kept.model_copy(update={"state": "started", "body": ""}), ALWAYS)
    world.clock.pass_seconds(later)

    again = world.call("POST", "/videos", json=BODY, headers=keyed("k"))

    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert count(world) == 1


def test_many_at_once_with_one_key_act_once(world):
    answers = []

    def send() -> None:
        answers.append(world.call("POST", "/videos", json=BODY, headers=keyed("k")))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert count(world) == 1
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1


def test_two_that_find_the_same_dead_claim_do_not_both_take_it(world):
    requests, claim = Requests(world.home.items), Claim("user_ann", "k", "f")
    requests.begin(claim, "one", 0)
    requests.begin(claim, "two", LEASE_SECONDS + 1)

    with pytest.raises(InProgress):
        requests.begin(claim, "three", LEASE_SECONDS + 1)


def test_ids_repeat_with_their_nonce_only():
    one, same, other = RepeatableIds("a"), RepeatableIds("a"), RepeatableIds("b")

    first = [one.new("video"), one.new("video"), one.record(), one.seed()]
    assert first == [same.new("video"), same.new("video"), same.record(), same.seed()]
    assert first[0] != first[1]
    assert other.new("video") != first[0]


def test_in_progress_is_a_conflict():
    assert issubclass(InProgress, Conflict)


def fingerprint_of(body: dict) -> str:
    return fingerprint("POST", "/v1/videos", body)


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0\0\0\0")), chunk(b"IEND", b"")]
    )


PNG = _png()
