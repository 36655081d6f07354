"""What a signer stored and did not live to look at goes a quarter of an hour later, and nothing else does."""

import pytest
from volary.ports import Put, Range
from volary.stores.published import AGAIN, AGAIN_SECONDS
from volary.stores.videos import Videos
from volary.videos import FILES, manifest_key, published_key

from events.bus import Tick
from functions.events.sweep_files import sweep_files
from tests.api.conftest import application, world  # noqa: F401 - fixtures
from tests.api.people import deliver

LATE = [*FILES, "manifest"]


def store(world, video_id: str, what: str) -> str:  # noqa: F811 - the fixture's value
    key = manifest_key(video_id) if what == "manifest" else published_key(Videos(world.home.items).get(video_id), what)
    world.home.blobs.put("videos", key, b"signed", "application/octet-stream")
    return key


def is_there(world, key: str) -> bool:  # noqa: F811
    return world.home.blobs.facts("videos", key) is not None


@pytest.mark.parametrize("what", LATE)
def test_a_file_that_came_after_the_clean_up_is_swept_when_no_signer_can_live(world, what):  # noqa: F811
    video_id = world.asked()
    world.change(Videos(world.home.items).get(video_id), stage="signing", status="in_progress", call_id="call_1")
    world.call("DELETE", f"/videos/{video_id}").raise_for_status()
    deliver(world.home)
    late = store(world, video_id, what)

    world.clock.pass_seconds(AGAIN_SECONDS - 1)
    sweep_files(Tick(), world.home.services)
    assert is_there(world, late)

    world.clock.pass_seconds(1)
    sweep_files(Tick(), world.home.services)
    assert not is_there(world, late)
    assert world.home.items.query(AGAIN, Range()) == []


def test_a_clip_that_is_watched_keeps_its_files(world):  # noqa: F811
    """A row for it can only come by mistake, and does no harm."""
    video_id = world.finished()
    kept = store(world, video_id, "video")
    world.home.items.write(Put({"pk": AGAIN, "sk": f"{1:012d}#{video_id}", "video_id": video_id}))

    sweep_files(Tick(), world.home.services)

    assert is_there(world, kept)
    assert world.home.items.query(AGAIN, Range()) == []


@pytest.mark.parametrize(("later", "rows"), [(0, 1), (AGAIN_SECONDS, 0)], ids=["at once", "long after"])
def test_only_clips_that_a_signer_may_still_hold_are_looked_at_again(world, later, rows):  # noqa: F811
    """Ten thousand clips that somebody withdrew from leave no ten thousand rows."""
    video_id = world.finished()
    world.change(Videos(world.home.items).get(video_id), call_id="call_1")
    world.clock.pass_seconds(later)

    world.call("DELETE", f"/videos/{video_id}").raise_for_status()
    deliver(world.home)

    assert len(world.home.items.query(AGAIN, Range())) == rows
