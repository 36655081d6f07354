"""Prompts longer than a model reads: cut where a clause ends, never silently."""

from dataclasses import replace

import pytest

from inference.generator.asking import Ask
from inference.generator.clauses import SHOWN, fitted, warning
from inference.generator.text import readable

ASK = Ask("a red balloon over the sea", seconds=4, width=112, height=64, seed=7)
LONG = "a red balloon floats over the sea, " * 5 + "then a dog runs along the beach. At night it snows"


def words(limit: int):
    return lambda text: len(text.split()) <= limit


@pytest.mark.parametrize(
    ("text", "limit", "kept", "dropped"),
    [
        ("a fox runs", 3, "a fox runs", ""),
        ("a fox runs, a dog sleeps", 4, "a fox runs", "a dog sleeps"),
        ("a fox runs. A dog sleeps; it rains", 6, "a fox runs. A dog sleeps", "it rains"),
        ("a fox runs and a dog sleeps", 5, "a fox runs", "and a dog sleeps"),
        ("un renard court puis un chien dort", 4, "un renard court", "puis un chien dort"),
        ("a fox runs over the snow", 4, "a fox runs over", "the snow"),
        ("at 3.5 metres a fox runs", 2, "at 3.5", "metres a fox runs"),
    ],
)
def test_a_text_is_cut_at_the_last_clause_that_fits(text: str, limit: int, kept: str, dropped: str):
    assert fitted(text, words(limit)) == (kept, dropped)


def test_a_single_endless_word_is_cut_inside():
    kept, dropped = fitted("x" * 1000, lambda text: len(text) <= 64)

    assert (len(kept), len(dropped)) == (64, 936)


def test_no_character_is_lost_between_the_two_parts_but_marks_and_spaces():
    kept, dropped = fitted(LONG, words(20))

    assert "".join((kept + dropped).split()).replace(",", "") == "".join(LONG.split()).replace(",", "")


def test_what_a_model_reads_is_kept_whole_and_more_is_cut_with_a_warning():
    assert readable(ASK, words(8), "8 words") == (ASK.prompt, "", ())

    prompt, unwanted, warnings = readable(replace(ASK, prompt=LONG, negative_prompt=LONG), words(20), "20 words")

    assert LONG.startswith(prompt)
    assert len(prompt.split()) <= 20
    assert prompt.endswith("the sea")
    assert unwanted == prompt
    assert [said.split(" is ")[0] for said in warnings] == ["the prompt", "the negative prompt"]
    assert "20 words" in warnings[0]


def test_a_warning_quotes_a_bounded_part_of_what_was_left_out():
    said = warning("prompt", "18 words", "w" * 30_000)

    assert "30000 characters" in said
    assert len(said) < SHOWN + 150


def test_a_prompt_of_the_greatest_length_is_cut_in_no_time():
    kept, dropped = fitted("fox, " * 6400, lambda text: len(text.split()) <= 12)

    assert len(kept.split()) == 12
    assert len(dropped) > 31_000
