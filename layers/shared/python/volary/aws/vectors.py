"""The `Vectors` port on one index of Amazon S3 Vectors, cosine, 512 wide."""

import binascii
import json
import struct
from collections.abc import Sequence
from typing import Any

from volary.aws import faults
from volary.aws.clients import Client, Clients
from volary.errors import Invalid, Unavailable
from volary.meanings import cosine, unpacked
from volary.ports import Hit, Known, Near, Point

AT_ONCE = 500  # vectors or keys of one request
MOST = 100  # results of one query, and keys of one look-up
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

    def known(self, ids: Sequence[str], targets: Sequence[str]) -> dict[str, Known]:
        wanted = [unpacked(each) for each in targets]
        found: dict[str, Known] = {}
        for start in range(0, len(ids), MOST):
            with faults.translated("looking clips up", _KNOWN):
                answer = self._client.get_vectors(
                    indexArn=self._index, keys=list(ids[start : start + MOST]), returnData=bool(wanted),
                    returnMetadata=True,
                )  # fmt: skip
            for each in answer["vectors"]:
                numbers = tuple(each["data"]["float32"]) if wanted else ()
                likeness = tuple(cosine(numbers, other) for other in wanted)
                found[each["key"]] = Known(_point(each["key"], each.get("metadata", {})), likeness)
        return found

    def _nearest(self, asked: Near) -> list[Hit]:
        with faults.translated("looking for clips", _KNOWN):
            answer = self._client.query_vectors(
                indexArn=self._index, topK=min(asked.count, MOST), returnMetadata=True,
                queryVector={"float32": _numbers(asked.vector, "what is asked for")}, **_filter(asked),
            )  # fmt: skip
        return [Hit(each["key"], tuple(each.get("metadata", {}).get("people", ()))) for each in answer["vectors"]]


def _vector(point: Point) -> dict[str, Any]:
    metadata: dict[str, Any] = {"owner": point.owner_id, "root": point.root_id, "at": point.at}
    metadata["facts"] = json.dumps(
        {"seconds": point.seconds, "is_remix": point.is_remix, "language": point.language,
         "remakers": point.remakers, "topics": dict(point.topics), "form": point.form,
         "has_sound": point.has_sound, "depth": point.depth},
        separators=(",", ":"),
    )  # fmt: skip
    if point.people:  # an empty list is no metadata
        metadata["people"] = list(point.people)
    return {"key": point.id, "data": {"float32": _numbers(point.vector, f"the point {point.id}")}, "metadata": metadata}


def _point(clip: str, metadata: dict[str, Any]) -> Point:
    """Without its vector; a point of an earlier version, without facts, counts as a plain clip."""
    named = {"owner_id": metadata.get("owner", ""), "root_id": metadata.get("root", clip)}
    facts = json.loads(metadata.get("facts", "{}"))
    return Point(clip, "", **named, at=int(metadata.get("at", 0)), people=tuple(metadata.get("people", ())), **facts)


def _filter(asked: Near) -> dict[str, Any]:
    if asked.since:
        return {"filter": {"at": {"$gte": asked.since}}}
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
