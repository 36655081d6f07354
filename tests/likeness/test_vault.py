"""A likeness opens with its key, for its purpose, with its device, and never again once it is erased."""

import base64
import json

import pytest
from volary import boxes, vault
from volary.audit import first_break
from volary.embedded import open_home
from volary.errors import Absent, Conflict, Forbidden, Invalid, KeyNotReleased
from volary.vault_index import block_person, forget_snapshot, index
from volary.vault_loans import PARTS, SETTLED, Loan, all_loans, loan_write, take_back_loan
from volary.vault_openings import head, openings

from inference.likeness import sealing
from tests.likeness.material import Device, taken


@pytest.fixture
def home(tmp_path):
    return open_home(tmp_path / "home")


@pytest.fixture
def services(home):
    return home.services


def loan(video_id="video_1", call_id="call_1"):
    return Loan(likeness_id="like_1", video_id=video_id, call_id=call_id, at=0)


def lent(services):
    """What lies where a model server would read it."""
    with_call = (f"lent/like_1/video_1/{call}/{part}" for call in ("call_1", "call_2") for part in (*PARTS, "key"))
    return [place for place in with_call if services.blobs.facts("likenesses", place)]


def kept(services, custody="server", device=None, likeness_id="like_1"):
    made = taken(likeness_id, services)
    vault.keep(likeness_id, "user_1", custody, device.key if device else None, made.checked, services)
    return made


def read_back(reference, services):
    """What the model server reads of a reference, through the links' own keys."""
    place = {name: getattr(reference, name).split("?")[0].split("likenesses/", 1)[1] for name in (*PARTS, "key")}
    box = {name: services.blobs.get("likenesses", at) for name, at in place.items()}
    return {part: sealing.unbox(box["key"], box[part], getattr(reference, f"{part}_about").encode()) for part in PARTS}


def test_capture_opens_for_a_clip_with_server_custody(services):
    made = kept(services)

    assert vault.device_box("like_1", services) is None
    assert vault.is_released("like_1", "video_1", services)
    assert read_back(vault.lend(loan(), services), services) == {
        part: made.parts[part] for part in ("picture", "voice")
    }


def test_without_the_device_no_clip_starts(services):
    device = Device(boxes.new_key())
    kept(services, "device", device)

    assert not vault.is_released("like_1", "video_1", services)
    with pytest.raises(KeyNotReleased) as refused:
        vault.lend(loan(), services)
    assert refused.value.code == "likeness_not_released"


def test_device_releases_for_one_generation(services):
    """A second try of the same generation needs no second release; once it is over, the release is used up."""
    device = Device(boxes.new_key())
    made = kept(services, "device", device)
    half = device.opened(vault.device_box("like_1", services), "like_1")

    vault.release("like_1", "video_1", half, services)

    assert vault.is_released("like_1", "video_1", services)
    assert not vault.is_released("like_1", "video_2", services)
    for call_id in ("call_1", "call_2"):
        assert read_back(vault.lend(loan(call_id=call_id), services), services)["picture"] == made.parts["picture"]
    vault.take_back("like_1", "video_1", services)
    assert not vault.is_released("like_1", "video_1", services)
    with pytest.raises(KeyNotReleased):
        vault.lend(loan(), services)


def test_what_was_lent_is_taken_back(services):
    kept(services)
    for each in (loan(), loan(call_id="call_2")):
        services.items.write(loan_write(each))
        vault.lend(each, services)
    assert len(lent(services)) == 6

    vault.take_back("like_1", "video_1", services)
    vault.take_back("like_1", "video_1", services)

    assert lent(services) == []


def test_row_of_a_loan_outlives_its_files_until_nobody_can_still_be_lending(services):
    """A process that was slow lays its files down after they were taken back; the row is how the sweep finds them."""
    kept(services)
    now = int(services.clock.now().timestamp())
    fresh = Loan(likeness_id="like_1", video_id="video_1", call_id="call_1", at=now)
    services.items.write(loan_write(fresh))
    vault.take_back("like_1", "video_1", services)
    vault.lend(fresh, services)
    assert list(all_loans(services)) == [fresh]

    take_back_loan(fresh.model_copy(update={"at": now - SETTLED}), services)

    assert (lent(services), list(all_loans(services))) == ([], [])


def test_another_device_releases_nothing(services):
    device = Device(boxes.new_key())
    kept(services, "device", device)

    with pytest.raises(Forbidden) as refused:
        vault.release("like_1", "video_1", boxes.text(boxes.new_key()), services)
    assert refused.value.code == "likeness_key_refused"
    with pytest.raises(Invalid):
        vault.release("like_1", "video_1", "not base64!", services)
    with pytest.raises(Forbidden):
        Device(boxes.new_key()).opened(vault.device_box("like_1", services), "like_1")


def test_keyring_alone_does_not_open_what_a_device_holds_a_half_of(home, services):
    """Device custody: with every key that the server has, the capture stays shut."""
    kept(services, "device", Device(boxes.new_key()))
    record = services.keyring.get("like_1", "key")
    sealed = services.blobs.get("likenesses", "like_1/capture")
    ours = services.keyring.unwrap(base64.b64decode(record["ours"]), {"likeness": "like_1", "purpose": "generation"})

    for guess in (ours, boxes.derived(ours, b"like_1"), boxes.new_key()):
        with pytest.raises(Forbidden):
            boxes.unseal(guess, sealed, b"like_1")
        with pytest.raises(Forbidden):
            boxes.unbox(guess, base64.b64decode(record["locked"]), b"like_1")


def test_capture_that_was_exchanged_is_not_kept(services):
    made = taken("like_1", services)
    taken("like_1", services)

    with pytest.raises(Conflict) as refused:
        vault.keep("like_1", "user_1", "server", None, made.checked, services)
    assert refused.value.code == "capture_changed"


def test_keeping_again_changes_nothing(services):
    made = kept(services)
    before = services.keyring.get("like_1", "key")

    vault.keep("like_1", "user_1", "server", None, made.checked, services)

    assert services.keyring.get("like_1", "key") == before


def test_recipient_is_the_same_until_the_key_is_gone(services):
    assert vault.recipient("like_1", services) == vault.recipient("like_1", services)
    first = vault.recipient("like_1", services)

    vault.discard("like_1", services)

    assert vault.recipient("like_1", services) != first


def test_every_opening_is_in_a_chained_book(services):
    kept(services)
    vault.lend(loan(), services)
    index(services)

    book = openings("like_1", services)
    assert [entry.detail for entry in book] == ["enrol of user_1", "generation of video_1"]
    assert first_break(book, head("like_1", services)) is None
    assert len(openings("index", services)) == 1


def test_index_copy_holds_everybody_and_the_block_list(services):
    kept(services, likeness_id="like_1")
    kept(services, "device", Device(boxes.new_key()), likeness_id="like_2")
    block_person("q1", [[0.3] * 128], None, services)

    copy = index(services)

    key = services.blobs.get("work", f"index/{copy.index_id}.key")
    boxed = services.blobs.get("work", f"index/{copy.index_id}")
    entries = json.loads(sealing.unbox(key, boxed, copy.index_id.encode()))
    assert {entry["subject"] for entry in entries} == {"like_1", "like_2", "blocked:q1"}
    forget_snapshot(copy.index_id, services)
    assert services.blobs.facts("work", f"index/{copy.index_id}.key") is None


def test_nobody_enrolled_makes_no_index(services):
    assert index(services) is None


def test_erased_likeness_opens_no_more_and_says_so_twice(services):
    kept(services)
    services.items.write(loan_write(loan()))
    vault.lend(loan(), services)
    index(services)
    sealed = services.blobs.get("likenesses", "like_1/capture")

    first, second = vault.erase("like_1", services), vault.erase("like_1", services)

    assert first["counts"] == {"keys": 1, "index_entries": 1, "index_copies": 1, "captures": 1}
    assert second["key_id"] == first["key_id"] != ""
    assert set(second["counts"].values()) == {0}
    assert lent(services) == []
    services.blobs.put("likenesses", "like_1/capture", sealed, "application/octet-stream")
    for act in (lambda: vault.lend(loan("video_2"), services), lambda: vault.recipient("like_1", services)):
        with pytest.raises(Absent):
            act()
    assert index(services) is None


def test_model_server_and_product_seal_alike():
    private = boxes.new_key()
    public = boxes.public_of(private)

    assert boxes.unseal(private, sealing.seal(public, b"words", b"about"), b"about") == b"words"
    assert sealing.unbox(private, boxes.box(private, b"words", b"about"), b"about") == b"words"
    with pytest.raises(Forbidden):
        boxes.unseal(private, sealing.seal(public, b"words", b"about"), b"other")
