"""A changed policy meets what was published under the old one."""

from dataclasses import replace
from datetime import date

import pytest
from volary import embedded
from volary.accounts import ANYONE, Account, Viewer
from volary.audiences import EVERYBODY, Audience
from volary.moderation import shipped_policy
from volary.ports import Range
from volary.stores.accounts import Accounts
from volary.stores.reviews import Reviews
from volary.stores.videos import Act, Screening, Videos
from volary.videos import Video, may_serve

from events.bus import Tick
from events.moderation import Category, Signal
from functions.events.rescreen import judge_again, rescreen
from functions.review.effects import _show

POLICY = shipped_policy()
ADULT = Viewer(user_id="user_2", audience=EVERYBODY)


def scored(stage: str, score: float, *, left_out: Category | None = None) -> tuple[Signal, ...]:
    return tuple(
        Signal(stage=stage, category=category, score=score if category is Category.VIOLENCE else 0.0, model="m")
        for category in POLICY.required["prompt"]
        if category != left_out
    )


@pytest.fixture
def services():
    return embedded.services(":memory:")


def published(services, score: float = 0.3, version: str = "old", verdict: str = "pass", **more) -> Video:
    video = Video(
        id=services.ids.new("video"), owner_id="user_1", prompt="a boat", asked_model="volary-1", seconds=4,
        width=720, height=1280, seed=1, record=services.ids.record(), visibility="public", status="completed",
        stage="done", gate="pass", created_at=1, completed_at=2, posted_at=3,
    )  # fmt: skip
    store = Videos(services.items)
    signals = scored("prompt", score, **more)
    seen = Screening(what="prompt", verdict=verdict, policy_version=version, signals=signals, at=1)
    return store.add(video, Act(action="made", actor="user_1", at=1), [], [store.screening_write(video.id, seen)])


def stricter(version: str = "new", hold: float = 0.2):
    rules = tuple(replace(r, hold=hold) if r.category is Category.VIOLENCE else r for r in POLICY.rules)
    return replace(POLICY, version=version, rules=rules)


def test_what_no_longer_passes_is_hidden_and_put_before_a_moderator(services):
    video = published(services)

    assert judge_again(video, stricter(), services)

    after = Videos(services.items).get(video.id)
    case = Reviews(services.items).get(after.hidden_by)
    assert not may_serve(after, ANYONE)
    assert (case.kind, case.category, case.hid) == ("match", Category.VIOLENCE, (video.id,))
    assert case.law.startswith("house rule")
    _show(case.hid, case.id, services)
    assert may_serve(Videos(services.items).get(video.id), ADULT)


def test_a_second_round_with_the_same_policy_changes_nothing(services):
    video = published(services)
    judge_again(video, stricter(), services)
    once = Videos(services.items).get(video.id)

    assert not judge_again(once, stricter(), services)
    assert Videos(services.items).get(video.id) == once


def test_a_score_that_the_new_policy_asks_for_and_nobody_gave_hides(services):
    video = published(services, 0.0, left_out=Category.GORE)

    assert judge_again(video, replace(POLICY, version="new"), services)


def test_what_a_moderator_released_stays_released(services):
    video = published(services, 0.6, verdict="hold")

    assert not judge_again(video, stricter(), services)
    assert may_serve(Videos(services.items).get(video.id), ADULT)


def test_whom_the_new_policy_keeps_a_clip_from_no_longer_sees_it(services):
    """The scores pass for everybody else, and stay as they were stored."""
    maker = Account(user_id="user_1", handle="ann", birth_date=date(1990, 1, 1), created_at=1)
    Accounts(services.items).add(maker)
    video = published(services, 0.45)
    young = Viewer(user_id="user_3", audience=Audience("13-15", "US"))
    assert may_serve(video, young)

    assert not judge_again(video, replace(POLICY, version="new"), services)

    after = Videos(services.items).get(video.id)
    assert [may_serve(after, each) for each in (young, ANYONE, ADULT)] == [False, False, True]


def test_the_whole_catalogue_is_met_page_by_page(services):
    clips = [published(services, 0.9 if number % 10 == 0 else 0.0) for number in range(60)]

    for _ in range(4):
        rescreen(Tick(), services)

    store = Videos(services.items)
    versions = {each.policy_version for clip in clips for each in store.screenings(clip.id)}
    assert versions == {POLICY.version}
    assert len(store.public(Range(limit=100))) == 54
