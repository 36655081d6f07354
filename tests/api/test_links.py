"""Links that were given out before somebody withdrew: from the answer on they lead to nothing, whoever holds them."""

from typing import get_args

import pytest
from starlette.testclient import TestClient
from volary.stores.published import LINK_SECONDS
from volary.stores.videos import Videos
from volary.videos import FILES, Rendition, manifest_key, published_key, work_key

from functions.review import door
from local.media import create_media_app
from tests.api.people import deliver, enrolled
from tests.api.test_likenesses import publish
from tests.api.test_read_gate import held
from tests.review.conftest import Desk

LIKENESS = "like_user_ann"
WAYS = {
    "everything": {},
    "a person": {"scope": "person", "value": "@bob"},
    "a purpose": {"scope": "purpose", "value": "personal"},
    "from a date": {"scope": "since", "value": "1"},
}


@pytest.fixture
def shown(world) -> dict[str, str]:
    """Links to every file of bob's clip of ann, of its remix by mo, of its manifest, and of a clip that waits."""
    enrolled(world.home, "user_ann", audience="everyone")
    clip = world.finished("bob", prompt="@ann", visibility="public")
    remix = world.call("POST", f"/videos/{clip}/remix", "mo", json={"prompt": "at night"}).json()["id"]
    publish(world, remix)
    store, links = Videos(world.home.items), {}
    for video in map(store.get, (clip, remix)):
        for rendition in get_args(Rendition):
            links |= linked(world, "videos", published_key(video, rendition), FILES[rendition][1])
    links |= linked(world, "videos", manifest_key(clip), "application/octet-stream")
    return links | linked(world, "work", work_key(store.get(held(world, "@ann waits")), "video"), "video/mp4")


@pytest.fixture
def media(world) -> TestClient:
    return TestClient(create_media_app(world.home, "http://page"), base_url=world.home.options.media)


def linked(world, bucket: str, key: str, kind: str) -> dict[str, str]:
    world.home.blobs.put(bucket, key, b"a file", kind)
    return {key: world.home.blobs.get_link(bucket, key, seconds=LINK_SECONDS)}


def answers(media: TestClient, links: dict[str, str]) -> set[int]:
    return {media.get(link, headers=headers).status_code
            for link in links.values() for headers in ({}, {"range": "bytes=0-1"})}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_no_link_of_before_leads_to_anything_after_the_answer(world, media, shown, way):
    """At once, and not when the cascade has come by: nothing but the one call has run."""
    assert len(shown) == 8
    assert answers(media, shown) == {200, 206}

    world.call("POST", f"/likenesses/{LIKENESS}/revoke", json=WAYS[way]).raise_for_status()

    assert answers(media, shown) == {404}
    assert {media.head(link).status_code for link in shown.values()} == {404}


def test_one_clip_that_was_taken_back_takes_its_remix_and_leaves_the_rest(world, media, shown):
    other = world.finished("bob", prompt="@ann again", visibility="public")
    rest = linked(world, "videos", published_key(Videos(world.home.items).get(other), "video"), "video/mp4")
    taken = {key: link for key, link in shown.items() if "call_1" not in key}
    clip = next(key.split("/")[0] for key in taken)

    world.call("POST", f"/likenesses/{LIKENESS}/revoke", json={"scope": "clip", "value": clip}).raise_for_status()

    assert answers(media, taken) == {404}
    assert answers(media, rest) == {200, 206}


def test_a_consent_that_ends_ends_the_links(world, media, shown):
    soon = int(world.clock.now().timestamp()) + 5
    grant = {"audience": "everyone", "expires_at": soon}
    world.call("PATCH", f"/likenesses/{LIKENESS}", json=grant).raise_for_status()
    assert answers(media, shown) == {200, 206}

    world.clock.pass_seconds(5)

    assert answers(media, shown) == {404}


def test_the_files_themselves_go_with_the_cascade(world, media, shown):
    """Where links cannot be asked about, as those of S3, this is what ends them before their five minutes."""
    world.call("POST", f"/likenesses/{LIKENESS}/revoke", json={}).raise_for_status()
    deliver(world.home)

    kept = [key for key in shown for bucket in ("videos", "work") if world.home.blobs.facts(bucket, key)]

    assert kept == []


def given(world, clip: str, who: str) -> dict[str, str]:
    """The links that the API gives, with files behind them."""
    for rendition in get_args(Rendition):
        linked(world, "videos", published_key(Videos(world.home.items).get(clip), rendition), FILES[rendition][1])
    return world.call("GET", f"/videos/{clip}", who).json().get("links") or {}


def test_a_decision_that_takes_a_clip_down_ends_its_links_and_leaves_reviewers_theirs(world, media):
    clip, desk = world.finished("bob", prompt="a fox", visibility="public"), Desk(world)
    deliver(world.home)
    shown = given(world, clip, "ann")
    assert answers(media, shown) == {200, 206}

    case_id = desk.removed(clip)
    reviewers = world.call("GET", f"/moderation/cases/{case_id}/link", "mo", params={"reason": "appeal"}).json()
    deliver(world.home)
    assert answers(media, shown) == {404}
    assert {media.head(link).status_code for link in shown.values()} == {404}
    assert media.get(reviewers["url"]).status_code == 200

    assert desk.act(case_id, "undo", "mo").status_code == 200
    assert answers(media, given(world, clip, "ann")) == {200, 206}
    assert answers(media, shown) == {404}


def test_a_link_cannot_be_made_to_say_that_something_else_was_judged(world, media):
    clip = world.finished("bob", prompt="a fox", visibility="public")
    link = given(world, clip, "bob")["video"]
    assert f"judged={clip}." in link

    assert media.get(link.replace(f"judged={clip}.", f"judged={clip}.9")).status_code == 403
    assert media.get(link.replace(f"judged={clip}.", "judged=video_other.")).status_code == 403


def test_no_link_for_a_person_lives_longer_than_five_minutes():
    assert max(LINK_SECONDS, door.LINK_SECONDS) <= 300
