"""What a reviewer says reaches the author in the author's language, and by names that people use."""

from volary.review import notices
from volary.review.handbook import explained, handbook


def test_a_template_is_told_in_both_languages_whichever_was_chosen():
    entry = handbook()["gore"]
    both = {"en": entry["en"], "fr": entry["fr"]}

    assert explained(entry["fr"]) == explained(f" {entry['en']} ") == both


def test_words_of_ones_own_stay_as_they_are():
    assert explained("too red") == {"en": "too red", "fr": "too red"}


def test_a_notice_names_its_ground_in_its_own_language():
    entry = handbook()["self_harm"]
    told = notices.texts("reject", "self_harm", entry["fr"], "/appeal/#ntc_1")

    assert entry["en"] in told["en"]
    assert entry["fr"] not in told["en"]
    assert "“Self-harm”" in told["en"]
    assert "« Automutilation »" in told["fr"]
    assert "self_harm" not in "".join(told.values())


def test_a_notice_without_a_category_names_the_policy():
    told = notices.texts("remove", None, "no", None)

    assert ("“content policy”" in told["en"], "« règles de contenu »" in told["fr"]) == (True, True)
