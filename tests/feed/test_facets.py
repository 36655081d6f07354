"""Wishes about a clip's frame: what each does to the order, what it says, and that what it leaves out is left out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from volary.ranking import Ties
from volary.steering import Clause, Target
from volary.steering.effects import effect

from tests.feed.test_ranking import NOW, clip, drawn

DAY = 86_400
# What a wish prefers, beside a clip that lacks just that.
PREFERS = {
    "remix_more": ({"is_remix": True}, {}),
    "remix_less": ({}, {"is_remix": True}),
    "likeness_more": ({"shows_people": True}, {}),
    "likeness_less": ({}, {"shows_people": True}),
    "language_fr": ({"language": "fr"}, {"language": "en"}),
    "language_fr_less": ({"language": "en"}, {"language": "fr"}),
    "recency_more": ({"posted_at": NOW}, {"posted_at": NOW - 9 * DAY}),
    "recency_less": ({"posted_at": NOW - 9 * DAY}, {"posted_at": NOW}),
    "following_more": ({"owner_id": "friend"}, {"owner_id": "stranger"}),
    "following_less": ({"owner_id": "stranger"}, {"owner_id": "friend"}),
}
TIES = Ties(following=frozenset({"friend"}))


def wish(facet: str, strength: str = "normal") -> Clause:
    return Clause(op="facet", strength=strength, targets=(Target(words=facet),))


def lead(facet: str, clauses) -> float:
    """By how many places those that the wish prefers stand before the others, summed over forty seeds."""
    wanted, other = PREFERS[facet]
    clips = [clip(n, **{"root_id": f"r{n}", "posted_at": NOW, **(wanted if n % 2 else other)}) for n in range(20)]
    found = 0.0
    for seed in range(40):
        order = [one.id for one in drawn(clips, clauses, seed, ties=TIES)]
        found += sum(order.index(each.id) * (-1 if n % 2 else 1) for n, each in enumerate(clips))
    return found


@pytest.mark.parametrize("facet", PREFERS)
def test_every_facet_moves_what_it_names_and_its_terms_say_so(facet):
    wanted, other = PREFERS[facet]

    assert lead(facet, [wish(facet)]) > lead(facet, []) + 400
    ranked = drawn([clip(1, **wanted), clip(2, **other)], [wish(facet)], ties=TIES)
    assert any(term.about == facet for one in ranked for term in one.why)


@pytest.mark.parametrize("facet", [*PREFERS, "duration_lt_8", "duration_gt_12"])
def test_every_facet_is_told_in_words(facet):
    english, french = effect(wish(facet), "en"), effect(wish(facet), "fr")

    assert facet not in english and facet not in french and english != french


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=40), st.integers(2, 25), st.integers(0, 2**32))
def test_a_length_is_a_limit_and_no_preference(lengths, limit, seed):
    clips = [clip(n, seconds=seconds) for n, seconds in enumerate(lengths)]

    shorter = {one.id for one in drawn(clips, [wish(f"duration_lt_{limit}")], seed)}
    longer = {one.id for one in drawn(clips, [wish(f"duration_gt_{limit}")], seed)}

    assert shorter == {each.id for each in clips if each.seconds < limit}
    assert longer == {each.id for each in clips if each.seconds > limit}
