"""Signed, expiring links to files: what they bind, how they are written and how they are checked.

A link works for one method, bucket, key and lifetime; links that write also fix the content type and the size. The
media server checks them with nothing but the home's link secret, so it needs no account and no session.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import parse_qsl, quote, unquote

from volary.errors import Forbidden, Invalid
from volary.ports import Bucket

Method = Literal["GET", "PUT", "POST"]
MAX_KEY_CHARACTERS = 512


@dataclass(frozen=True)
class Grant:
    """What one link allows: until `expires_at`, in epoch seconds; `content_type` "" and `max_bytes` 0 mean unbound.

    `judged` is what the read gate judged before it was given out (`volary.judged`), "" where nobody did.
    """

    method: Method
    bucket: Bucket
    key: str
    expires_at: int
    content_type: str = ""
    max_bytes: int = 0
    judged: str = ""


@dataclass(frozen=True)
class Links:
    """Writes and checks links with `secret` (32 bytes); `origin` is where the media server answers."""

    secret: bytes
    origin: str

    def url(self, grant: Grant) -> str:
        # Written out because a page of the feed holds sixty links, and only the type can need quoting.
        query = (
            f"expires={grant.expires_at}&content_type={quote(grant.content_type, safe='')}"
            f"&max_bytes={grant.max_bytes}&judged={grant.judged}&signature={self._signature(grant)}"
        )
        return f"{self.origin}/{grant.bucket}/{quote(checked_key(grant.key))}?{query}"

    def check(self, method: Method, path: str, query: str, now: float) -> Grant:
        """The grant that a request's query proves; raises Forbidden when it proves none, or one that is over."""
        fields = dict(parse_qsl(query, keep_blank_values=True))
        grant = _claimed(method, path, fields)
        if not hmac.compare_digest(self._signature(grant).encode(), fields.get("signature", "").encode()):
            raise Forbidden(f"the link does not allow {method} on {path!r}", code="link_invalid")
        if grant.expires_at <= now:
            raise Forbidden(f"the link expired {now - grant.expires_at:.0f} s ago", code="link_expired")
        return grant

    def _signature(self, grant: Grant) -> str:
        # JSON, not joined text: no two grants share one spelling.
        members = [
            grant.method, grant.bucket, grant.key, grant.expires_at, grant.content_type, grant.max_bytes, grant.judged
        ]  # fmt: skip
        return hmac.new(self.secret, json.dumps(members).encode(), hashlib.sha256).hexdigest()


def checked_key(key: str) -> str:
    """`key` itself; raises Invalid where a web client or a proxy might read it as another one."""
    segments = key.split("/")
    if not 0 < len(key) <= MAX_KEY_CHARACTERS or any(part in ("", ".", "..") for part in segments):
        raise Invalid(f"{key!r} cannot name a file")
    if not key.isascii() or not key.isprintable() or any(mark in key for mark in "\\?#% "):
        raise Invalid(f"{key!r} cannot name a file: use letters, digits and - _ . /")
    return key


def checked_bucket(name: str) -> Bucket:
    """Raises Invalid for a bucket that does not exist."""
    for bucket in get_args(Bucket):
        if bucket == name:
            return bucket  # type: ignore[no-any-return]
    raise Invalid(f"there is no bucket {name!r}")


def _claimed(method: Method, path: str, fields: Mapping[str, str]) -> Grant:
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    numbers = [fields.get(name, "") for name in ("expires", "max_bytes")]
    if not all(number.isascii() and number.isdigit() and len(number) <= 15 for number in numbers):
        raise Forbidden(f"the link to {path!r} is not signed", code="link_invalid")
    try:
        where = checked_bucket(bucket), checked_key(key)
    except Invalid as problem:
        raise Forbidden(problem.message, code="link_invalid") from problem
    kind, judged = (fields.get(name, "") for name in ("content_type", "judged"))
    return Grant(method, *where, int(numbers[0]), kind, int(numbers[1]), judged)
