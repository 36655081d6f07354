"""What becomes of the grammar's clauses once a whole text was heard."""

import re

from volary.steering.clauses import Clause
from volary.steering.grammar import tag
from volary.steering.hearing import Hearing
from volary.steering.settling import Readers, settled
from volary.steering.targets import Target

from events.inference import Heard, HeardWord

WAYS = ("more", "less", "block", "only", "keep", "unblock", "about")


def hearing(text: str, kind: str, meant: dict[str, str], share: float = 0.95) -> Hearing:
    """A text that is surely of a kind and in which the words of `meant` go their ways."""
    words = [
        HeardWord(start=found.start(), end=found.end(), ways={
            way: share if meant.get(found.group()) == way else 0.0 for way in WAYS
        })
        for found in re.finditer(r"\w+", text)
    ]  # fmt: skip
    kinds = dict.fromkeys(("reject", "steer", "reset", "undo", "query", "noop"), (1 - share) / 5)
    return Hearing(text, Heard(kinds={**kinds, kind: share}, words=tuple(words)))


def clause(op: str, *words: str, **fields: str) -> Clause:
    return Clause(op=op, targets=tuple(Target(words=each) for each in words), **fields)


def read(heard: Hearing, *clauses: Clause, topics: tuple[str, ...] = ()) -> tuple[list[Clause], tuple[str, ...]]:
    """Settled by what was heard; the model of ways says "less" a little, whatever it is shown."""
    readers = Readers(
        heard, tag(heard.text, "en", frozenset()),
        lambda phrases: [Target(words=each, topics=topics) for each in phrases],
        lambda frames: [{"less": 0.3} for _ in frames],
    )  # fmt: skip
    return settled(readers, clauses)


def settle(heard: Hearing, *clauses: Clause) -> tuple[list[tuple[str, tuple[str, ...]]], tuple[str, ...]]:
    found, aside = read(heard, *clauses)
    return [(each.op, each.labels) for each in found], aside


def test_who_speaks_is_taken_out_and_told():
    heard = hearing("my grandson and I adore islands", "steer", {"islands": "more"})

    assert settle(heard, clause("more", "grandson"), clause("more", "islands")) == (
        [("more", ("islands",))], ("grandson",),
    )  # fmt: skip


def test_what_was_overlooked_is_added_with_its_own_strength():
    heard = hearing("more islands, a bit less chess", "steer", {"islands": "more", "chess": "less"})
    found, _ = read(heard, clause("more", "islands"))

    assert [(each.op, each.labels, each.strength) for each in found] == [
        ("more", ("islands",), "normal"), ("less", ("chess",), "slight"),
    ]  # fmt: skip


def test_a_wish_that_surely_goes_the_other_way_is_turned():
    heard = hearing("islands, as if I asked for them", "steer", {"islands": "less"})

    assert settle(heard, clause("more", "islands")) == ([("less", ("islands",))], ())


def test_one_undisturbed_word_of_asking_is_not_turned():
    heard = hearing("fewer islands, please", "steer", {"islands": "more"})

    assert settle(heard, clause("less", "islands")) == ([("less", ("islands",))], ())


def test_small_talk_asks_for_nothing_even_where_words_of_asking_stand_in_it():
    heard = hearing("my doctor says I need less sugar", "noop", {})

    assert settle(heard, clause("less", "sugar")) == ([("noop", ())], ())


def test_a_question_is_about_what_it_names():
    heard = hearing("what if I asked for fewer islands", "query", {"islands": "about"})
    found, _ = read(heard, clause("less", "islands"), topics=("ocean_beach",))

    assert [(each.op, each.labels) for each in found] == [("query", ("ocean_beach",))]


def test_what_was_not_heard_for_sure_stays_as_the_grammar_read_it():
    heard = hearing("my doctor says I need less sugar", "noop", {"sugar": "less"}, share=0.6)
    unsure = heard.heard.model_copy(update={"kinds": {**heard.heard.kinds, "noop": 0.45, "steer": 0.35}})

    assert settle(heard, clause("less", "sugar")) == ([("noop", ())], ())
    assert settle(Hearing(heard.text, unsure), clause("less", "sugar")) == ([("less", ("sugar",))], ())


def test_a_wish_about_frames_stays_where_small_talk_is_not_quite_sure():
    heard = hearing("silent ones, the baby sleeps", "noop", {}, share=0.8)

    assert settle(heard, clause("facet", "sound_less")) == ([("facet", ("sound_less",))], ())


def test_two_subjects_in_a_list_are_one_wish_and_apart_they_are_two():
    listed = hearing("trains and islands please", "steer", {"trains": "more", "islands": "more"})
    apart = hearing("more trains and more islands", "steer", {"trains": "more", "islands": "more"})

    assert settle(listed, clause("more", "trains"), clause("more", "islands"))[0] == [("more", ("trains", "islands"))]
    assert len(settle(apart, clause("more", "trains"), clause("more", "islands"))[0]) == 2


def test_a_list_goes_one_way():
    heard = hearing("bring islands and chess", "steer", {"islands": "more", "chess": "less"})
    doubtful = heard.heard.words[3].model_copy(
        update={"ways": {**heard.heard.words[3].ways, "less": 0.5, "more": 0.45}}
    )
    words = (*heard.heard.words[:3], doubtful)

    found = settle(
        Hearing(heard.text, heard.heard.model_copy(update={"words": words})), clause("more", "islands", "chess")
    )

    assert found[0] == [("more", ("islands", "chess"))]


def test_a_refusal_stands_where_a_request_may_be_heard_and_falls_where_praise_is():
    asked = hearing("more islands, and drop the filters", "steer", {"islands": "more"}, share=0.8)
    praised = hearing("glad that the filters are there", "noop", {})

    assert settle(asked, clause("reject")) == ([("reject", ())], ())
    assert settle(praised, clause("reject")) == ([("noop", ())], ())


def test_a_word_of_asking_is_no_subject_even_where_one_was_heard():
    heard = hearing("show me videos set in space", "steer", {"set": "more", "space": "more"})

    assert settle(heard, clause("more", "space")) == ([("more", ("space",))], ())
