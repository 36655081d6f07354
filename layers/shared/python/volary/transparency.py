"""The public log of moderation and consent actions: what an entry says, what it hides, and how a head is signed.

An entry holds a random id, a kind, a time, and a salted commitment to the details; the details and their salt stay in
a record of their own. Erasing that record leaves a log that still verifies and from which nobody learns what was meant.
Covered: an entry that is changed, dropped, moved, cut off, or a second history shown to somebody else, for whoever
keeps an earlier head. Not covered: an action that was never written down.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from events.shapes import Shape
from volary.errors import Invalid

DOMAIN = "volary.transparency/1"
KEY = "transparency"  # the name of the key that signs heads, and nothing else
ECDSA = b"\x02"  # C2SP signed-note: ECDSA, its key id is the start of the SPKI's SHA-256
MOST_ENTRY_BYTES = 65_535

Details = Mapping[str, Any]


class Act(Shape):
    """One action as it happened. `subject` is the person whose erasure takes the details away."""

    id: str
    kind: str = Field(pattern=r"^[a-z]+(\.[a-z_]+)+$")
    at: int
    salt: str
    subject: str
    details: dict[str, Any]


class Head(Shape):
    """How large the log is and what its tree comes to; `frontier` are the hashes that let it grow, in hex."""

    size: int = 0
    frontier: tuple[str, ...] = ()


def commitment(salt: str, details: Details) -> str:
    """SHA-256 in hex over the domain, the salt and the canonical JSON of the details."""
    return hashlib.sha256(f"{DOMAIN}\n{salt}\n{canonical(details)}".encode()).hexdigest()


def entry_of(act: Act) -> str:
    """What the log says of an action: one line of canonical JSON."""
    public = {"id": act.id, "kind": act.kind, "at": act.at, "commitment": commitment(act.salt, act.details)}
    return canonical(public)


def bundle(entries: Sequence[str]) -> bytes:
    """Entries as C2SP tlog-tiles serves them: each after its length in two bytes."""
    encoded = [entry.encode() for entry in entries]
    for entry in encoded:
        if len(entry) > MOST_ENTRY_BYTES:
            raise Invalid(f"an entry of {len(entry)} bytes is over the limit of {MOST_ENTRY_BYTES}")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in encoded)


def checkpoint(origin: str, size: int, root: bytes) -> str:
    """The text of a head (C2SP tlog-checkpoint), to be signed."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def signed(text: str, origin: str, public_key: bytes, signature: bytes) -> str:
    """A signed note: the text and one line with the log's signature; `public_key` is SPKI in DER."""
    line = base64.b64encode(_key_id(public_key) + signature).decode()
    return f"{text}\n\u2014 {origin} {line}\n"


def verifier_key(origin: str, public_key: bytes) -> str:
    """What a verifier must know beforehand: name, key id and key, in the form `name+id+key`."""
    encoded = base64.b64encode(ECDSA + public_key).decode()
    return f"{origin}+{_key_id(public_key).hex()}+{encoded}"


def origin_of(public_key: bytes) -> str:
    """The log's name: it follows from the key, not from an address, so that a home that moves keeps its log."""
    return f"volary-log/{hashlib.sha256(public_key).hexdigest()[:16]}"


def canonical(value: Details) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _key_id(public_key: bytes) -> bytes:
    return hashlib.sha256(public_key).digest()[:4]
