"""Wishes about a clip's frame: what each does to the order, what it says, and that what it leaves out is left out."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from volary.ranking import Ties
from volary.steering import Clause, Target, compile_text
from volary.steering.compiler import Understanding
from volary.steering.effects import effect
from volary.steering.parameters import Parameters, apply

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
    "format_portrait": ({"form": "portrait"}, {"form": "landscape"}),
    "format_square_less": ({"form": "landscape"}, {"form": "square"}),
    "sound_more": ({"has_sound": True}, {"has_sound": False}),
    "sound_less": ({"has_sound": False}, {"has_sound": True}),
    "depth_more": ({"depth": 3}, {"depth": 0}),
    "depth_less": ({"depth": 0}, {"depth": 3}),
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


ASKED = {
    "vertical videos only": "format_portrait",
    "je veux des vidéos verticales": "format_portrait",
    "fewer square clips": "format_square_less",
    "pas de format carré": "format_square_less",
    "landscape format please": "format_landscape",
    "silent clips, please": "sound_less",
    "sans son s'il te plaît": "sound_less",
    "no silent videos": "sound_more",
    "more remixes of remixes": "depth_more",
    "moins de remix de remix": "depth_less",
    "originals only": "remix_less",
    "des clips originaux": "remix_less",
    "no real people": "likeness_less",
    "pas de vraies personnes": "likeness_less",
    "something short": "duration_lt_8",
    "moins d'une minute": "duration_lt_60",
    "things posted this week": "recency_more",
    "du neuf d'abord": "recency_more",
    "no Spanish clips": "language_es_less",
    "more from people I follow": "following_more",
}


@pytest.mark.parametrize("text", ASKED)
def test_words_about_the_frame_become_the_facet_they_name(texts, text):
    said = compile_text(text, texts.ask, "fr" if " de " in text or "sans" in text or "d'" in text else "en")

    assert [(clause.op, clause.labels, clause.scope) for clause in said.clauses] == [
        ("facet", (ASKED[text],), "default")
    ]


def test_a_facet_turned_away_replaces_the_wish_for_it_and_leaves_others():
    parameters = Parameters()
    for facet in ("language_fr", "format_square", "language_fr_less", "language_es"):
        said = Understanding(kind="steer", language="en", clauses=(wish(facet),))
        parameters = apply(parameters, said, datetime.fromtimestamp(NOW, UTC))

    assert [entry.clause.labels for entry in parameters.entries] == [
        ("format_square",), ("language_fr_less",), ("language_es",)
    ]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=40), st.integers(2, 25), st.integers(0, 2**32))
def test_a_length_is_a_limit_and_no_preference(lengths, limit, seed):
    clips = [clip(n, seconds=seconds) for n, seconds in enumerate(lengths)]

    shorter = {one.id for one in drawn(clips, [wish(f"duration_lt_{limit}")], seed)}
    longer = {one.id for one in drawn(clips, [wish(f"duration_gt_{limit}")], seed)}

    assert shorter == {each.id for each in clips if each.seconds < limit}
    assert longer == {each.id for each in clips if each.seconds > limit}


@pytest.mark.parametrize(
    ("language", "text", "facet"),
    [
        ("en", "max duration 14s", "duration_lt_14"),
        ("en", "nothing over half a minute", "duration_lt_30"),
        ("en", "no clips longer than forty-five seconds", "duration_lt_45"),
        ("en", "at least forty seconds each", "duration_gt_40"),
        ("fr", "rien qui dépasse cinquante secondes", "duration_lt_50"),
        ("fr", "jamais plus d'une demi-minute", "duration_lt_30"),
        ("fr", "aucun clip qui dure plus de vingt secondes", "duration_lt_20"),
        ("en", "fresher clips please", "recency_more"),
        ("en", "only muted clips", "sound_less"),
        ("en", "more landscape-format clips", "format_landscape"),
        ("fr", "en langue espagnole s'il vous plaît", "language_es"),
    ],
)
def test_a_clips_frame_is_asked_for_in_many_ways(texts, language, text, facet):
    assert [(clause.op, clause.labels) for clause in compile_text(text, texts.ask, language).clauses] == [
        ("facet", (facet,))
    ]
