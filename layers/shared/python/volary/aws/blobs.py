"""The `Blobs` port on three S3 buckets. Encryption, lifecycles and public access are the buckets' own settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from volary.aws import faults
from volary.aws.clients import Client, Clients
from volary.errors import Absent, Invalid
from volary.ports import BlobFacts, Bucket, PostForm

CHUNK = 1 << 20
LONGEST_LINK = 7 * 86_400  # seconds, for SigV4
# S3 answers HEAD without a body, so botocore names that error by its status.
_MISSING = {"NoSuchKey": Absent, "404": Absent, "NotFound": Absent}


class S3Blobs:
    """A role that reads must also have s3:ListBucket: without it S3 answers 403, not 404, for what is not there."""

    def __init__(self, clients: Clients, buckets: Mapping[Bucket, str]) -> None:
        self._clients = clients
        self._buckets = buckets

    @property
    def _client(self) -> Client:
        return self._clients["s3"]

    def put(self, bucket: Bucket, key: str, data: bytes, content_type: str) -> None:
        with faults.translated(f"writing {bucket}/{key}"):
            self._client.put_object(**self._at(bucket, key), Body=data, ContentType=content_type)

    def get(self, bucket: Bucket, key: str) -> bytes:
        with faults.translated(f"reading {bucket}/{key}", _MISSING):
            body: bytes = self._client.get_object(**self._at(bucket, key))["Body"].read()
        return body

    def facts(self, bucket: Bucket, key: str) -> BlobFacts | None:
        try:
            with faults.translated(f"looking for {bucket}/{key}", _MISSING):
                head = self._client.head_object(**self._at(bucket, key))
        except Absent:
            return None
        return BlobFacts(head["ContentLength"], head["ContentType"])

    def delete(self, bucket: Bucket, key: str) -> None:
        with faults.translated(f"deleting {bucket}/{key}"):
            self._client.delete_object(**self._at(bucket, key))

    def download(self, bucket: Bucket, key: str, path: Path) -> None:
        with faults.translated(f"reading {bucket}/{key}", _MISSING):
            body = self._client.get_object(**self._at(bucket, key))["Body"]
            with path.open("wb") as file:
                for chunk in body.iter_chunks(CHUNK):
                    file.write(chunk)

    def upload(self, bucket: Bucket, key: str, path: Path, content_type: str) -> None:
        with path.open("rb") as file, faults.translated(f"writing {bucket}/{key}"):
            self._client.put_object(**self._at(bucket, key), Body=file, ContentType=content_type)

    def get_link(self, bucket: Bucket, key: str, *, seconds: int) -> str:
        return self._link("get_object", self._at(bucket, key), seconds)

    def put_link(self, bucket: Bucket, key: str, *, content_type: str, seconds: int) -> str:
        """Whoever writes must send this very Content-Type."""
        return self._link("put_object", {**self._at(bucket, key), "ContentType": content_type}, seconds)

    def post_form(self, bucket: Bucket, key: str, *, content_type: str, max_bytes: int, seconds: int) -> PostForm:
        _check_life(seconds)
        fields = {"Content-Type": content_type}
        conditions = [fields, ["content-length-range", 0, max_bytes]]
        with faults.translated(f"signing a form for {bucket}/{key}"):
            form = self._client.generate_presigned_post(
                self._buckets[bucket], key, Fields=fields, Conditions=conditions, ExpiresIn=seconds
            )
        return PostForm(form["url"], form["fields"])

    def _at(self, bucket: Bucket, key: str) -> dict[str, Any]:
        return {"Bucket": self._buckets[bucket], "Key": key}

    def _link(self, method: str, params: dict[str, Any], seconds: int) -> str:
        _check_life(seconds)
        with faults.translated(f"signing a link for {params['Key']}"):
            link: str = self._client.generate_presigned_url(method, Params=params, ExpiresIn=seconds)
        return link


def _check_life(seconds: int) -> None:
    if not 0 < seconds <= LONGEST_LINK:
        raise Invalid(f"a link lives from 1 to {LONGEST_LINK} seconds, not {seconds}")
