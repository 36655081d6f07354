"""Receipts verify without us, and not after one changed byte."""

import pytest
from volary.embedded import services as services_of
from volary.errors import Invalid
from volary.receipts import canonical, issue, key_set, verify

DOCUMENT = {"receipt_id": "receipt_1", "kind": "granted", "purposes": ["personal"], "issued_at": 1}


@pytest.fixture(scope="module")
def services():
    return services_of(":memory:")


def test_receipt_verifies_offline_with_the_published_keys(services):
    assert verify(issue(DOCUMENT, services), key_set(services)) == DOCUMENT


def test_any_other_byte_is_refused(services):
    jws, keys = issue(DOCUMENT, services), key_set(services)

    for place in range(len(jws)):
        changed = jws[:place] + ("A" if jws[place] != "A" else "B") + jws[place + 1 :]
        with pytest.raises(Invalid):
            verify(changed, keys)


def test_key_of_another_home_does_not_verify(services):
    with pytest.raises(Invalid):
        verify(issue(DOCUMENT, services), key_set(services_of(":memory:")))


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_receipt_is_refused(services, text):
    with pytest.raises(Invalid):
        verify(text, key_set(services))


def test_canonical_json_has_one_spelling():
    assert canonical({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()
