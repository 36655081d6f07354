"""One parser for both encodings: bracket names become objects and lists, and what is no body is refused."""

import io

import pytest
from volary.errors import Invalid

from functions.api.bodies import file_of, fingerprint, nested


def test_bracket_names_become_objects():
    assert nested([("video[id]", "video_1"), ("prompt", "a fox")]) == {"video": {"id": "video_1"}, "prompt": "a fox"}


def test_empty_brackets_make_a_list():
    assert nested([("likenesses[]", "a"), ("likenesses[]", "b")]) == {"likenesses": ["a", "b"]}


def test_a_list_of_objects_goes_on_when_a_name_repeats():
    pairs = [("cameos[][id]", "a"), ("cameos[][role]", "lead"), ("cameos[][id]", "b")]

    assert nested(pairs) == {"cameos": [{"id": "a", "role": "lead"}, {"id": "b"}]}


def test_deep_names_nest():
    assert nested([("a[b][c][]", "1"), ("a[b][c][]", "2"), ("a[b][d]", "3")]) == {
        "a": {"b": {"c": ["1", "2"], "d": "3"}}
    }


@pytest.mark.parametrize(
    "pairs",
    [
        [("a", "1"), ("a", "2")],
        [("a", "1"), ("a[b]", "2")],
        [("a[b]", "1"), ("a[]", "2")],
        [("a[]", "1"), ("a", "2")],
        [("a[b", "1")],
        [("[a]", "1")],
        [("", "1")],
        [("a]", "1")],
        [("a" + "[b]" * 100, "1")],
    ],
)
def test_contradicting_or_broken_names_are_refused(pairs):
    with pytest.raises(Invalid):
        nested(pairs)


def test_fingerprint_does_not_depend_on_order_or_encoding():
    one = nested([("prompt", "a"), ("video[id]", "v")])
    other = {"video": {"id": "v"}, "prompt": "a"}

    assert fingerprint("POST", "/v1/videos/edits", one) == fingerprint("POST", "/v1/videos/edits", other)


def test_fingerprint_tells_files_apart():
    one, other = (file_of("a.png", "image/png", io.BytesIO(data)) for data in (b"1", b"2"))

    assert fingerprint("POST", "/x", {"f": one}) != fingerprint("POST", "/x", {"f": other})
