"""Fifty people are erased: nothing of them is left in the home's files, and copies of before open no more."""

import pytest
from volary import boxes, vault
from volary.embedded import open_home
from volary.errors import Forbidden, VolaryError
from volary.vault_index import index
from volary.vault_loans import Loan, loan_write

from tests.likeness.material import Device, taken

PEOPLE = 50


@pytest.fixture(scope="module")
def erased(tmp_path_factory):
    """A home where fifty people enrolled, were matched and lent, then erased, and their files from before."""
    home = open_home(tmp_path_factory.mktemp("erasure") / "home")
    people = [f"like_{number:03d}" for number in range(PEOPLE)]
    made, keys, device = {}, set(), Device(boxes.new_key())
    for number, name in enumerate(people):
        made[name] = taken(name, home.services, face=number / 100)
        custody = "device" if number % 2 else "server"
        own = device.key if custody == "device" else None
        vault.keep(name, f"user_{number}", custody, own, made[name].checked, home.services)
        if number % 2:
            half = device.opened(vault.device_box(name, home.services), name)
            vault.release(name, "video_1", half, home.services)
        home.services.items.write(loan_write(loan(name)))
        vault.lend(loan(name), home.services)
        keys |= set(home.keyring.get(name, "key").values())
    index(home.services)
    copied = {(bucket, name): home.blobs.get(bucket, name) for bucket, name in stored(home)}
    before = b"".join(data for path, data in everything(home).items() if "keyring" in path.parts)
    assert all(key.encode() in before for key in keys)  # what the tests look for can be found
    found = {name: vault.erase(name, home.services) for name in people}
    return home, made, keys, copied, found


def loan(likeness_id):
    return Loan(likeness_id=likeness_id, video_id="video_1", call_id="call_1", at=0)


def stored(home):
    with home.database.reading() as connection:
        return [(row["bucket"], row["key"]) for row in connection.execute("SELECT bucket, key FROM blobs")]


def everything(home):
    """Every byte of every file of the home: records, queues, outbox, blobs, keyring, journals."""
    return {path: path.read_bytes() for path in home.folder.rglob("*") if path.is_file()}


def test_nothing_that_was_taken_is_in_any_file(erased):
    home, made, _, _, _ = erased
    canaries = [part for each in made.values() for part in each.parts.values()]
    templates = [boxes.text(each.parts["voice"]).encode() for each in made.values()]
    files = everything(home)

    assert len(canaries) == 3 * PEOPLE
    wanted = [canary[:40] for canary in [*canaries, *templates]]
    assert [path for path, data in files.items() if any(canary in data for canary in wanted)] == []


def test_no_key_of_theirs_is_in_any_file_of_the_keyring(erased):
    home, _, keys, _, _ = erased
    files = {path: data for path, data in everything(home).items() if "keyring" in path.parts}

    assert len(keys) >= 3 * PEOPLE
    assert files
    assert [path for path, data in files.items() if any(key.encode() in data for key in keys)] == []


def test_no_row_and_no_file_of_theirs_is_left(erased):
    home, _, _, _, found = erased
    left = [key for bucket, key in stored(home) if bucket in ("likenesses", "work")]

    assert left == []
    assert home.items.query("FACES") == []
    assert index(home.services) is None
    assert {each["counts"]["keys"] for each in found.values()} == {1, 2}
    assert len({each["key_id"] for each in found.values()}) == PEOPLE


def test_copies_made_before_do_not_open_with_any_key_that_is_left(erased):
    """The home still has its wrapping key; the sealed captures, entries and lent parts of before stay shut."""
    home, made, _, copied, _ = erased
    wrapping = (home.folder / "keyring" / "wrapping.key").read_bytes()
    sealed = {place: data for place, data in copied.items() if not place[1].endswith(("key", ".key"))}
    refused = 0

    for (bucket, name), data in sealed.items():
        home.services.blobs.put(bucket, name, data, "application/octet-stream")
        for key in (wrapping, boxes.new_key()):
            for about in (name.encode(), name.split("/")[0].encode()):
                with pytest.raises(Forbidden):
                    boxes.unbox(key, data, about)
                with pytest.raises(Forbidden):
                    boxes.unseal(key, data, about)
                refused += 2
    assert len(sealed) == 3 * PEOPLE + 1
    assert refused == 8 * len(sealed)
    for name in made:
        with pytest.raises(VolaryError):
            vault.lend(loan(name), home.services)
