"""What waits for a person's device: they see who asks and for what, and nobody else does."""

import pytest
from volary import boxes, vault
from volary.stores.videos import Videos

from tests.api.people import enrolled
from tests.likeness.material import Device, taken

DEVICE = Device(bytes(range(32)))


@pytest.fixture
def likeness_id(world) -> str:
    """Ann's, whose key her device holds."""
    made = enrolled(world.home, "user_ann", audience="everyone")
    checked = taken(made, world.home.services).checked
    vault.keep(made, "user_ann", "device", DEVICE.key, checked, world.home.services)
    return made


def waiting(world, who: str = "bob", **fields) -> str:
    video = Videos(world.home.items).get(world.asked(who, **{"prompt": "@ann rides a red horse", **fields}))
    return world.change(video, status="in_progress", stage="awaiting_key").id


def listed(world, likeness_id: str, **query) -> list[str]:
    answer = world.call("GET", f"/likenesses/{likeness_id}/requests", params=query)
    assert answer.status_code == 200, answer.text
    return [each["video_id"] for each in answer.json()["data"]]


def test_it_is_told_who_asks_and_for_what(world, likeness_id):
    clip = waiting(world, purpose="education", style="animation", visibility="public")

    (said,) = world.call("GET", f"/likenesses/{likeness_id}/requests").json()["data"]

    assert (said["video_id"], said["asked_by"], said["is_mine"]) == (clip, "bob", False)
    assert (said["prompt"], said["style"], said["purpose"]) == ("@ann rides a red horse", "animation", "education")
    assert (said["seconds"], said["visibility"], said["made_from"], said["others"]) == ("4", "public", None, 0)


def test_ones_own_clips_wait_too(world, likeness_id):
    waiting(world, "ann")

    assert world.call("GET", f"/likenesses/{likeness_id}/requests").json()["data"][0]["is_mine"] is True


def test_what_does_not_wait_is_not_listed(world, likeness_id):
    finished = world.finished("bob", prompt="@ann sings")
    early = world.asked("bob", prompt="@ann sings")
    gone = waiting(world)
    world.call("DELETE", f"/videos/{gone}", "bob").raise_for_status()
    without = Videos(world.home.items).get(world.asked("bob"))
    world.change(without, status="in_progress", stage="awaiting_key")

    assert not {finished, early, gone, without.id} & set(listed(world, likeness_id))


def test_a_clip_that_was_released_is_not_listed_again(world, likeness_id):
    first, second = waiting(world), waiting(world)
    box = world.call("GET", f"/likenesses/{likeness_id}").json()["device_box"]
    key = DEVICE.opened(box, likeness_id)

    world.call("POST", f"/likenesses/{likeness_id}/releases", json={"video_id": first, "key": key}).raise_for_status()

    assert listed(world, likeness_id) == [second]


def test_after_a_withdrawal_nothing_is_told(world, likeness_id):
    kept, taken_back = waiting(world), waiting(world)
    world.call("POST", f"/likenesses/{likeness_id}/revoke", json={"scope": "clip", "value": taken_back})
    assert listed(world, likeness_id) == [kept]

    world.call("POST", f"/likenesses/{likeness_id}/revoke", json={})

    assert listed(world, likeness_id) == []


def test_long_lists_go_on_and_end(world, likeness_id):
    clips = []
    for number in range(5):
        clips.append(waiting(world))
        world.clock.pass_seconds(1)
        if number == 2:
            world.finished("bob", prompt="@ann sings")
    found, place, pages = [], None, 0
    while pages == 0 or place:
        page = world.call(
            "GET", f"/likenesses/{likeness_id}/requests", params={"limit": 2} | ({"after": place} if place else {})
        )
        found, place, pages = (
            [*found, *(each["video_id"] for each in page.json()["data"])],
            page.json()["next"],
            pages + 1,
        )
        assert page.json()["has_more"] == bool(place)

    assert found == clips[::-1]
    assert listed(world, likeness_id, limit=0) == []


def test_what_is_a_week_old_is_not_looked_for(world, likeness_id):
    waiting(world)
    world.clock.pass_seconds(8 * 86_400)

    assert listed(world, likeness_id) == []


def test_another_devices_key_is_refused(world, likeness_id):
    clip = waiting(world)
    wrong = {"video_id": clip, "key": boxes.text(bytes(32))}

    answer = world.call("POST", f"/likenesses/{likeness_id}/releases", json=wrong)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "likeness_key_refused")
    assert listed(world, likeness_id) == [clip]
