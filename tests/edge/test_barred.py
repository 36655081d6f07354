"""The function at the edge, as it is deployed, under Node: what it lets through, and that it refuses the rest."""

import re

import pytest

from tests.edge.emulated import BARRED, event

ENTRIES = {"like_ann": "8 1790000000", "video_9": "3 1790000000"}
REFUSED = {"statusCode": 403, "statusDescription": "Forbidden", "headers": {"cache-control": {"value": "no-store"}}}


def is_let(answer) -> bool:
    assert answer == REFUSED or "uri" in answer
    return answer != REFUSED


@pytest.mark.parametrize(
    ("judged", "let"),
    [
        ("video_1.4", True),
        ("video_1.4~like_bob.2", True),
        ("video_1.4~like_ann.8", True),
        ("video_1.4~like_ann.9~like_bob.1", True),
        ("video_1.4~like_ann.7", False),
        ("like_ann.7~video_1.4", False),
        ("video_1.4~like_bob.2~like_ann.0", False),
        ("video_9.2", False),
        ("video_9.3", True),
        ("video_9.10", True),
    ],
)
def test_a_link_is_let_by_the_versions_that_it_names(function, judged, let):
    assert is_let(function.run({"judged": judged}, ENTRIES)) is let


def test_a_request_that_is_let_goes_on_as_it_came(function):
    asked = event({"judged": "video_1.4"}, "/video_1/thumbnail.webp")

    assert function.answer(asked, ENTRIES) == asked["request"]


WRONG = {
    "nothing": {}, "empty": {"judged": ""}, "no version": {"judged": "video_1"}, "no name": {"judged": ".4"},
    "a gap": {"judged": "video_1.4~"}, "a sign": {"judged": "video_1.-4"}, "a fraction": {"judged": "video_1.4.5"},
    "no number": {"judged": "video_1.x"}, "a long number": {"judged": "video_1.9999999999"},
    "a long name": {"judged": f"{'v' * 81}.4"}, "another letter": {"judged": "vidéo_1.4"},
    "a space": {"judged": "video_1.4 "}, "twice": {"judged": ["video_1.4", "video_1.4"]},
    "many": {"judged": "~".join(f"like_{number}.1" for number in range(25))}, "another name": {"Judged": "video_1.4"},
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_read_is_refused(function, what):
    assert not is_let(function.run(WRONG[what], ENTRIES))


@pytest.mark.parametrize("fault", ["exists", "get"])
def test_a_list_that_cannot_be_asked_lets_nothing_through(function, fault):
    assert not is_let(function.run({"judged": "video_1.4~like_ann.9"}, ENTRIES, fault))


@pytest.mark.parametrize("value", ["", "x", "none 8", "NaN"])
def test_an_entry_that_is_no_number_bars(function, value):
    assert not is_let(function.run({"judged": "like_ann.999"}, {"like_ann": value}))


def test_a_clip_with_as_many_people_as_there_may_be_passes(function):
    from volary.likeness import MOST_PEOPLE

    judged = "~".join(["video_1.4", *(f"like_{number}.1" for number in range(MOST_PEOPLE))])

    assert is_let(function.run({"judged": judged}, ENTRIES))


def test_the_source_keeps_to_what_the_runtime_has():
    """Node knows more than CloudFront's runtime 2.0: no classes, spreads, for-of, async closures; 10 kB at most."""
    source = BARRED.read_text()
    code = re.sub(r"//.*", "", source)

    assert len(source.encode()) <= 10_000
    assert re.findall(r"\bclass\b|\.\.\.|\bof\b|\?\.|\?\?|async\s*\(|async\s+\w+\s*=>|\brequire\b|\beval\b", code) == []
    assert re.findall(r"^import (.*)$", code, re.MULTILINE) == ["cf from 'cloudfront';"]
