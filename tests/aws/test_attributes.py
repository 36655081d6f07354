"""Items keep their values through DynamoDB's spelling."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from volary.aws.attributes import from_attribute, from_attributes, to_attribute, to_attributes
from volary.errors import Invalid

NUMBERS = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_what_was_stored_comes_back(item):
    assert from_attributes(to_attributes(item)) == item


def test_true_is_not_spelt_as_a_number():
    assert to_attribute(True) == {"BOOL": True}


@pytest.mark.parametrize("text", ["1E+2", "100", "100.0"])
def test_a_number_in_any_of_dynamodbs_spellings_is_the_number(text):
    assert from_attribute({"N": text}) == 100


@pytest.mark.parametrize("value", [math.nan, math.inf, (1, 2), {1: "x"}, b"bytes", {1, 2}])
def test_what_is_not_json_is_refused(value):
    with pytest.raises(Invalid):
        to_attribute(value)


def test_a_type_that_no_item_holds_is_refused():
    with pytest.raises(Invalid, match="SS"):
        from_attribute({"SS": ["a"]})
