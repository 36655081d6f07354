"""Clips that are kept from an age or a region: no route shows them, not even from a cursor of the time before."""

from datetime import date

import pytest
from volary.accounts import Role, Viewer
from volary.audiences import Limit
from volary.remix import may_remix_now
from volary.stores.accounts import Accounts
from volary.stores.videos import Videos

from functions.generation.steps import audience
from functions.review import decide as review
from tests.api.asking import asked_of_every_route
from tests.api.test_read_gate import clips  # noqa: F401 - a fixture

ADULTS_ELSEWHERE = (Limit(ages=("13-15", "16-17"), law="minors"), Limit(regions=("DE",), law="Germany"))


def is_now(world, name: str, **fields) -> None:
    store = Accounts(world.home.items)
    world.home.items.write(store.change_write(store.get(f"user_{name}").model_copy(update=fields)))


@pytest.fixture
def posted(world) -> str:
    """A clip of bob's that is not for minors and not for Germany; ann is fifteen, mo lives in Berlin."""
    clip = world.finished("bob", prompt="CANARY-PROMPT", visibility="public")
    is_now(world, "ann", birth_date=date(2011, 3, 1))
    is_now(world, "mo", region="DE")
    return clip


def keep_from_some(world, clip: str) -> None:
    world.change(Videos(world.home.items).get(clip), limits=ADULTS_ELSEWHERE)


def seen_by(world, clip: str, who: str | None) -> dict[str, int]:
    paths = {"post": f"/posts/{clip}", "record": f"/videos/{clip}", "file": f"/videos/{clip}/content",
             "thumbnail": f"/videos/{clip}/content?variant=thumbnail", "lineage": f"/posts/{clip}/lineage"}  # fmt: skip
    return {
        name: world.call("GET", path, who or "", follow_redirects=False).status_code for name, path in paths.items()
    }


@pytest.mark.parametrize("who", ["ann", "mo", None])
def test_whom_a_clip_is_kept_from_is_told_that_there_is_none(world, posted, who):
    assert set(seen_by(world, posted, who).values()) <= {200, 302}

    keep_from_some(world, posted)

    assert set(seen_by(world, posted, who).values()) == {404}
    asked = world.call("POST", f"/videos/{posted}/remix", who or "", json={"prompt": "at night"})
    assert asked.status_code in (401, 404)


def test_its_maker_and_adults_elsewhere_see_it_and_its_maker_is_told_why_others_do_not(world, posted):
    keep_from_some(world, posted)
    is_now(world, "mo", region="FR")

    assert set(seen_by(world, posted, "mo").values()) <= {200, 302}
    told = world.call("GET", f"/videos/{posted}", "bob").json()["kept_from"]
    assert told == [{"ages": ["13-15", "16-17"], "regions": None, "law": "minors"},
                    {"ages": None, "regions": ["DE"], "law": "Germany"}]  # fmt: skip
    assert world.call("GET", f"/videos/{posted}", "mo").json()["kept_from"] == []


@pytest.mark.parametrize("who", ["ann", "mo"])
@pytest.mark.parametrize("personalised", ["true", "false"])
def test_a_feed_leaves_it_out_also_after_a_cursor_of_the_time_before(world, posted, who, personalised):
    for number in range(4):
        world.clock.pass_seconds(60)
        world.finished("bob", prompt=f"another {number}", visibility="public")
    world.clock.pass_seconds(60)
    path = f"/feed?limit=1&personalised={personalised}"
    first = world.call("GET", path, who).json()
    hidden = [clip for clip in [posted, *_posts(world)] if clip != first["data"][0]["id"]]
    for clip in hidden:
        keep_from_some(world, clip)

    rest = world.call("GET", f"{path}&after={first['next']}".replace("limit=1", "limit=50"), who).json()

    assert rest["data"] == [] and not rest["has_more"]
    fresh = world.call("GET", path.replace("limit=1", "limit=50"), who).json()["data"]
    assert [post["id"] for post in fresh] == [first["data"][0]["id"]]


def _posts(world) -> list[str]:
    return [each["id"] for each in world.call("GET", "/feed?limit=50&personalised=false", "bob").json()["data"]]


def test_no_route_shows_it_to_anybody_it_is_kept_from(world, application, clips):  # noqa: F811 - a fixture
    """Every route, also one that is written tomorrow; its maker sees it anywhere."""
    is_now(world, "ann", birth_date=date(2011, 3, 1))
    for clip in ("posted", "draft", "remix"):
        keep_from_some(world, clips[clip])

    found = asked_of_every_route(world, application, clips, ("GET",))

    kept_from = {(route, who) for route, shown in found.shown.items() for who, _ in shown if who in (None, "ann")}
    hers = [("GET", f"/v1/likenesses/{{likeness_id}}/{what}") for what in ("uses", "requests")]
    assert kept_from <= {(route, "ann") for route in hers}  # the words of clips that show her, or would
    links = [secret for _, shown in found.shown.items() for who, secret in shown if who == "ann" and "/" in secret]
    assert links == []
    assert ("bob", "/clip.mp4") in found.shown["GET", "/v1/videos/{video_id}/content"]


def test_releasing_a_held_clip_opens_it_for_its_makers_age_and_region_only(world):
    """A person judged it for these; what no model cleared for others stays kept from them."""
    is_now(world, "ann", birth_date=date(2011, 3, 1))
    clip = world.held("ann")
    german = Limit(regions=("DE",))
    video = world.change(Videos(world.home.items).get(clip), limits=(Limit(ages=("13-15",)), german))
    assert audience(video, world.home.services).age == "13-15"
    release(world, clip)

    assert Videos(world.home.items).get(clip).limits == (german,)


def release(world, clip: str) -> None:
    reviewer = Viewer(user_id="user_mo", role=Role.MODERATOR)
    review.decide(clip, "release", "fine", reviewer, world.home.services)


def test_a_remix_of_it_goes_on_for_those_who_may_see_it(world, posted):
    """The source is asked again when the remix is published, by its maker's own age and region."""
    answer = world.call("POST", f"/videos/{posted}/remix", "mo", json={"prompt": "at night"})
    assert answer.status_code == 200, answer.text
    child = Videos(world.home.items).get(answer.json()["id"])
    assert may_remix_now(child, world.home.services)

    keep_from_some(world, posted)
    assert not may_remix_now(child, world.home.services)
    is_now(world, "mo", region="FR")
    assert may_remix_now(child, world.home.services)
