"""The `Vectors` port on one index of Amazon S3 Vectors, cosine, 512 wide."""

import binascii
import struct
from collections.abc import Sequence
from typing import Any

from volary.aws import faults
from volary.aws.clients import Client, Clients
from volary.errors import Invalid, Unavailable
from volary.meanings import unpacked
from volary.ports import Hit, Near, Point

AT_ONCE = 500  # vectors or keys of one request
MOST = 100  # results of one query
MOST_NAMES = 50  # values of one filter
_KNOWN = {"ValidationException": Invalid, "RequestTimeoutException": Unavailable}


class S3Vectors:
    """`index` is the ARN of the vector index. Raises Unavailable while it cannot answer."""

    def __init__(self, clients: Clients, index: str) -> None:
        self._clients = clients
        self._index = index

    @property
    def _client(self) -> Client:
        return self._clients["s3vectors"]

    def put(self, points: Sequence[Point]) -> None:
        vectors = [_vector(point) for point in points]
        for start in range(0, len(vectors), AT_ONCE):
            with faults.translated(f"placing {len(vectors)} clips", _KNOWN):
                self._client.put_vectors(indexArn=self._index, vectors=vectors[start : start + AT_ONCE])

    def remove(self, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), AT_ONCE):
            with faults.translated(f"removing {len(ids)} clips", _KNOWN):
                self._client.delete_vectors(indexArn=self._index, keys=list(ids[start : start + AT_ONCE]))

    def near(self, asked: Sequence[Near]) -> list[list[Hit]]:
        return [self._nearest(each) for each in asked]

    def _nearest(self, asked: Near) -> list[Hit]:
        with faults.translated("looking for clips", _KNOWN):
            answer = self._client.query_vectors(
                indexArn=self._index, topK=min(asked.count, MOST), returnMetadata=True,
                queryVector={"float32": _numbers(asked.vector, "what is asked for")}, **_filter(asked),
            )  # fmt: skip
        return [Hit(each["key"], tuple(each.get("metadata", {}).get("people", ()))) for each in answer["vectors"]]


def _vector(point: Point) -> dict[str, Any]:
    metadata: dict[str, Any] = {"owner": point.owner_id, "root": point.root_id, "at": point.at}
    if point.people:  # an empty list is no metadata
        metadata["people"] = list(point.people)
    return {"key": point.id, "data": {"float32": _numbers(point.vector, f"the point {point.id}")}, "metadata": metadata}


def _filter(asked: Near) -> dict[str, Any]:
    named = {"owner": asked.owners[:MOST_NAMES], "root": asked.roots[:MOST_NAMES]}
    parts = [{name: {"$in": list(values)}} for name, values in named.items() if values]
    if not parts:
        return {}
    return {"filter": parts[0] if len(parts) == 1 else {"$or": parts}}


def _numbers(vector: str, what: str) -> list[float]:
    try:
        return list(unpacked(vector))
    except (binascii.Error, struct.error) as problem:
        raise Invalid(f"the vector of {what} is none: {problem}") from problem
