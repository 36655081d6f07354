"""A wish that is taken back gives way to its correction, and what explains a wish is told and steers nothing."""

import time

import pytest
from volary.steering import compile_text
from volary.steering.repairs import repaired
from volary.steering.targets import protected

CORRECTED = {
    ("en", "less jazz, sorry, I meant less opera"): "less opera",
    ("en", "more jazz, I mean opera"): "more opera",
    ("en", "more castles. Oops, I meant fewer"): "fewer castles",
    ("en", "only castles tonight, wait, make that islands"): "only islands tonight",
    ("en", "more jazz, less opera - scratch that, less blues"): "more jazz, less blues",
    ("fr", "moins de jazz, pardon, je voulais dire moins d'opéra"): "moins d'opéra",
    ("fr", "plus de châteaux, enfin plutôt des îles"): "plus de îles",
    ("fr", "plus de châteaux euh non moins"): "moins de châteaux",
    ("en", "less jazz, sorry, the other way round"): "more jazz",
    ("fr", "moins de châteaux... pardon, l'inverse"): "plus de châteaux",
    ("en", "I said more castles, not less!"): "I said more castles",
    ("fr", "j'ai dit moins de châteaux pas plus"): "j'ai dit moins de châteaux",
}
LEFT = (
    ("en", "more castles, I mean it"),
    ("en", "I never meant fewer castles"),
    ("en", "wait, more castles"),
    ("en", "castles no, islands yes"),
    ("en", "not more castles, less"),
    ("en", "more castles, less jazz, the other way round"),
    ("fr", "plus ou moins"),
    ("en", "less opera, I mean I really can't stand it"),
    ("fr", "plus de châteaux, plutôt que des îles"),
)


@pytest.mark.parametrize(("language", "text"), CORRECTED, ids=lambda value: value)
def test_a_correction_takes_the_place_of_what_it_corrects(language, text):
    assert repaired(text, language, protected()) == CORRECTED[language, text]


@pytest.mark.parametrize(("language", "text"), LEFT, ids=lambda value: value)
def test_what_corrects_nothing_is_left_as_it_is(language, text):
    assert repaired(text, language, protected()) == text


@pytest.mark.parametrize("text", ["block the trains. ok that's harsh, fewer trains", "no trains, well, fewer trains"])
def test_the_milder_of_two_wishes_about_the_very_same_thing_stands(texts, text):
    assert [(clause.op, clause.labels) for clause in compile_text(text, texts.ask).clauses] == [("less", ("trains",))]


def test_two_things_under_one_topic_keep_their_wishes(texts):
    said = compile_text("no spiders, fewer insects", texts.ask)

    assert [clause.op for clause in said.clauses] == ["block", "less"]


def test_a_reason_is_reported_and_steers_nothing(texts):
    said = compile_text("no horror tonight, my nephews are over", texts.ask)

    assert [(clause.op, clause.labels, clause.scope) for clause in said.clauses] == [("block", ("scary",), "tonight")]
    assert said.not_understood == ("nephews",)


@pytest.mark.parametrize("text", ["everything musical but no trumpets", "no music except trumpets"])
def test_an_exception_under_the_same_topic_is_meant_by_its_own_words(texts, text):
    labels = {label for clause in compile_text(text, texts.ask).clauses for label in clause.labels}

    assert "trumpets" in labels and len(labels) == 2


def test_a_handle_is_never_cut_short(texts):
    (clause,) = compile_text("more of @ada.b-c", texts.ask).clauses

    assert clause.labels == ("@ada.b-c",)


@pytest.mark.parametrize("text", ["wjkehf skjdhf", "brrrp flonk gnux"])
def test_words_that_mean_nothing_are_reported_and_steer_nothing(texts, text):
    said = compile_text(text, texts.ask)

    assert said.kind == "noop" and said.not_understood == (text,)


@pytest.mark.parametrize("text", ["less snow", "LESS SNOW!!!", "moins de neige", "MOINS DE NEIGE !!!"])
def test_shouting_asks_for_the_same(texts, text):
    assert [(clause.op, clause.labels) for clause in compile_text(text, texts.ask).clauses] == [
        ("less", ("snow_winter",))
    ]


def test_the_second_of_two_wishes_is_not_dropped(texts):
    said = compile_text("keep the beaches, lose the crowds", texts.ask)

    assert "crowds" in {target.words for clause in said.clauses for target in clause.targets} | set(said.not_understood)


@pytest.mark.parametrize("part", [". ", "no ", " ", "no wait, "])
def test_the_longest_instruction_of_pauses_costs_no_time(part: str) -> None:
    """A pattern that took the cube of their number held a process for seventeen seconds."""
    start = time.process_time()
    repaired((part * 1000)[:1000], "en", frozenset())
    assert time.process_time() - start < 2
