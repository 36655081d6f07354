"""Endpoints as their owner manages them, and deliveries to a real receiver on loopback, attempt by attempt."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from volary.errors import Forbidden
from volary.stores.webhooks import Webhooks
from volary.webhooks import GIVE_UP_AFTER, SCHEDULE, checked_url

from events.bus import Tick, VideoCompleted, VideoFailed
from functions.api.limits import Limits
from functions.events.deliver_webhook import deliver_webhook, delivery_of, news_of
from functions.events.retry_webhooks import retry_webhooks
from functions.webhooks.post import post

HOOK = {"name": "mine", "url": "https://example.com/hook", "event_types": ["video.completed"]}


class Receiver:
    """Answers with the next of `statuses`, or 200, and keeps what came."""

    def __init__(self, *statuses: int, headers: dict[str, str] | None = None) -> None:
        self.statuses, self.headers = list(statuses), headers or {}
        self.got: list[tuple[dict[str, str], bytes]] = []

    @contextmanager
    def listening(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hook?a=b"
        server.shutdown()
        server.server_close()


def endpoint(world, url: str, *types: str) -> dict:
    world.client.app.state.limits = Limits(body_bytes=10**6, private_hooks=True)
    asked = {"name": "mine", "url": url, "event_types": list(types or ("video.completed",))}
    answer = world.call("POST", "/webhook_endpoints", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def completed(number: int = 1, owner: str = "user_ann") -> VideoCompleted:
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    return VideoCompleted(event_id=f"video_{number}.completed", at=at, video_id=f"video_{number}", owner_id=owner)


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return expected in headers["webhook-signature"].split(" ")


def test_a_secret_is_told_once_and_kept_sealed(world):
    made = world.call("POST", "/webhook_endpoints", json=HOOK).json()
    later = world.call("GET", f"/webhook_endpoints/{made['id']}").json()

    assert made["signing_secret"].startswith("whsec_")
    assert "signing_secret" not in later
    assert made["signing_secret"].endswith(later["signing_secret_hint"].removeprefix("whsec_…"))
    with world.home.database.reading() as connection:
        rows = [row["body"] for row in connection.execute("SELECT body FROM items WHERE sk LIKE 'ENDPOINT#%'")]
    assert len(rows) == 1
    assert made["signing_secret"] not in rows[0]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"url": "http://example.com"}, "url"),
        ({"url": "https://127.0.0.1"}, "url"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "url"),
        ({"url": 5}, "url"),
        ({"name": ""}, "name"),
        ({"event_types": []}, "event_types"),
        ({"event_types": ["video.liked"]}, "event_types.0"),
        ({"event_types": None}, "event_types"),
    ],
)
def test_a_bad_endpoint_is_refused(world, change, param):
    answer = world.call("POST", "/webhook_endpoints", json={**HOOK, **change})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_nobody_allows_themselves_a_private_address(world):
    asked = {**HOOK, "url": "http://127.0.0.1:1/", "may_be_private": True}

    assert world.call("POST", "/webhook_endpoints", json=asked).status_code == 400


def test_endpoints_are_listed_newest_first_and_at_most_twenty(world):
    made = []
    for number in range(20):
        made.append(world.call("POST", "/webhook_endpoints", json={**HOOK, "name": f"n{number}"}).json()["id"])
        world.clock.pass_seconds(1)

    first = world.call("GET", "/webhook_endpoints", params={"limit": 15}).json()
    rest = world.call("GET", "/webhook_endpoints", params={"after": first["last_id"]}).json()

    assert [each["id"] for each in first["data"] + rest["data"]] == made[::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    refused = world.call("POST", "/webhook_endpoints", json=HOOK)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "too_many_endpoints")


def test_a_finished_clip_is_told_thinly_and_signed(world):
    receiver = Receiver()
    with receiver.listening() as url:
        made = endpoint(world, url)
        deliver_webhook(completed(), world.home.services)

    [(headers, body)] = receiver.got
    event = json.loads(body)
    assert set(event) == {"id", "object", "created_at", "type", "data"}
    assert (event["type"], event["object"], event["data"]) == ("video.completed", "event", {"id": "video_1"})
    assert event["id"].startswith("evt_")
    assert headers["webhook-id"] != event["id"]
    assert is_signed(made["signing_secret"], headers, body)


def test_an_event_delivered_twice_is_told_once(world):
    receiver = Receiver()
    with receiver.listening() as url:
        endpoint(world, url)
        deliver_webhook(completed(), world.home.services)
        deliver_webhook(completed(), world.home.services)

    assert len(receiver.got) == 1


def test_only_the_owner_and_only_the_wanted_types_are_told(world):
    receiver = Receiver()
    with receiver.listening() as url:
        endpoint(world, url, "video.completed")
        deliver_webhook(completed(owner="user_bob"), world.home.services)
        failed = VideoFailed(
            event_id="video_2.failed", at=world.clock.now(), video_id="video_2", owner_id="user_ann", code="timeout"
        )
        deliver_webhook(failed, world.home.services)

    assert receiver.got == []


def test_failures_are_tried_again_on_schedule_with_the_same_id_and_body(world):
    receiver = Receiver(500, 302, 404)
    with receiver.listening() as url:
        made = endpoint(world, url)
        deliver_webhook(completed(), world.home.services)
        for number, seconds in enumerate(SCHEDULE[1:4], start=1):
            retry_webhooks(Tick(), world.home.services)
            assert len(receiver.got) == number
            world.clock.pass_seconds(seconds * 1.2 + 1)
            retry_webhooks(Tick(), world.home.services)
            assert len(receiver.got) == number + 1
        world.clock.pass_seconds(10**6)
        retry_webhooks(Tick(), world.home.services)

    assert len(receiver.got) == 4
    assert len({(headers["webhook-id"], body) for headers, body in receiver.got}) == 1
    assert len({headers["webhook-timestamp"] for headers, _ in receiver.got}) == 4
    assert all(is_signed(made["signing_secret"], headers, body) for headers, body in receiver.got)


def test_a_receiver_may_ask_for_time(world):
    receiver = Receiver(429, headers={"Retry-After": "900"})
    with receiver.listening() as url:
        endpoint(world, url)
        deliver_webhook(completed(), world.home.services)
        world.clock.pass_seconds(899)
        retry_webhooks(Tick(), world.home.services)
        assert len(receiver.got) == 1
        world.clock.pass_seconds(2)
        retry_webhooks(Tick(), world.home.services)

    assert len(receiver.got) == 2


def test_a_receiver_that_is_gone_is_disabled_until_its_owner_changes_it(world):
    receiver = Receiver(410)
    with receiver.listening() as url:
        made = endpoint(world, url)
        deliver_webhook(completed(1), world.home.services)
        deliver_webhook(completed(2), world.home.services)
        shown = world.call("GET", f"/webhook_endpoints/{made['id']}").json()
        world.call("POST", f"/webhook_endpoints/{made['id']}", json={"name": "back"})
        deliver_webhook(completed(3), world.home.services)

    assert shown["disabled_because"] == "it answered 410"
    assert [json.loads(body)["data"]["id"] for _, body in receiver.got] == ["video_1", "video_3"]


def test_a_receiver_that_fails_for_long_is_disabled(world):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        made = endpoint(world, f"http://127.0.0.1:{closed.getsockname()[1]}/")
        for number in range(GIVE_UP_AFTER):
            deliver_webhook(completed(number), world.home.services)
            for _ in SCHEDULE:
                world.clock.pass_seconds(100_000)
                retry_webhooks(Tick(), world.home.services)

    stored = Webhooks(world.home.items).get("user_ann", made["id"])
    assert (stored.status, stored.failures) == ("disabled", GIVE_UP_AFTER)
    assert Webhooks(world.home.items).due(2**40, 100) == []


def test_a_rotated_secret_signs_beside_the_old_one_for_a_day(world):
    receiver = Receiver()
    with receiver.listening() as url:
        old = endpoint(world, url)
        path = f"/webhook_endpoints/{old['id']}/rotate_secret"
        new = world.call("POST", path, json={"keep_old_secret_active_for_24_hours": True}).json()
        deliver_webhook(completed(1), world.home.services)
        world.clock.pass_seconds(86_401)
        deliver_webhook(completed(2), world.home.services)

    secrets = (old["signing_secret"], new["signing_secret"])
    assert [[is_signed(each, *got) for each in secrets] for got in receiver.got] == [[True, True], [False, True]]


def test_a_rotated_secret_stops_signing_at_once_where_asked(world):
    receiver = Receiver()
    with receiver.listening() as url:
        old = endpoint(world, url)
        world.call("POST", f"/webhook_endpoints/{old['id']}/rotate_secret")
        deliver_webhook(completed(), world.home.services)

    assert not is_signed(old["signing_secret"], *receiver.got[0])


def test_a_first_attempt_lost_with_its_process_is_made_later(world):
    receiver = Receiver()
    with receiver.listening() as url:
        made = endpoint(world, url)
        store = Webhooks(world.home.items)
        now = int(world.clock.now().timestamp())
        store.add_delivery(delivery_of(news_of(completed()), store.get("user_ann", made["id"]), now))
        deliver_webhook(completed(), world.home.services)
        assert receiver.got == []
        world.clock.pass_seconds(61)
        retry_webhooks(Tick(), world.home.services)

    assert len(receiver.got) == 1


def test_a_test_delivery_tells_what_the_receiver_answered(world):
    receiver = Receiver(418)
    with receiver.listening() as url:
        made = endpoint(world, url)
        answer = world.call("POST", f"/webhook_endpoints/{made['id']}/test", json={"event_type": "video.failed"})

    assert answer.json()["status_code"] == 418
    assert json.loads(receiver.got[0][1])["type"] == "video.failed"


def test_a_name_that_leads_into_a_private_network_is_never_connected_to():
    """A name may be fine when it is registered and lead home later: what it resolves to is judged at every call."""
    receiver = Receiver()
    with receiver.listening() as url:
        target = checked_url(url.replace("127.0.0.1", "localhost"), may_be_private=True)
        with pytest.raises(Forbidden, match="127.0.0.1|::1"):
            post(target, {}, b"{}", may_be_private=False)

    assert receiver.got == []


def test_a_receiver_that_answers_no_http_is_a_failure(world):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def babble() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"SSH-2.0-nothing here\r\n\r\n")

        threading.Thread(target=babble, daemon=True).start()
        made = endpoint(world, f"http://127.0.0.1:{listener.getsockname()[1]}/")
        answer = world.call("POST", f"/webhook_endpoints/{made['id']}/test", json={"event_type": "video.failed"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "delivery_failed")
