"""A guardian's switch: a minor's feed without personalisation is the one that every other such account has."""

from datetime import date

import pytest
from volary.accounts import Account
from volary.audiences import Limit
from volary.errors import Invalid
from volary.families import entrusted, is_guardian
from volary.stores.accounts import Accounts
from volary.stores.feeds import Feeds
from volary.stores.videos import Videos

from tests.feed.test_feed_api import read, say

TODAY = date(2026, 11, 22)


@pytest.fixture
def family(feed_world, catalogue):
    """bob is ann's guardian; she is fifteen, has wishes, ties and a time zone. mo has none of these."""
    change(feed_world, "ann", birth_date=date(2011, 3, 1), guardian_id="user_bob", region="FR")
    say(feed_world, "more trains, block cats")
    feeds = Feeds(feed_world.home.items)
    feeds.tie("user_ann", "user_bob", catalogue[3])
    feeds.note_following("user_ann", "user_bob", wanted=True)
    feed_world.call("POST", "/feed/time_zone", json={"time_zone": "Europe/Paris"})
    return feed_world


def change(world, name: str, **fields) -> None:
    store = Accounts(world.home.items)
    world.home.items.write(store.change_write(store.get(f"user_{name}").model_copy(update=fields)))


def settle(world, personalised: bool, who: str = "bob"):
    return world.call("POST", "/family/ann/feed", who, json={"personalised": personalised})


def pages(world, who: str, limit: int) -> list[tuple]:
    """All that a feed says of each post, to the end, page by page."""
    found, after = [], {}
    while True:
        page = read(world, who, limit=limit, **after)
        found.append([(post["id"], post["score"], str(post["why"]), post["video"]["seed"]) for post in page["data"]])
        if not page["has_more"]:
            return found
        after = {"after": page["next"]}


@pytest.mark.parametrize("limit", [4, 7])
def test_two_accounts_without_personalisation_have_equal_feeds(family, catalogue, limit):
    """Whatever they are, wished for or did; also where clips are kept from one of them, and it is her own account."""
    family.change(Videos(family.home.items).get(catalogue[5]), limits=(Limit(ages=("13-15",)),))
    family.change(Videos(family.home.items).get(catalogue[6]), limits=(Limit(regions=("US",)),))
    assert settle(family, personalised=False).json()["locked"]
    for who in ("bob", "mo"):
        family.call("PUT", "/feed/parameters", who, json={"personalised": False}).raise_for_status()

    ann, bob, mo = (pages(family, who, limit) for who in ("ann", "bob", "mo"))

    assert ann == bob == mo
    shown = [clip for page in ann for clip, *_ in page]
    assert sorted(shown) == sorted(set(catalogue) - {catalogue[5], catalogue[6]})


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "/feed/instructions", {"json": {"text": "more cats"}}),
        ("POST", "/feed/instructions", {"json": {"text": "undo that"}}),
        ("POST", "/feed/undo", {"json": {}}),
        ("PUT", "/feed/parameters", {"json": {"personalised": True}}),
        ("DELETE", "/feed/parameters", {"params": {"place": 0}}),
        ("DELETE", "/feed/parameters", {}),
    ],
)
def test_nothing_that_a_minor_says_changes_a_locked_feed_and_that_is_said(family, method, path, sent):
    settle(family, personalised=False)
    before, was = Feeds(family.home.items).state("user_ann"), pages(family, "ann", 10)

    answer = family.call(method, path, **sent)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "feed_locked")
    assert "nothing was changed" in answer.json()["error"]["message"]
    assert Feeds(family.home.items).state("user_ann") == before
    assert pages(family, "ann", 10) == was
    assert family.call("GET", "/feed/parameters").json()["locked"]


def test_a_guardian_may_let_the_feed_be_and_the_wishes_count_again(family):
    before = family.call("GET", "/feed/parameters").json()["parameters"]
    settle(family, personalised=False)
    settle(family, personalised=False)

    told = settle(family, personalised=True).json()

    assert (told["personalised"], told["locked"]) == (True, False)
    assert family.call("GET", "/feed/parameters").json()["parameters"] == before
    said = [change["said"] for change in family.call("GET", "/feed/history").json()["data"]]
    assert said[:2] == ["a guardian let personalisation be", "a guardian switched personalisation off"]
    assert say(family, "more dogs")["kind"] == "steer"


@pytest.mark.parametrize("who", ["ann", "mo"])
def test_nobody_but_the_guardian_settles_or_reads_it(family, who):
    assert settle(family, personalised=False, who=who).status_code == 404
    assert family.call("GET", "/family/ann/feed", who).status_code == 404
    assert Feeds(family.home.items).state("user_ann").parameters.personalised


def test_the_lock_ends_when_the_ward_is_of_age_or_has_another_guardian(family):
    settle(family, personalised=False)
    change(family, "ann", guardian_id="user_mo")
    assert say(family, "what did I block?")["kind"] == "query"

    change(family, "ann", guardian_id="user_bob")
    assert family.call("POST", "/feed/undo", json={}).status_code == 403
    change(family, "ann", birth_date=date(2008, 11, 22))
    assert not family.call("GET", "/feed/parameters").json()["locked"]
    assert family.call("PUT", "/feed/parameters", json={"personalised": True}).status_code == 200
    assert settle(family, personalised=False).status_code == 404


def account(name: str, year: int, **fields) -> Account:
    born = date(year, 3, 1)
    return Account(user_id=f"user_{name}", handle=name, birth_date=born, created_at=1, **fields)


def test_only_an_active_adult_is_made_the_guardian_of_a_minor():
    ward, adult, minor = account("ann", 2011), account("bob", 1990), account("eve", 2010)

    assert is_guardian("user_bob", entrusted(ward, adult, TODAY), TODAY)
    for young, old in ((adult, adult), (ward, minor), (ward, account("mo", 1990, status="suspended"))):
        with pytest.raises(Invalid):
            entrusted(young, old, TODAY)
    assert not is_guardian(None, ward, TODAY) and not is_guardian("user_bob", ward, TODAY)


def test_the_newest_posts_go_on_behind_any_number_that_may_not_be_shown(feed_world, catalogue):
    """However many in a row are kept from visitors: no page ends early for them."""
    for clip in catalogue[3:27]:
        feed_world.change(Videos(feed_world.home.items).get(clip), limits=(Limit(ages=("13-15",)),))

    first = read(feed_world, "nobody", limit=2)
    rest = read(feed_world, "nobody", limit=2, after=first["next"])
    last = read(feed_world, "nobody", limit=2, after=rest["next"])

    seen = [post["id"] for page in (first, rest, last) for post in page["data"]]
    assert seen == [*reversed(catalogue[27:]), *reversed(catalogue[:3])]
    assert [page["has_more"] for page in (first, rest, last)] == [True, True, False]
