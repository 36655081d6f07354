"""The block list by face and voice over the ports: sealed, matched in a copy for one request, gone with its key."""

import pytest
from volary import boxes
from volary.vault_index import FACES, block_person, blocked_entries, forget_snapshot, index, unblock_person

from volary.ports import Key  # isort: skip


@pytest.fixture
def listed(services, fresh):
    block_person(fresh, [[0.25] * 128], [0.125] * 256, services)
    yield fresh
    unblock_person(fresh, services)


def test_a_template_is_kept_sealed_and_opens_in_the_copy_alone(services, listed):
    assert listed in blocked_entries(services)
    sealed = boxes.raw(services.items.get(Key(FACES, f"blocked:{listed}"))["sealed"], "sealed")
    assert b"0.25" not in sealed

    copy = index(services)
    try:
        boxed, key = (services.blobs.get("work", f"index/{copy.index_id}{end}") for end in ("", ".key"))
        assert f'"subject":"blocked:{listed}"'.encode() in boxes.unbox(key, boxed, copy.index_id.encode())
    finally:
        forget_snapshot(copy.index_id, services)


def test_whoever_is_taken_off_leaves_no_key_and_no_copy(services, fresh):
    block_person(fresh, [[0.25] * 128], None, services)
    copy = index(services)

    unblock_person(fresh, services)

    assert fresh not in blocked_entries(services)
    assert services.keyring.get(f"blocked:{fresh}", "key") is None
    assert services.blobs.facts("work", f"index/{copy.index_id}.key") is None
