"""Makers are told that a clip of theirs lost the consent of somebody in it: each of them, once, and not whose."""

import json

from functions.api.limits import Limits
from tests.api.people import deliver, enrolled
from tests.api.test_likenesses import publish
from tests.api.test_webhooks import Receiver


def listens(world, who: str, url: str) -> None:
    world.client.app.state.limits = Limits(body_bytes=10**6, private_hooks=True)
    asked = {"name": who, "url": f"{url}&who={who}", "event_types": ["video.withdrawn"]}
    world.call("POST", "/webhook_endpoints", who, json=asked).raise_for_status()


def test_every_maker_hears_of_their_own_clips_once(world):
    """Bob of his clip, mo of the remix; ann, who made none, of nothing; twice carried out is once told."""
    receiver = Receiver()
    enrolled(world.home, "user_ann", audience="everyone")
    clip = world.finished("bob", prompt="@ann", visibility="public")
    remix = world.call("POST", f"/videos/{clip}/remix", "mo", json={"prompt": "at night"}).json()["id"]
    publish(world, remix)
    untouched = world.finished("bob")
    with receiver.listening() as url:
        for who in ("ann", "bob", "mo"):
            listens(world, who, url)
        world.call("POST", "/likenesses/like_user_ann/revoke", json={}).raise_for_status()
        deliver(world.home)
        world.call("DELETE", "/likenesses/like_user_ann").raise_for_status()  # another withdrawal of all
        deliver(world.home)

    told = [json.loads(body) for _, body in receiver.got]

    assert sorted(each["data"]["id"] for each in told) == sorted([clip, remix])
    assert {each["type"] for each in told} == {"video.withdrawn"}
    assert not any(word in body.decode() for _, body in receiver.got for word in ("user_ann", "like_", untouched))
