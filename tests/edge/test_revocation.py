"""Links to the edge that were given out before: whatever way somebody withdraws, ten seconds later they open nothing.

The ten seconds are made of what is assumed of AWS (an event takes EVENT_SECONDS to its handler, an entry
SPREAD_SECONDS to the edge) and of what is ours: nothing waits for the cascade, however long that takes.
"""

import random
from dataclasses import dataclass, replace
from typing import Any

import pytest
from volary.embedded.calls import Outcome
from volary.enrolment import consent_texts
from volary.stores import published
from volary.stores.likenesses import Likenesses, standing_of
from volary.stores.videos import Videos
from volary.videos import FILES, published_key

from local.handlers import caller
from tests.api.conftest import World
from tests.api.people import enrolled
from tests.api.test_likenesses import publish
from tests.edge.emulated import SPREAD_SECONDS, EmulatedEdge
from tests.review.conftest import Desk

EVENT_SECONDS = 3
ANN = "like_user_ann"
WAYS: dict[str, dict[str, Any]] = {
    "everything": {},
    "a person": {"scope": "person", "value": "@bob"},
    "a purpose": {"scope": "purpose", "value": "personal"},
    "from a date": {"scope": "since", "value": "1"},
    "a clip": {"scope": "clip"},
}


@dataclass
class Cloud:
    """A home whose files are watched through the edge; events reach `heard` handlers only, when they are delivered."""

    world: World
    edge: EmulatedEdge

    def links(self, video_id: str, who: str = "ann") -> list[str]:
        """What the API gives her, or this viewer, at this moment; nothing where the read gate gives nothing."""
        answer = self.world.call("GET", f"/videos/{video_id}", who)
        found = answer.json().get("links") if answer.status_code == 200 else None
        return list(found.values()) if found else []

    def answers(self, links: list[str]) -> set[int]:
        return {self.edge.get(link) for link in links}

    def act(self, what: str, **body: Any) -> None:
        """Ann's act on her likeness."""
        self.world.call("POST", f"/likenesses/{ANN}/{what}", json=body).raise_for_status()

    def deliver(self, heard: tuple[str, ...]) -> None:
        """Every event so far, to these handlers only: of the others nothing is ever heard."""
        home = self.world.home
        call = caller(replace(home.services, edge=self.edge.port))
        home.bus.relay(home.items)
        for delivery in home.bus.claim(limit=500):
            is_heard = delivery.handler.endswith(heard)
            home.bus.settle(delivery, Outcome(call(delivery.handler, delivery.event) if is_heard else {}))

    def clip(self, **fields: Any) -> str:
        video_id = self.world.finished("bob", visibility="public", **fields)
        return self.stored(video_id)

    def remix(self, video_id: str) -> str:
        made = self.world.call("POST", f"/videos/{video_id}/remix", "mo", json={"prompt": "at night"}).json()["id"]
        publish(self.world, made)
        return self.stored(made)

    def stored(self, video_id: str) -> str:
        video = Videos(self.world.home.items).get(video_id)
        for rendition, (_, kind) in FILES.items():
            self.world.home.blobs.put("videos", published_key(video, rendition), b"a file", kind)
        return video_id


@pytest.fixture
def cloud(world, application, function) -> Cloud:
    edge = EmulatedEdge(world.home.blobs, world.clock, function)
    application.state.services = replace(world.home.services, edge=edge.port)
    enrolled(world.home, "user_ann", audience="everyone")
    made = Cloud(world, edge)
    made.deliver(())
    return made


@pytest.mark.parametrize("way", WAYS)
def test_ten_seconds_after_the_answer_no_link_of_before_opens_anything(cloud, way):
    """The files are still there, and copies of them at the edge: only the list is in the way."""
    clip = cloud.clip(prompt="@ann")
    remix, other = cloud.remix(clip), cloud.clip(prompt="a fox")
    shown, rest = [*cloud.links(clip), *cloud.links(remix)], cloud.links(other)
    assert (len(shown), len(rest), cloud.answers([*shown, *rest])) == (6, 3, {200})

    cloud.act("revoke", **({"value": clip, **WAYS[way]} if way == "a clip" else WAYS[way]))
    cloud.world.clock.pass_seconds(EVENT_SECONDS)
    cloud.deliver((".bar_links",))
    cloud.world.clock.pass_seconds(10 - EVENT_SECONDS)

    assert cloud.answers(shown) == {403}
    assert cloud.answers(rest) == {200}
    assert cloud.links(clip) == cloud.links(remix) == []
    assert len(cloud.edge.store.entries) == 1


def test_without_the_entry_they_would_have_stayed_open(cloud):
    """So the test above can fail."""
    shown = cloud.links(cloud.clip(prompt="@ann"))

    cloud.act("revoke")
    cloud.deliver((".log_consent",))
    cloud.world.clock.pass_seconds(10)

    assert cloud.answers(shown) == {200}


def test_the_cascade_ends_copies_too_where_the_list_cannot_be_written(cloud):
    shown = cloud.links(cloud.clip(prompt="@ann"))
    assert cloud.answers(shown) == {200}

    cloud.act("revoke")
    for handler in (".withdraw_uses", ".clean_up"):
        cloud.deliver((handler,))
    assert cloud.answers(shown) == {200}
    cloud.world.clock.pass_seconds(10)

    assert cloud.answers(shown) == {403}


def test_what_was_not_withdrawn_from_is_watched_on_by_fresh_links(cloud):
    kept, taken = cloud.clip(prompt="@ann in the sun"), cloud.clip(prompt="@ann in the rain")

    cloud.act("revoke", scope="clip", value=taken)
    early = cloud.links(kept)
    cloud.deliver((".bar_links",))
    cloud.world.clock.pass_seconds(SPREAD_SECONDS)

    assert cloud.answers(early) == cloud.answers(cloud.links(kept)) == {200}


def test_granting_again_opens_no_earlier_link(cloud):
    shown = cloud.links(cloud.clip(prompt="@ann"))
    cloud.act("revoke")
    cloud.act("grant", **agreed())
    cloud.world.call("PATCH", f"/likenesses/{ANN}", json={"audience": "everyone"}).raise_for_status()
    fresh = cloud.links(cloud.clip(prompt="@ann"))

    cloud.deliver((".bar_links",))
    cloud.world.clock.pass_seconds(SPREAD_SECONDS)

    assert (cloud.answers(shown), cloud.answers(fresh)) == ({403}, {200})


def test_a_link_that_is_signed_after_the_answer_but_judged_before_ends_too(cloud):
    """A slow request: it read the consent, she withdrew, the entry was written, and only then it signed."""
    video = Videos(cloud.world.home.items).get(cloud.clip(prompt="@ann"))
    services = replace(cloud.world.home.services, edge=cloud.edge.port)
    judged = standing_of([video], services)
    cloud.act("revoke")
    cloud.deliver((".bar_links",))

    late = published.link(video, "video", judged, services)
    cloud.world.clock.pass_seconds(SPREAD_SECONDS)

    assert cloud.edge.get(late) == 403


def test_a_link_outlives_no_consent(cloud):
    clip = cloud.clip(prompt="@ann")
    soon = int(cloud.world.clock.now().timestamp()) + 60
    cloud.world.call("PATCH", f"/likenesses/{ANN}", json={"audience": "everyone", "expires_at": soon})
    shown = cloud.links(clip)

    cloud.world.clock.pass_seconds(59)
    assert cloud.answers(shown) == {200}
    cloud.world.clock.pass_seconds(1)
    assert cloud.answers(shown) == {403}


def test_an_end_that_is_moved_near_ends_longer_links(cloud):
    shown = cloud.links(cloud.clip(prompt="@ann"))
    soon = int(cloud.world.clock.now().timestamp()) + 60
    grant = {"audience": "everyone", "expires_at": soon}
    cloud.world.call("PATCH", f"/likenesses/{ANN}", json=grant).raise_for_status()

    cloud.deliver((".bar_links",))
    cloud.world.clock.pass_seconds(SPREAD_SECONDS)

    assert cloud.answers(shown) == {403}


def test_a_change_that_ends_nothing_interrupts_nobody(cloud):
    shown = cloud.links(cloud.clip(prompt="@ann"))
    grant = {"audience": "approved", "restrictions": ["not in political content"]}
    cloud.world.call("PATCH", f"/likenesses/{ANN}", json=grant).raise_for_status()

    cloud.deliver((".bar_links",))
    cloud.world.clock.pass_seconds(SPREAD_SECONDS)

    assert cloud.answers(shown) == {200}
    assert cloud.edge.store.entries == {}


def test_a_decision_that_takes_a_clip_down_ends_its_links_and_leaves_reviewers_theirs(cloud):
    clip, desk = cloud.clip(prompt="a fox"), Desk(cloud.world)
    shown = cloud.links(clip)

    case_id = desk.removed(clip)
    reviewers = cloud.world.call("GET", f"/moderation/cases/{case_id}/link", "mo", params={"reason": "appeal"}).json()
    cloud.deliver((".bar_links",))
    cloud.world.clock.pass_seconds(SPREAD_SECONDS)
    assert (cloud.answers(shown), cloud.links(clip)) == ({403}, [])
    assert cloud.edge.get(reviewers["url"]) == 200

    assert desk.act(case_id, "undo", "mo").status_code == 200
    assert cloud.answers(cloud.links(clip)) == {200}
    assert cloud.answers(shown) == {403}


STEPS = 10


@pytest.mark.parametrize("seed", range(6))
def test_in_any_order_of_acts_earlier_links_end_and_fresh_ones_open(cloud, seed):
    dice, clock = random.Random(seed), cloud.world.clock
    first = cloud.clip(prompt="@ann")
    clips = [first, cloud.remix(first), cloud.clip(prompt="@ann alone")]
    given: list[tuple[str, str]] = []
    closed: dict[str, float] = {}
    for _ in range(STEPS):
        acted(cloud, dice, clips)
        if Likenesses(cloud.world.home.items).consent(ANN).state == "active":
            clips.append(cloud.stored(cloud.world.finished("ann", prompt="@ann anew")))
        clock.pass_seconds(EVENT_SECONDS)
        cloud.deliver((".bar_links",))
        clock.pass_seconds(dice.choice((0, 2, 10 - EVENT_SECONDS, 40)))
        now = clock.now().timestamp()
        for clip in clips:
            fresh = cloud.links(clip)
            assert cloud.answers(fresh) <= {200}, "what the gate gives must open"
            closed = {each: at for each, at in closed.items() if each != clip or not fresh}
            if not fresh:
                closed.setdefault(clip, now)
            given += [(clip, link) for link in fresh]
        over = [link for clip, link in given if now - closed.get(clip, now) >= 10]
        assert cloud.answers(over) <= {403}
    assert len(set(closed)) > 3


def acted(cloud: Cloud, dice: random.Random, clips: list[str]) -> None:
    """One act of hers, which may be refused: everything back, a part of it, or consent anew."""
    ways = [*WAYS.values(), {"scope": "clip", "value": dice.choice(clips)}]
    if dice.random() < 0.5:
        cloud.world.call("POST", f"/likenesses/{ANN}/revoke", json=dice.choice(ways))
    else:
        cloud.world.call("POST", f"/likenesses/{ANN}/grant", json=agreed())


def agreed() -> dict[str, Any]:
    text = consent_texts()["en"]
    return {"text_version": text.version, "text_sha256": text.sha256, "confirmed": True}
