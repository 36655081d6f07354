"""What instructions compile to: the project's own rows, determinism, and the properties that no row shows."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from volary.errors import Invalid
from volary.steering import compile_text
from volary.steering.effects import effect
from volary.steering.parameters import Parameters, apply, ends, standing

from local import feed_steering
from tests.feed import instructions

AT = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)  # a Sunday
DATA = Path(os.environ.get("VOLARY_DATA", "../shared/data"))


@pytest.mark.parametrize("part", ["dev", "dev_more", "dev_third"])
def test_development_rows_are_read(texts, part):
    rows = [row for row, _ in feed_steering.read_rows(instructions.rows(part), texts.ask)]
    figures = feed_steering.figures(rows)[0]

    assert figures["direction"]["rate"] >= 0.95
    assert figures["clause_f1"] >= 0.9


@pytest.mark.skipif(not (DATA / "feed_instructions_dev.jsonl").exists(), reason="$VOLARY_DATA is not here")
def test_shared_rows_are_read(texts):
    given = feed_steering.rows_of(DATA / "feed_instructions_dev.jsonl")
    figures = feed_steering.figures([row for row, _ in feed_steering.read_rows(given, texts.ask)])[0]

    assert figures["direction"]["rate"] == 1
    assert figures["clause_f1"] >= 0.99


def test_one_plain_word_of_asking_is_not_turned(texts):
    assert compile_text("Moins de villes s'il te plaît", texts.ask, "fr").clauses[0].op == "less"


@pytest.mark.parametrize(
    ("language", "text", "op", "topic", "scope"),
    [
        ("fr", "pendant deux heures du calme", "more", "calm", "hours:2"),
        ("fr", "pendant une heure de la musique", "more", "music", "hours:1"),
        ("fr", "pendant trois heures pas de chiens", "block", "dogs", "hours:3"),
        ("en", "for two hours some quiet", "more", "calm", "hours:2"),
    ],
)
def test_how_long_may_be_said_first_and_without_a_verb(texts, language, text, op, topic, scope):
    (clause,) = compile_text(text, texts.ask, language).clauses

    assert (clause.op, clause.labels, clause.scope) == (op, (topic,), scope)


@pytest.mark.parametrize("part", ["heldout_third", "heldout_fourth", "heldout_fifth"])
def test_rows_that_were_held_out_once_stay_read(texts, part):
    rows = [row for row, _ in feed_steering.read_rows(instructions.rows(part), texts.ask)]
    every = {each["slice"]: each for each in feed_steering.figures(rows)}

    assert every["all"]["direction"]["rate"] >= 0.95
    assert every["all"]["clause_f1"] >= 0.85
    assert every["tag trap"]["direction"]["rate"] >= 0.9
    assert abs(every["lang en"]["direction"]["rate"] - every["lang fr"]["direction"]["rate"]) <= 0.05


@pytest.mark.parametrize(
    ("part", "direction", "clause_f1", "traps"),
    [
        ("heldout_eleventh", 0.89, 0.85, 0.87),
        ("heldout_thirteenth", 0.93, 0.9, 0.88),
        ("heldout_fourteenth", 0.9, 0.85, 0.85),
    ],
)
def test_rows_of_a_stranger_are_read_as_well_as_when_they_were_first_seen(texts, part, direction, clause_f1, traps):
    """Floors a little under what was found before any weights had learned from the set."""
    rows = [row for row, _ in feed_steering.read_rows(instructions.rows(part), texts.ask)]
    every = {each["slice"]: each for each in feed_steering.figures(rows)}

    assert every["all"]["direction"]["rate"] >= direction
    assert every["all"]["clause_f1"] >= clause_f1
    assert every["tag trap"]["direction"]["rate"] >= traps
    assert every["tag injection" if part == "heldout_eleventh" else "tag reject"]["direction"]["rate"] == 1


def test_what_stands_beside_the_subject_is_reported(texts):
    said = compile_text("my daughter loves unicorns", texts.ask)

    assert [(clause.op, clause.labels) for clause in said.clauses] == [("more", ("fantasy",))]
    assert said.not_understood == ("daughter",)


@pytest.mark.parametrize("text", ["more of @ada", "je veux les clips les plus récents", "des vidéos plus longues"])
def test_a_harmless_wish_is_not_refused(texts, text):
    assert compile_text(text, texts.ask).kind == "steer"


@pytest.mark.parametrize("text", ["more cats, fewer dogs tonight", "plus de chats sauf les chatons", "🌊 yes"])
def test_the_same_text_gives_the_same_clauses(texts, text):
    assert compile_text(text, texts.ask) == compile_text(text, texts.ask)


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001])
def test_an_empty_or_endless_text_is_invalid(texts, text):
    with pytest.raises(Invalid):
        compile_text(text, texts.ask)


@pytest.mark.parametrize("text", ["less volcanic glass blowing", "moins de soufflage de verre volcanique"])
def test_a_subject_that_no_list_foresees_keeps_its_place_in_the_space_of_meanings(texts, text):
    (clause,) = compile_text(text, texts.ask).clauses

    assert clause.op == "less" and all(target.vector for target in clause.targets)


def test_every_effect_is_said_in_both_languages(texts):
    for row in instructions.rows("dev"):
        for clause in compile_text(row["text"], texts.ask, row["lang"]).clauses:
            assert effect(clause, "en") and effect(clause, "fr")
            assert effect(clause, "en") != effect(clause, "fr")


def test_a_later_word_contradicts_an_earlier_one(texts):
    parameters = Parameters()
    for text in ("more cats", "block trains", "less cats", "you may show trains again"):
        parameters = apply(parameters, compile_text(text, texts.ask), AT)

    assert [(c.op, c.labels) for c in standing(parameters, int(AT.timestamp()))] == [("less", ("cats",))]


def test_a_wish_ends_when_its_scope_does(texts):
    parameters = apply(Parameters(), compile_text("only cats tonight", texts.ask), AT, "Europe/Paris")
    morning = int(datetime(2026, 11, 23, 5, tzinfo=UTC).timestamp())  # six o'clock in Paris

    assert standing(parameters, morning - 1) and not standing(parameters, morning)


@pytest.mark.parametrize(
    ("scope", "end"),
    [
        ("today", datetime(2026, 11, 22, 23, tzinfo=UTC)),  # midnight in Paris
        ("hours:2", datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ("until:monday", datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ("week", datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ("forever", None),
        ("default", None),
    ],
)
def test_scopes_end_by_the_readers_own_clock(scope, end):
    assert ends(scope, AT, "Europe/Paris") == (int(end.timestamp()) if end else None)
