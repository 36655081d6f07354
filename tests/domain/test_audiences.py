"""Whom a clip is kept from: what the policy would have stopped for somebody never reaches them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from volary.accounts import ANYONE, Account, Viewer, viewer_of
from volary.audiences import Audience, Limit, audience_of
from volary.moderation import decide, limits, shipped_policy
from volary.videos import limited, may_serve, post

from events.moderation import Category, Signal
from tests.domain.test_videos import finished

POLICY = shipped_policy()
AGES, REGIONS = ("13-15", "16-17", "18+"), ("DE", "FR", "US", "IN")
AUDIENCES = [Audience(), *(Audience(age, region) for age in (*AGES, None) for region in (*REGIONS, None))]
SPECIAL = sorted({rule.category for rule in POLICY.rules if not rule.is_for_everybody})
SIGNALS = st.lists(
    st.builds(
        Signal, stage=st.sampled_from(["prompt", "frames", "sound"]),
        category=st.sampled_from([*SPECIAL, Category.DECEPTION]), score=st.floats(0, 1), model=st.just("test/1"),
    ),
    max_size=4,
)  # fmt: skip
LIMITS = st.lists(
    st.builds(
        Limit, ages=st.none() | st.sets(st.sampled_from(AGES), min_size=1).map(tuple),
        regions=st.none() | st.sets(st.sampled_from(REGIONS), min_size=1).map(tuple),
    ),
    max_size=3,
)  # fmt: skip


@given(signals=SIGNALS, audience=st.sampled_from(AUDIENCES))
def test_what_the_policy_would_have_stopped_for_somebody_is_kept_from_them(signals, audience):
    """Whoever made it: a clip that passed for its maker is served only where it would have passed, too."""
    clip = limited(post(finished(), 300), limits(signals, POLICY))
    served = may_serve(clip, Viewer(user_id="user_stranger", audience=audience))
    general = decide(signals, POLICY, complete=True).action
    special = decide(signals, POLICY, complete=True, audience=audience).action

    if general == "pass":
        assert served == (special == "pass")
    assert served or special != "pass"


@given(found=LIMITS, audience=st.sampled_from(AUDIENCES))
def test_a_clip_is_served_to_nobody_whom_a_limit_concerns_and_to_everybody_else(found, audience):
    clip = limited(post(finished(), 300), tuple(found))
    stranger = Viewer(user_id="user_stranger", audience=audience)

    assert may_serve(clip, stranger) == (not any(limit.applies(audience) for limit in found))
    assert may_serve(clip, Viewer(user_id=clip.owner_id))
    assert may_serve(clip, ANYONE) == (not found)


@given(found=LIMITS, more=LIMITS, audience=st.sampled_from(AUDIENCES))
def test_another_limit_never_opens_a_clip(found, more, audience):
    stranger = Viewer(user_id="user_stranger", audience=audience)
    clip = limited(post(finished(), 300), tuple(found))

    assert may_serve(clip, stranger) or not may_serve(limited(clip, tuple(more)), stranger)
    assert limited(limited(clip, tuple(more)), tuple(more)) == limited(clip, tuple(more))


def test_what_is_not_known_of_somebody_counts_as_every_age_and_region():
    limit = Limit(ages=("13-15",), regions=("DE",))

    assert [limit.applies(each) for each in (Audience(), Audience("13-15"), Audience(None, "DE"))] == [True] * 3
    assert not limit.applies(Audience("18+")) and not limit.applies(Audience(None, "FR"))


@pytest.mark.parametrize(
    ("born", "band"), [((2010, 11, 24), "13-15"), ((2010, 11, 23), "16-17"), ((2008, 11, 23), "18+")]
)
def test_who_asks_is_of_the_age_that_they_are_today(born, band):
    account = Account(user_id="u", handle="ann", birth_date=date(*born), region="FR", created_at=1)

    assert (
        viewer_of(account, date(2026, 11, 23)).audience
        == Audience(band, "FR")
        == audience_of({"13-15": 15, "16-17": 16, "18+": 18}[band], "FR")
    )
