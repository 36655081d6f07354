"""Remembers the answers to POSTs, so that a request sent twice acts once; above `Items`, knowing no HTTP.

A request is claimed before it acts and answered after it did. A claim whose holder died is taken over when its
lease ends, with the same nonce: the ids made from it repeat, so the second run finds what the first one wrote.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Literal

from events.shapes import Shape
from volary.errors import ConditionFailed, Conflict, Invalid
from volary.ports import ALWAYS, EXPIRES, NEW, Delete, Items, Key, Put, Range, When

LEASE_SECONDS = 30  # as long as the API's own time limit
KEY_SECONDS = 86_400
RETRY_SECONDS = 600  # for requests without a key: longer than an official client goes on retrying
LONGEST_ANSWER = 300_000  # bytes; an item holds 400 000


class KeyReused(Invalid):
    """The same Idempotency-Key came with another request."""

    code = "idempotency_key_reused"


class InProgress(Conflict):
    """The first request with this key has not been answered yet."""

    code = "request_in_progress"
    retry_after = 1


@dataclass(frozen=True)
class Claim:
    """Who asks what: `name` is the client's key, or None; `is_retry` says that the client has sent it before."""

    user_id: str
    name: str | None
    fingerprint: str
    is_retry: bool = False

    @property
    def key(self) -> Key:
        # Names come from clients, so only their hash becomes part of a key.
        name = hashlib.sha256(self.name.encode()).hexdigest() if self.name else self.fingerprint
        return Key(f"ONCE#{self.user_id}#{'key' if self.name else 'body'}", name)


class Record(Shape):
    """A claimed request and, once `state` is done, its answer. Times are epoch seconds."""

    fingerprint: str
    nonce: str
    state: Literal["started", "done"] = "started"
    lease_until: int
    expires_at_s: int
    status: int = 0
    body: str = ""
    headers: dict[str, str] = {}


class Requests:
    """ONCE#user#key|body/hash: what this person asked and what they were told."""

    def __init__(self, items: Items) -> None:
        self._items = items

    def begin(self, claim: Claim, nonce: str, now: int) -> Record:
        """The record to act under (`started`) or to answer from (`done`).

        Raises KeyReused, and InProgress while another holder's lease runs.
        """
        if claim.name is None and not claim.is_retry:
            return self._claim(claim, nonce, now, ALWAYS)
        item = self._items.get(claim.key)
        if item is None:
            return self._claim(claim, nonce, now, NEW)
        found = Record.model_validate(item)
        if found.expires_at_s <= now:
            return self._claim(claim, nonce, now, When(equals={EXPIRES: found.expires_at_s}))
        if found.fingerprint != claim.fingerprint:
            raise KeyReused(f"Idempotency-Key {claim.name!r} was used for another request", param="Idempotency-Key")
        if found.state == "done":
            return found
        if found.lease_until > now:
            raise InProgress("the first request of this kind is still being answered")
        return self._claim(claim, found.nonce, now, When(equals={"lease_until": found.lease_until}))

    def finish(self, claim: Claim, record: Record, status: int, body: str, headers: dict[str, str]) -> None:
        """Keep the answer; one too large to keep leaves the claim to its lease."""
        if len(body.encode()) > LONGEST_ANSWER:
            return
        answer = {"state": "done", "status": status, "body": body, "headers": headers}
        self._write(claim, record.model_copy(update=answer), ALWAYS)

    def release(self, claim: Claim, record: Record) -> None:
        """End the lease of a request that failed, so that it may be tried again at once."""
        self._write(claim, record.model_copy(update={"lease_until": 0}), ALWAYS)

    def forget(self, user_id: str, mentioned: str) -> None:
        """Delete every answer kept for this person that mentions something; repeated, such a request acts anew."""
        for kind in ("key", "body"):
            partition, after = f"ONCE#{user_id}#{kind}", None
            while page := self._items.query(partition, Range(after=after)):
                for item in page:
                    if mentioned in item["body"]:
                        self._items.write(Delete(Key(partition, item["sk"])))
                after = page[-1]["sk"]

    def _claim(self, claim: Claim, nonce: str, now: int, when: When) -> Record:
        lifetime = KEY_SECONDS if claim.name else RETRY_SECONDS
        record = Record(
            fingerprint=claim.fingerprint,
            nonce=nonce,
            lease_until=now + LEASE_SECONDS,
            expires_at_s=now + lifetime,
        )
        try:
            self._write(claim, record, when)
        except ConditionFailed as failed:
            raise InProgress("the first request of this kind is still being answered") from failed
        return record

    def _write(self, claim: Claim, record: Record, when: When) -> None:
        key = claim.key
        self._items.write(Put({"pk": key.pk, "sk": key.sk, **record.model_dump(mode="json")}, when))


class RepeatableIds:
    """Ids made from a secret nonce: unguessable, and the same again when a request is run again.

    `latest` is the last id of each prefix, so that a second run can find what the first one stored.
    """

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce
        self._made = 0
        self.latest: dict[str, str] = {}

    def new(self, prefix: str) -> str:
        fresh = f"{prefix}_{base64.urlsafe_b64encode(self._next(prefix)[:18]).decode()}"
        self.latest[prefix] = fresh
        return fresh

    def record(self) -> str:
        return self._next("record")[:8].hex()

    def seed(self) -> int:
        return int.from_bytes(self._next("seed")[:4])

    def _next(self, what: str) -> bytes:
        self._made += 1
        return hashlib.sha256(f"{self._nonce}/{what}/{self._made}".encode()).digest()
