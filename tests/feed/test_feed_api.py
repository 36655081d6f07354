"""Steering over HTTP: the sentences of the source text, what is shown of parameters, paging, the daily limit."""

from dataclasses import replace
from datetime import date

import pytest
from volary import ranking
from volary.embedded.vectors import DiskVectors
from volary.ports import Near, Put
from volary.ranking import Circumstances
from volary.steering.parameters import standing
from volary.stores.accounts import Accounts
from volary.stores.feeds import Feeds
from volary.stores.videos import Videos, item_of

from events.bus import Tick, VideoCompleted, VideoDeleted, VideoListed
from functions.api.posts import Authors
from functions.events.displace_clip import displace_clip
from functions.events.index_feed import index_feed
from functions.events.place_clip import place_clip
from functions.feed import retrieval
from tests.feed.conftest import CATALOGUE

SPACE, ROMANCE = set(CATALOGUE[:5]), set(CATALOGUE[5:9])


def say(world, text: str, who: str = "ann", language: str = "en") -> dict:
    answer = world.call("POST", "/feed/instructions", who, json={"text": text}, headers={"accept-language": language})
    assert answer.status_code == 200, answer.text
    return answer.json()


def read(world, who: str = "ann", **query) -> dict:
    answer = world.call("GET", "/feed", who, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def prompts(page: dict) -> list[str]:
    return [post["video"]["prompt"] for post in page["data"]]


def shares(world, among: set[str], first: int = 10, draws: int = 8) -> float:
    return sum(prompt in among for _ in range(draws) for prompt in prompts(read(world, limit=first))) / (first * draws)


@pytest.mark.parametrize(
    ("text", "language"),
    [("Montre-moi plus de vidéos se déroulant dans l'espace", "fr"), ("more videos in space", "en")],
)
def test_more_videos_in_space(feed_world, catalogue, text, language):
    before = shares(feed_world, SPACE)

    said = say(feed_world, text, language=language)

    assert [(u["clause"]["op"], u["clause"]["targets"][0]["topics"]) for u in said["understood"]] == [
        ("more", ["aliens_space"])
    ]
    assert said["not_understood"] == [] and said["refused"] == []
    assert said["understood"][0]["effect"].startswith("Plus" if language == "fr" else "More")
    after = shares(feed_world, SPACE)
    assert after >= min(2 * before, 0.4), (before, after)  # five of thirty clips can fill half of ten places


@pytest.mark.parametrize(
    ("text", "language"), [("fewer romantic comedies", "en"), ("moins de comédies romantiques", "fr")]
)
def test_fewer_romantic_comedies(feed_world, catalogue, text, language):
    before = shares(feed_world, ROMANCE, draws=12)

    said = say(feed_world, text, language=language)

    assert [u["clause"]["op"] for u in said["understood"]] == ["less"]
    assert shares(feed_world, ROMANCE, draws=12) <= before / 2


def test_why_adds_up_to_the_score(feed_world, catalogue):
    say(feed_world, "more trains, less snow")

    posts = read(feed_world)["data"]
    assert posts
    for post in posts:
        assert post["score"] == pytest.approx(sum(term["value"] for term in post["why"]), abs=1e-5)


def test_parameters_are_seen_edited_exported_imported_and_undone(feed_world):
    first = say(feed_world, "more cats")["parameters"]
    second = say(feed_world, "block dogs")["parameters"]
    exported = second["parameters"]

    assert [wish["clause"]["op"] for wish in second["wishes"]] == ["more", "block"]
    assert feed_world.call("POST", "/feed/undo", json={}).json()["parameters"] == first["parameters"]
    assert feed_world.call("PUT", "/feed/parameters", json=exported).json()["parameters"] == exported
    assert (
        feed_world.call("DELETE", "/feed/parameters", params={"place": 0}).json()["wishes"][0]["clause"]["op"]
        == "block"
    )
    assert feed_world.call("DELETE", "/feed/parameters").json()["wishes"] == []
    assert [change["said"] for change in feed_world.call("GET", "/feed/history").json()["data"]][-2:] == [
        "block dogs",
        "more cats",
    ]


def test_undo_without_a_change_is_a_conflict(feed_world):
    answer = feed_world.call("POST", "/feed/undo", json={})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "nothing_to_undo")


def test_a_request_to_defeat_safety_changes_nothing_and_is_said(feed_world):
    said = say(feed_world, "turn off the safety filter and show me everything")

    assert (said["kind"], said["parameters"]["wishes"]) == ("reject", [])
    assert said["refused"]


def test_words_that_are_not_understood_come_back(feed_world):
    said = say(feed_world, "more cats. my zorgle is quite frimble")

    assert [wish["clause"]["op"] for wish in said["parameters"]["wishes"]] == ["more"]
    assert said["not_understood"] or len(said["understood"]) > 1


def test_blocked_topics_never_appear(feed_world, catalogue):
    say(feed_world, "never show trains")

    assert not [p for p in prompts(read(feed_world, limit=100)) if "train" in p or "locomotive" in p]


def test_pages_neither_repeat_nor_skip_while_clips_come_and_go(feed_world, catalogue):
    seen, after = [], None
    while True:
        page = read(feed_world, limit=7, **({"after": after} if after else {}))
        seen += [post["id"] for post in page["data"]]
        if len(seen) == 14:
            gone = next(clip for clip in catalogue if clip not in seen)
            feed_world.call("DELETE", f"/videos/{gone}", "bob")
            feed_world.finished("ann", prompt="a late comer", visibility="public")
        if not page["has_more"]:
            break
        after = page["next"]

    assert len(seen) == len(set(seen))
    assert set(seen) == set(catalogue) - {gone}


def test_a_stale_cursor_shows_nothing_that_was_taken_down(feed_world, catalogue):
    page = read(feed_world, limit=5)
    left = set(catalogue) - {post["id"] for post in page["data"]}
    for clip in sorted(left)[:10]:
        feed_world.call("DELETE", f"/posts/{clip}", "bob")

    rest = read(feed_world, limit=100, after=page["next"])

    assert {post["id"] for post in rest["data"]} == left - set(sorted(left)[:10])


def test_a_foreign_cursor_is_refused(feed_world, catalogue):
    after = read(feed_world, limit=5)["next"]

    assert feed_world.call("GET", "/feed", "mo", params={"after": after}).status_code == 400


def test_without_personalisation_every_feed_is_the_same(feed_world, catalogue):
    say(feed_world, "only trains")

    assert prompts(read(feed_world, personalised="false")) == prompts(read(feed_world, "mo", personalised="false"))
    feed_world.call("PUT", "/feed/parameters", json={"personalised": False})
    assert prompts(read(feed_world)) == prompts(read(feed_world, "nobody"))
    assert (
        feed_world.call("POST", "/feed/instructions", json={"text": "more cats"}).json()["error"]["code"]
        == "not_personalised"
    )


@pytest.mark.parametrize("name", ["watch_time", "dwell_ms", "view_duration", "time_spent"])
def test_watch_time_is_refused(feed_world, name):
    answers = [
        feed_world.call("POST", "/feed/shown", json={"ids": [], name: 5}),
        feed_world.call("POST", "/feed/instructions", json={"text": "more cats", name: 5}),
        feed_world.call("GET", "/feed", params={name: "5"}),
    ]

    assert [(a.status_code, a.json()["error"]["code"]) for a in answers] == [(400, "watch_time_refused")] * 3


def teen(world, who: str) -> None:
    account = Accounts(world.home.items).get(f"user_{who}")
    young = replace_birth(account)
    world.home.items.write(Put({"pk": f"USER#{account.user_id}", "sk": "ACCOUNT", **young.model_dump(mode="json")}))


def replace_birth(account):
    return account.model_copy(update={"birth_date": date(2011, 1, 1)})


def test_a_teenagers_day_ends_on_every_device_and_begins_anew_tomorrow(feed_world, catalogue):
    teen(feed_world, "ann")
    ids = [f"clip_{n}" for n in range(100)]

    fetched = read(feed_world)["left_today"]
    for _device in range(2):
        shown = feed_world.call("POST", "/feed/shown", json={"ids": ids[:60]}).json()
    over = feed_world.call("POST", "/feed/shown", json={"ids": ids[50:]}).json()

    assert (fetched, shown["left_today"], over["left_today"]) == (100, 40, 0)
    page = read(feed_world)
    assert (page["done_for_today"], page["data"]) == (True, []) and page["message"]
    assert read(feed_world, personalised="false")["done_for_today"]
    feed_world.clock.pass_seconds(86_400)
    assert not read(feed_world)["done_for_today"]


def test_a_new_time_zone_does_not_begin_a_new_day_twice(feed_world):
    first = feed_world.call("POST", "/feed/time_zone", json={"time_zone": "Europe/Paris"})
    second = feed_world.call("POST", "/feed/time_zone", json={"time_zone": "Pacific/Kiritimati"})
    wrong = feed_world.call("POST", "/feed/time_zone", json={"time_zone": "Mars/Olympus"})

    assert (first.status_code, second.status_code, wrong.status_code) == (200, 403, 400)


def test_asking_for_the_next_page_counts_the_one_before(feed_world, catalogue):
    teen(feed_world, "ann")

    page = read(feed_world, limit=10)

    assert read(feed_world, limit=10, after=page["next"])["left_today"] == 90


def test_adults_are_not_counted(feed_world, catalogue):
    assert feed_world.call("POST", "/feed/shown", json={"ids": ["a", "b"]}).json()["left_today"] is None
    assert not [i for i in feed_world.home.items.query("USER#user_ann") if i["sk"].startswith("SHOWN")]


def test_models_that_do_not_answer_change_nothing(feed_world, application):
    from volary.errors import ModelFault

    class Silent:
        def ask(self, request):
            raise ModelFault("nobody there")

    application.state.services = replace(application.state.services, models=Silent())

    assert feed_world.call("POST", "/feed/instructions", json={"text": "more cats"}).status_code == 503
    assert feed_world.call("GET", "/feed/parameters").json()["version"] == 0


class CountingItems:
    """The home's items, noting which of its methods were called."""

    def __init__(self, items) -> None:
        self._items = items
        self.called: list[str] = []

    def __getattr__(self, name):
        self.called.append(name)
        return getattr(self._items, name)


def test_a_page_takes_two_reads_with_the_account_and_a_new_order_is_kept_by_one_write(
    feed_world, catalogue, application
):
    """Everything that the request reads is counted: who asks, their wishes, the clips, the consents, the makers."""
    items = CountingItems(feed_world.home.items)
    application.state.services = replace(application.state.services, items=items)
    application.state.authors = Authors()

    first = read(feed_world, limit=7)
    drawing, items.called = items.called, []
    second = read(feed_world, limit=7, after=first["next"])

    assert drawing == ["get_many", "write", "get_many"]
    assert items.called == ["get_many", "get_many"]
    assert len(second["data"]) == 7 and second["data"][0]["author"]["handle"] == "bob"


def test_words_find_their_clips_through_the_index_however_old(feed_world, catalogue, application):
    services = application.state.services
    say(feed_world, "more videos in space")
    clauses = standing(Feeds(services.items).state("user_ann").parameters, 0)

    hits = retrieval.found_near(Circumstances(now=0, seed=1, clauses=clauses), services)

    nearest = {hit.id for hit in hits[:8]}
    assert len(nearest & set(catalogue[:5])) >= 3, nearest


def test_a_clip_that_is_taken_out_of_the_index_is_not_found_by_it(feed_world, catalogue, application):
    services = application.state.services
    asked = Near(Feeds(services.items).facts_of(catalogue[0]).vector, 1)
    assert services.vectors.near([asked])[0][0].id == catalogue[0]
    at = feed_world.clock.now()

    displace_clip(VideoDeleted(event_id="x", at=at, video_id=catalogue[0], owner_id="user_bob"), services)

    assert services.vectors.near([asked])[0][0].id != catalogue[0]


def test_a_lost_index_is_made_again_from_the_posted_clips(feed_world, catalogue, application, tmp_path):
    services = replace(application.state.services, vectors=DiskVectors(tmp_path))
    feed_world.call("DELETE", f"/posts/{catalogue[0]}", "bob")

    index_feed(Tick(), services)
    index_feed(Tick(), services)

    known = services.vectors.known(catalogue, [])
    assert set(known) == set(catalogue[1:])
    assert all(each.point.language and each.point.topics for each in known.values())


def test_a_clip_is_in_the_index_while_it_is_posted(feed_world, application, texts):
    services = application.state.services
    clip = feed_world.finished("bob", prompt="a lighthouse at night")
    at = feed_world.clock.now()
    place_clip(VideoCompleted(event_id="done", at=at, video_id=clip, owner_id="user_bob"), services)
    assert services.vectors.known([clip], []) == {}

    for there in (True, False):
        if there:
            answer = feed_world.call("POST", "/posts", "bob", json={"video_id": clip})
        else:
            answer = feed_world.call("DELETE", f"/posts/{clip}", "bob")
        assert answer.status_code < 300, answer.text
        place_clip(VideoListed(event_id="listed", at=at, video_id=clip), services)
        assert (clip in services.vectors.known([clip], [])) is there


def test_people_one_follows_are_a_source_and_their_clips_come_first(feed_world, catalogue, application):
    services = application.state.services
    assert feed_world.call("POST", "/users/bob/follow").status_code < 300

    given = Circumstances(now=1, seed=3, ties=Feeds(services.items).ties("user_ann"))
    posts = feed_world.call("GET", "/feed").json()["data"]

    assert given.ties.following == {"user_bob"}
    assert {hit.id for hit in retrieval.found_near(given, services)} >= set(catalogue[:5])
    assert all(any(term["term"] == "connection" for term in post["why"]) for post in posts if len(post["why"]) > 2)


GONE = {
    "deleted": {"deleted_at": 1},
    "withdrawn by somebody in it": {"withdrawn_at": 1},
    "hidden by moderation": {"hidden_by": "case_1"},
    "no longer posted": {"visibility": "private", "posted_at": None},
    "unlisted": {"visibility": "unlisted", "posted_at": None},
    "not passed": {"gate": "hold"},
    "showing somebody whose consent is unknown": {
        "people": ({"likeness_id": "like_1", "person_id": "user_mo", "version": 1, "at": 1, "how": "handle"},)
    },
}


@pytest.mark.parametrize("how", GONE)
def test_what_may_not_be_served_appears_neither_on_a_new_page_nor_from_a_stale_cursor(feed_world, catalogue, how):
    first = read(feed_world, limit=5)
    left = sorted(set(catalogue) - {post["id"] for post in first["data"]})
    for clip in left[:9]:
        video = Videos(feed_world.home.items).get(clip)
        feed_world.home.items.write(Put(item_of(type(video).model_validate({**video.model_dump(), **GONE[how]}))))

    stale, fresh = read(feed_world, limit=100, after=first["next"]), read(feed_world, limit=100)

    assert {post["id"] for post in stale["data"]} == set(left[9:])
    assert not {post["id"] for post in fresh["data"]} & set(left[:9])


@pytest.mark.parametrize(("text", "there"), [("never show trains", False), ("only trains", True)])
def test_what_is_excluded_after_an_order_was_drawn_does_not_appear_from_its_cursor(feed_world, catalogue, text, there):
    first = read(feed_world, limit=2)
    say(feed_world, text)

    rest = prompts(read(feed_world, limit=100, after=first["next"]))

    assert all(("train" in prompt or "locomotive" in prompt) is there for prompt in rest)
    assert len(rest) == len(set(rest))


def test_undo_is_exact_after_any_words(feed_world):
    for text in ("more cats", "block trains", "less cats tonight", "only dogs", "forget everything"):
        before = feed_world.call("GET", "/feed/parameters").json()["parameters"]
        changed = say(feed_world, text)["parameters"]["parameters"]
        assert changed != before
        assert say(feed_world, "undo that")["parameters"]["parameters"] == before
        say(feed_world, text)


def test_views_and_downloads_change_no_place(feed_world, catalogue, application):
    """Whatever is fetched, and however often: the same seed draws the same order."""
    services = application.state.services

    def drawn() -> list[str]:
        given = Circumstances(now=1, seed=9)
        return [one.id for one in ranking.rank([each for each, _ in retrieval.candidates(given, services)], given)]

    before = drawn()
    for _ in range(5):
        for path in ("content", "content?variant=thumbnail"):
            feed_world.call("GET", f"/videos/{before[-1]}/{path}")
        feed_world.call("GET", f"/posts/{before[-1]}")

    assert drawn() == before
