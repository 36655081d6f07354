"""The `Keyring` port on a DynamoDB table of its own and a KMS key of its own; neither is used for anything else."""

from collections.abc import Mapping

from volary.aws import faults
from volary.aws.clients import Client, Clients
from volary.aws.keys import _SHUT
from volary.errors import ConditionFailed

PARTITION, SORT, RECORD = "owner", "name", "record"


class DynamoKeyring:
    """`table` has no stream and no point-in-time recovery: what is deleted from it is gone."""

    def __init__(self, clients: Clients, table: str, wrapping: str) -> None:
        self._clients = clients
        self._table = table
        self._wrapping = wrapping

    @property
    def _client(self) -> Client:
        return self._clients["dynamodb"]

    def wrap(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        with faults.translated("wrapping a likeness key", _SHUT):
            answer = self._clients["kms"].encrypt(
                KeyId=self._wrapping, Plaintext=plaintext, EncryptionContext=dict(context)
            )
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        with faults.translated("unwrapping a likeness key", _SHUT):
            answer = self._clients["kms"].decrypt(
                KeyId=self._wrapping, CiphertextBlob=ciphertext, EncryptionContext=dict(context)
            )
        return bytes(answer["Plaintext"])

    def add(self, owner: str, name: str, record: Mapping[str, str]) -> bool:
        try:
            self._put(owner, name, record, "attribute_not_exists(#owner)")
        except ConditionFailed:
            return False
        return True

    def replace(self, owner: str, name: str, record: Mapping[str, str]) -> None:
        self._put(owner, name, record, "attribute_exists(#owner)")

    def get(self, owner: str, name: str) -> dict[str, str] | None:
        with faults.translated("reading the keyring"):
            found = self._client.get_item(TableName=self._table, Key=_key(owner, name), ConsistentRead=True).get("Item")
        return None if found is None else {field: value["S"] for field, value in found[RECORD]["M"].items()}

    def destroy(self, owner: str, name: str | None = None) -> int:
        names = self._names(owner) if name is None else [name]
        return sum(self._delete(owner, each) for each in names)

    def _put(self, owner: str, name: str, record: Mapping[str, str], condition: str) -> None:
        fields = {RECORD: {"M": {field: {"S": value} for field, value in record.items()}}}
        known = {"ConditionalCheckFailedException": ConditionFailed}
        with faults.translated(f"storing the key {name} of {owner}", known):
            self._client.put_item(
                TableName=self._table, Item={**_key(owner, name), **fields}, ConditionExpression=condition,
                ExpressionAttributeNames={"#owner": PARTITION},
            )  # fmt: skip

    def _names(self, owner: str) -> list[str]:
        found: list[str] = []
        start: dict[str, object] = {}
        while True:
            with faults.translated("listing the keyring"):
                page = self._client.query(
                    TableName=self._table, ConsistentRead=True, KeyConditionExpression="#owner = :owner",
                    ExpressionAttributeNames={"#owner": PARTITION},
                    ExpressionAttributeValues={":owner": {"S": owner}}, **start,
                )  # fmt: skip
            found += [item[SORT]["S"] for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return found
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _delete(self, owner: str, name: str) -> int:
        with faults.translated(f"destroying the key {name} of {owner}"):
            gone = self._client.delete_item(TableName=self._table, Key=_key(owner, name), ReturnValues="ALL_OLD")
        return int("Attributes" in gone)


def _key(owner: str, name: str) -> dict[str, dict[str, str]]:
    return {PARTITION: {"S": owner}, SORT: {"S": name}}
