"""Keeping the block list by face and voice, as the functions do that no route leads to."""

import json

import pytest
from pydantic import ValidationError
from volary import embedded
from volary.blocked import SHIPPED, BlockedPerson
from volary.errors import Absent, Conflict, Invalid
from volary.stores.blocked import Blocked
from volary.vault_index import blocked_entries, index

from functions.blocking.add import add
from functions.blocking.listed import listed
from functions.blocking.remove import remove
from functions.blocking.shapes import Addition, Line, Listing, Removal

FACE, VOICE = [0.25] * 128, [0.125] * 256
JANE = {
    "id": "block_1", "names": ["Jane Éclair"], "kind": "estate", "faces": [FACE], "voice": VOICE, "added_by": "root",
}  # fmt: skip


@pytest.fixture
def services():
    return embedded.services(":memory:")


def own(services) -> list[Line]:
    """Whom this home added itself, without those who ship."""
    return [each for each in listed(Listing(), services).people if not each.id.startswith(SHIPPED)]


def asked(**other) -> Addition:
    """As it arrives: JSON, from whoever may call the function."""
    return Addition.model_validate(json.loads(json.dumps({**JANE, **other})))


def test_who_is_added_is_matched_until_they_are_removed(services):
    told = add(asked(), services)

    assert (told.id, told.faces, told.voice) == ("block_1", 1, True)
    assert [(each.id, each.is_matched) for each in own(services)] == [("block_1", True)]
    assert index(services) is not None

    remove(Removal(id="block_1", removed_by="root"), services)

    assert own(services) == []
    assert index(services) is None
    assert services.keyring.get("blocked:block_1", "key") is None
    with pytest.raises(Absent):
        remove(Removal(id="block_1", removed_by="root"), services)


def test_a_call_that_comes_twice_lists_a_person_once(services):
    add(asked(faces=[], voice=None), services)  # as far as one got that died half-way
    add(asked(), services)
    add(asked(), services)

    assert [each.id for each in own(services)] == ["block_1"]
    assert index(services) is not None


def test_a_name_alone_is_listed_and_not_matched(services):
    add(asked(faces=[], voice=None), services)

    assert [each.is_matched for each in own(services)] == [False]
    assert index(services) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"faces": [[0.777] * 127]},
        {"faces": [[0.777] * 127 + [float("nan")]]},
        {"faces": [["0.777x"] * 128]},
        {"faces": [[0.777] * 128] * 21},
        {"voice": [0.777] * 128},
        {"id": "like_1"},
        {"added_by": ""},
        {"kind": "enemy"},
    ],
)
def test_what_is_no_template_is_refused_and_not_repeated(wrong):
    """An error is logged, and these numbers are somebody's face."""
    with pytest.raises(ValidationError) as refused:
        asked(**wrong)

    assert "0.777" not in str(refused.value)


def test_a_name_that_cannot_be_told_keeps_no_face(services):
    with pytest.raises(Invalid):
        add(asked(names=["Al"]), services)

    assert blocked_entries(services) == set()


def test_a_list_that_outgrows_one_record_takes_nobody_more(services):
    store = Blocked(services.items)
    names = tuple("é" * 90 + f"{number:05d}x" for number in range(20))
    with pytest.raises(Conflict, match="bytes"):
        for number in range(100):
            store.add(BlockedPerson(id=f"block_{number}", names=names, kind="estate", added_by="a", at=1))
    kept = len(own(services))

    assert 50 < kept < 100
    store.remove("block_0", "a", 2)
    assert len(own(services)) == kept - 1
