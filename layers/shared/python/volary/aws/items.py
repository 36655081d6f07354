"""The `Items` port on one DynamoDB table with keys (pk, sk) and indexes gsi1 and gsi2, which hold whole items."""

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from volary.aws import faults
from volary.aws.attributes import from_attributes, to_attribute, to_attributes
from volary.aws.clients import Client, Clients
from volary.errors import ConditionFailed, Conflict, Invalid, Unavailable
from volary.ports import Add, Check, Delete, Index, Item, Key, Put, Range, When, Write

MAX_BATCH = 100  # writes of a transaction, keys of a batch of reads
MAX_KEYS = 1_000
TRIES = 6  # of a write that another transaction is in the way of
FIRST_WAIT = 0.02  # seconds, doubled at each try and blurred
# Above every sort key we make: U+10FFFF is a noncharacter, which no text of ours contains.
LAST = "\U0010ffff"
_REFUSED = {"ValidationException": Invalid, "ItemCollectionSizeLimitExceededException": Invalid}


class DynamoItems:
    """Raises Invalid for an item, key or batch over DynamoDB's limits."""

    def __init__(self, clients: Clients, table: str) -> None:
        self._clients = clients
        self._table = table

    @property
    def _client(self) -> Client:
        return self._clients["dynamodb"]

    def get(self, key: Key) -> Item | None:
        with faults.translated(f"reading item {tuple(key)}", _REFUSED):
            found = self._client.get_item(TableName=self._table, Key=_key(key), ConsistentRead=True)
        return from_attributes(found["Item"]) if "Item" in found else None

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Item]:
        if len(keys) > MAX_KEYS:
            raise Invalid(f"{len(keys)} keys at once are over the limit of {MAX_KEYS}")
        todo = [_key(key) for key in dict.fromkeys(keys)]
        found: dict[Key, Item] = {}
        refused = 0
        while todo:
            batch, todo = todo[:MAX_BATCH], todo[MAX_BATCH:]
            items, left = self._got(batch)
            found |= {Key(item["pk"], item["sk"]): item for item in items}
            todo += left  # what went over 16 MB or over the table's throughput
            refused = refused + 1 if len(left) == len(batch) else 0
            if refused >= TRIES:
                raise Unavailable(f"reading {len(left)} items: the table kept refusing them")
            if refused:
                time.sleep(FIRST_WAIT * 2**refused * random.uniform(0.5, 1))
        return found

    def _got(self, keys: list[dict[str, Any]]) -> tuple[list[Item], list[dict[str, Any]]]:
        """The items of one request, and the keys that it left."""
        with faults.translated(f"reading {len(keys)} items", _REFUSED):
            answer = self._client.batch_get_item(RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}})
        items = [from_attributes(each) for each in answer["Responses"].get(self._table, ())]
        return items, answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])

    def query(self, pk: str, span: Range | None = None) -> list[Item]:
        return self._ordered({"ConsistentRead": True}, ("pk", "sk"), pk, span or Range())

    def query_index(self, index: Index, pk: str, span: Range | None = None) -> list[Item]:
        return self._ordered({"IndexName": index}, (f"{index}pk", f"{index}sk"), pk, span or Range())

    def write(self, write: Write) -> None:
        # A lost answer makes the SDK ask again: that is harmless for Put and Delete, but would add twice. Batches
        # carry a token against it, and Check exists in batches only.
        if isinstance(write, Add | Check):
            self.transact((write,))
            return
        request = _request(write, self._table)
        call = self._client.put_item if isinstance(write, Put) else self._client.delete_item
        self._unhindered(lambda: call(**next(iter(request.values()))), (write,))

    def transact(self, writes: Sequence[Write], *, token: str | None = None) -> None:
        if len(writes) > MAX_BATCH:
            raise Invalid(f"a batch of {len(writes)} writes is over the limit of {MAX_BATCH}")
        if not writes:
            return
        request: dict[str, Any] = {"TransactItems": [_request(write, self._table) for write in writes]}
        if token is not None:
            request["ClientRequestToken"] = hashlib.sha256(token.encode()).hexdigest()[:36]
        self._unhindered(lambda: self._client.transact_write_items(**request), writes)

    def _unhindered(self, call: Callable[[], Any], writes: Sequence[Write]) -> None:
        """Call again while another transaction holds one of the items: it ends within milliseconds."""
        known = {**_REFUSED, "IdempotentParameterMismatchException": Conflict}
        for attempt in range(TRIES):
            with faults.translated(f"writing {[tuple(_written(write)) for write in writes]}", known):
                try:
                    call()
                    return
                except ClientError as problem:
                    _raise_condition(problem, writes)
                    if not _is_hindered(problem):
                        raise
            time.sleep(FIRST_WAIT * 2**attempt * random.uniform(0.5, 1))
        raise Unavailable(f"writing {[tuple(_written(write)) for write in writes]}: others kept writing the same items")

    def _ordered(self, how: dict[str, Any], keys: tuple[str, str], pk: str, span: Range) -> list[Item]:
        condition = _span_condition(keys, pk, span)
        items: list[Item] = []
        start: dict[str, Any] = {}
        while condition is not None and len(items) < span.limit:
            with faults.translated(f"reading partition {pk!r}", _REFUSED):
                page = self._client.query(
                    TableName=self._table, Limit=span.limit - len(items) + 1,
                    ScanIndexForward=not span.newest_first, **condition, **how, **start,
                )  # fmt: skip
            found = map(from_attributes, page["Items"])
            items += [item for item in found if item[keys[1]] != span.after]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        return items[: span.limit]


def _span_condition(keys: tuple[str, str], pk: str, span: Range) -> dict[str, Any] | None:
    """DynamoDB allows one condition on the sort key, so `after` is included here and dropped by the reader.

    None where nothing can match.
    """
    low, high = span.prefix, span.prefix + LAST
    if span.after is not None:
        low, high = (low, min(high, span.after)) if span.newest_first else (max(low, span.after), high)
    if low > high:
        return None
    values = {":pk": {"S": pk}, ":high": {"S": high}}
    if not low:
        return _condition("#pk = :pk AND #sk <= :high", keys, values)
    return _condition("#pk = :pk AND #sk BETWEEN :low AND :high", keys, {**values, ":low": {"S": low}})


def _condition(expression: str, keys: tuple[str, str], values: dict[str, Any]) -> dict[str, Any]:
    return {
        "KeyConditionExpression": expression,
        "ExpressionAttributeNames": {"#pk": keys[0], "#sk": keys[1]},
        "ExpressionAttributeValues": values,
    }


def _key(key: Key) -> dict[str, Any]:
    return to_attributes({"pk": key[0], "sk": key[1]})


def _written(write: Write) -> Key:
    return Key(write.item.get("pk", ""), write.item.get("sk", "")) if isinstance(write, Put) else Key(*write.key)


def _request(write: Write, table: str) -> dict[str, dict[str, Any]]:
    """One member of TransactItems; its value is also what the single call of that kind takes."""
    terms = _Terms()
    what: dict[str, Any]
    match write:
        case Put():
            kind, what = "Put", {"Item": to_attributes(write.item)}
        case Delete():
            kind, what = "Delete", {"Key": _key(write.key)}
        case Check():
            kind, what = "ConditionCheck", {"Key": _key(write.key)}
        case Add():
            added = [f"{terms.name(name)} {terms.value(amount)}" for name, amount in write.amounts.items()]
            kind, what = "Update", {"Key": _key(write.key), "UpdateExpression": f"ADD {', '.join(added)}"}
    return {kind: {"TableName": table, **what, **terms.condition(write.when)}}


class _Terms:
    """Collects the names and values of one request's expressions, each under a placeholder."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        placeholder = f"#n{len(self._names)}"
        self._names[placeholder] = attribute
        return placeholder

    def value(self, value: Any) -> str:
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = to_attribute(value)
        return placeholder

    def condition(self, when: When) -> dict[str, Any]:
        facts = [f"{self.name(name)} = {self.value(value)}" for name, value in when.equals.items()]
        facts += [f"{self.name(name)} >= {self.value(least)}" for name, least in when.at_least.items()]
        if when.exists is not None:
            facts.append(f"attribute_{'exists' if when.exists else 'not_exists'}({self.name('pk')})")
        request: dict[str, Any] = {"ConditionExpression": " AND ".join(facts)} if facts else {}
        if self._names:
            request["ExpressionAttributeNames"] = self._names
        if self._values:
            request["ExpressionAttributeValues"] = self._values
        return request


def _raise_condition(problem: ClientError, writes: Sequence[Write]) -> None:
    """Raise ConditionFailed if a condition is what failed."""
    reasons = _reasons(problem)
    if "ConditionalCheckFailed" in reasons:
        place = reasons.index("ConditionalCheckFailed")
        raise ConditionFailed(
            f"write {place} on {tuple(_written(writes[place]))} did not meet {writes[place].when}", index=place
        ) from problem
    if "ValidationError" in reasons:
        place = reasons.index("ValidationError")
        raise Invalid(f"write {place} on {tuple(_written(writes[place]))} is not valid there") from problem


def _is_hindered(problem: ClientError) -> bool:
    return "TransactionConflict" in _reasons(problem) or faults.code_of(problem) == "TransactionConflictException"


def _reasons(problem: ClientError) -> list[str]:
    """Why each write of the batch was refused, "None" for those that were not to blame."""
    if faults.code_of(problem) == "ConditionalCheckFailedException":
        return ["ConditionalCheckFailed"]
    return [str(reason.get("Code")) for reason in problem.response.get("CancellationReasons", ())]
