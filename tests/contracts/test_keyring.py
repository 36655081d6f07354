"""The `Keyring` port: what is wrapped opens only in its context, and what is destroyed does not come back."""

import pytest
from volary.errors import ConditionFailed, Forbidden

CONTEXT = {"likeness": "like_1", "purpose": "matching"}


def test_key_opens_only_in_its_own_context(services):
    wrapped = services.keyring.wrap(b"k" * 32, CONTEXT)

    assert services.keyring.unwrap(wrapped, CONTEXT) == b"k" * 32
    for other in ({**CONTEXT, "purpose": "generation"}, {**CONTEXT, "likeness": "like_2"}):
        with pytest.raises(Forbidden):
            services.keyring.unwrap(wrapped, other)


def test_changed_key_does_not_open(services):
    wrapped = bytearray(services.keyring.wrap(b"k" * 32, CONTEXT))
    wrapped[-1] ^= 1

    with pytest.raises(Forbidden):
        services.keyring.unwrap(bytes(wrapped), CONTEXT)


def test_second_record_of_a_name_changes_nothing(services, fresh):
    assert services.keyring.add(fresh, "key", {"a": "1"}) is True
    assert services.keyring.add(fresh, "key", {"a": "2"}) is False
    assert services.keyring.get(fresh, "key") == {"a": "1"}


def test_record_that_was_destroyed_is_not_replaced(services, fresh):
    services.keyring.add(fresh, "key", {"a": "1"})
    services.keyring.replace(fresh, "key", {"a": "2"})
    assert services.keyring.get(fresh, "key") == {"a": "2"}

    assert services.keyring.destroy(fresh, "key") == 1

    with pytest.raises(ConditionFailed):
        services.keyring.replace(fresh, "key", {"a": "3"})
    assert services.keyring.get(fresh, "key") is None


def test_destroying_an_owner_takes_all_of_its_keys_and_no_others(services, fresh):
    for name in ("key", "release#1", "release#2"):
        services.keyring.add(fresh, name, {"a": name})
    services.keyring.add(f"{fresh}x", "key", {"a": "other"})

    assert services.keyring.destroy(fresh) == 3
    assert services.keyring.destroy(fresh) == 0
    assert services.keyring.get(f"{fresh}x", "key") == {"a": "other"}
