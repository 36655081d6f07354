"""The block list by face and voice in the deployed home: kept by calling, sealed, and no more allowed than that."""

import pytest
from botocore.exceptions import ClientError
from volary.aws.calling import called
from volary.blocked import SHIPPED
from volary.errors import Absent, Invalid

from tests.rehearsal.test_rights import denied

pytestmark = [pytest.mark.rehearsal, pytest.mark.slow]
FACE, VOICE = [0.25] * 128, [0.125] * 256


@pytest.fixture
def keeper(home):
    """Calls a function as the command line does."""

    def call(act: str, **request):
        return called(f"volary-dev-blocking-{act}", request, home.clients)

    return call


def added(keeper):
    """Who is listed beside those whom every home lists."""
    return [each for each in keeper("listed")["people"] if not each["id"].startswith(SHIPPED)]


def test_somebody_is_listed_by_face_and_taken_off_again(home, keeper):
    asked = {
        "id": "block_rehearsed", "names": ["Jane Éclair"], "kind": "estate", "faces": [FACE], "voice": VOICE,
        "added_by": "a rehearsal",
    }  # fmt: skip
    assert keeper("add", **asked)["faces"] == 1
    assert keeper("add", **asked)["id"] == "block_rehearsed"  # again, as after a lost answer
    (line,) = added(keeper)
    assert (line["id"], line["is_matched"]) == ("block_rehearsed", True)
    key = {"owner": {"S": "blocked:block_rehearsed"}, "name": {"S": "key"}}
    table = home.parameter("keyring-table")
    assert "Item" in home.clients["dynamodb"].get_item(TableName=table, Key=key)

    assert keeper("remove", id="block_rehearsed", removed_by="a rehearsal")["removed"] is True

    assert added(keeper) == []
    assert "Item" not in home.clients["dynamodb"].get_item(TableName=table, Key=key)
    with pytest.raises(Absent):
        keeper("remove", id="block_rehearsed", removed_by="a rehearsal")


def test_what_is_no_template_is_refused_without_being_repeated(keeper):
    with pytest.raises(Invalid) as refused:
        keeper("add", id="block_x", names=["Jane Éclair"], kind="estate", faces=[[0.777] * 127], added_by="a")

    assert "0.777" not in refused.value.message


def test_whoever_adds_can_read_no_key_and_open_none(home, client_as):
    context = {"likeness": "blocked:x", "purpose": "matching"}
    kms, key_id = client_as("BlockingAddRole", "kms"), home.parameter("biometric-key")
    sealed = kms.encrypt(KeyId=key_id, Plaintext=b"k" * 32, EncryptionContext=context)["CiphertextBlob"]

    assert denied(kms.decrypt, KeyId=key_id, CiphertextBlob=sealed, EncryptionContext=context)
    table = client_as("BlockingAddRole", "dynamodb")
    row = {"owner": {"S": "blocked:x"}, "name": {"S": "key"}}
    assert denied(table.get_item, TableName=home.parameter("keyring-table"), Key=row)
    assert denied(table.delete_item, TableName=home.parameter("keyring-table"), Key=row)


def test_whoever_removes_can_write_and_open_none(home, client_as):
    table = client_as("BlockingRemoveRole", "dynamodb")
    row = {"owner": {"S": "blocked:x"}, "name": {"S": "key"}}

    assert denied(table.put_item, TableName=home.parameter("keyring-table"), Item=row)
    with pytest.raises(ClientError):
        client_as("BlockingRemoveRole", "kms").encrypt(KeyId=home.parameter("biometric-key"), Plaintext=b"x")


def test_a_discarded_captures_key_can_be_destroyed_by_the_function_that_does_it(home, client_as):
    """The right to delete alone did not do: the names of the keys are asked for first."""
    table = client_as("EventsDiscardCapture", "dynamodb")
    name = home.parameter("keyring-table")
    values = {"ExpressionAttributeNames": {"#o": "owner"}, "ExpressionAttributeValues": {":o": {"S": "like_x"}}}

    assert table.query(TableName=name, KeyConditionExpression="#o = :o", **values)["Items"] == []
    table.delete_item(TableName=name, Key={"owner": {"S": "like_x"}, "name": {"S": "key"}})
