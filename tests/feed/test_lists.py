"""A list that is written with signs or bullets says what its words would; a sentence with a sign in it is no list."""

import pytest
from volary.steering.lists import unlisted

WORDED = {
    ("en", "- boats, + mountains"): "less boats, more mountains",
    ("en", "kites (+), owls (-)"): "more kites, less owls",
    ("en", "🚀➕ 🏀➖"): "more 🚀, less 🏀",
    ("en", "• more kites • less fog"): "more kites, less fog",
    ("en", "+ owls\n+ kites\n- fog"): "more owls, more kites, less fog",
    ("fr", "+ de chouettes - d'avions"): "plus de chouettes, moins d'avions",
    ("fr", "(+) danse (–) cuisine"): "plus de danse, moins de cuisine",
    ("fr", "• hiboux : oui • brume : non"): "hiboux : oui, brume : non",
}
LEFT = (
    ("en", "more owls + kites"),
    ("en", "- owls\n- kites"),
    ("en", "half-hour walks - nothing else"),
    ("en", "+ 30 seconds"),
    ("fr", "j'ai dit + de hiboux pas -"),
    ("fr", "plus de c++ et de science-fiction"),
    ("de", "- Boote, + Berge"),
    ("en", "+"),
)


@pytest.mark.parametrize(("language", "text"), WORDED, ids=lambda value: value)
def test_signs_and_bullets_are_put_into_words(language, text):
    assert unlisted(text, language) == WORDED[language, text]


@pytest.mark.parametrize(("language", "text"), LEFT, ids=lambda value: value)
def test_what_is_no_list_of_signs_is_left_as_it_is(language, text):
    assert unlisted(text, language) == text


def test_a_thousand_signs_cost_no_more_than_they_are():
    assert len(unlisted("+ a " * 250, "en")) > 0
