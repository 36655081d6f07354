"""Keeps what was taken from a person: one random key for each likeness opens it, and without that key nothing does.

A likeness' key is an X25519 key: the model server seals for its public half and cannot open again. The private half
lies in the keyring, wrapped by the home for the context {likeness, purpose}: until a capture is decided for "enrol";
after that, with server custody, for "generation". With device custody half of the secret that opens it lies with the
device and comes for one clip at a time. A second key, for "matching", opens the face and voice that uploads and clips
are compared with; it is the server's, because that comparison protects the person when no device is there.
Covered: a stolen store, a stolen device, a key that was destroyed. Not covered: who reads the memory of the process
that opens a likeness while it does, and copies of the keyring that somebody made outside the product.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from events.inference import CaptureChecked, LikenessReference
from events.likeness import Custody
from volary import boxes
from volary.errors import Absent, Conflict, Forbidden, KeyNotReleased
from volary.ports import NEW, Key, Put, Services
from volary.vault_index import add_entry, forget_entry, forget_snapshots
from volary.vault_loans import Loan, hand_out, loans_of, take_back_loan
from volary.vault_openings import note_opening

KEY = "key"
LINK_SECONDS = 3600
RELEASE_SECONDS = 86_400
TYPE = "application/octet-stream"


def recipient(likeness_id: str, services: Services) -> str:
    """The public key that a capture is sealed for; makes the likeness' key the first time. Absent once erased."""
    if services.items.get(_tombstone(likeness_id)):
        raise Absent(f"the likeness {likeness_id} was erased")
    private, matching = boxes.new_key(), boxes.new_key()
    public = boxes.text(boxes.public_of(private))
    record = {
        "key_id": hashlib.sha256(public.encode()).hexdigest()[:32],
        "public": public,
        "enrol": _wrapped(private, likeness_id, "enrol", services),
        "matching": _wrapped(matching, likeness_id, "matching", services),
    }
    if services.keyring.add(likeness_id, KEY, record):
        return public
    return _record(likeness_id, services)["public"]


def sealed_put_link(likeness_id: str, services: Services) -> str:
    """Where the model server puts the sealed capture."""
    return services.blobs.put_link("likenesses", _capture(likeness_id), content_type=TYPE, seconds=LINK_SECONDS)


def keep(
    likeness_id: str, owner_id: str, custody: Custody, device_key: str | None, checked: CaptureChecked,
    services: Services,
) -> None:  # fmt: skip
    """Lock the capture of an accepted enrolment for good, and let its face and voice be matched; may run again.

    `device_key` is the device's base64 X25519 public key. Raises Conflict when the stored capture is not the one
    that was checked.
    """
    record = _record(likeness_id, services)
    if "enrol" not in record:
        return
    sealed = services.blobs.get("likenesses", _capture(likeness_id))
    if hashlib.sha256(sealed).hexdigest() != checked.sealed_sha256:
        raise Conflict(f"the sealed capture of {likeness_id} is not the one that was checked", code="capture_changed")
    private = _unwrapped(record["enrol"], likeness_id, "enrol", services)
    header, _ = _opened(likeness_id, private, sealed, f"enrol of {owner_id}", services)
    template = json.dumps({"face": header["face"], "voice": header["voice"]}).encode()
    template_key = boxes.raw(record["matching"], "matching")
    matching = services.keyring.unwrap(template_key, _context(likeness_id, "matching"))
    add_entry(likeness_id, boxes.box(matching, template, likeness_id.encode()), services)
    kept = {name: value for name, value in record.items() if name != "enrol"}
    services.keyring.replace(likeness_id, KEY, kept | _locked(likeness_id, private, custody, device_key, services))


def discard(likeness_id: str, services: Services) -> None:
    """Of a refused or expired capture nothing stays; may run again."""
    services.keyring.destroy(likeness_id)
    services.blobs.delete("likenesses", _capture(likeness_id))
    forget_entry(likeness_id, services)


def device_box(likeness_id: str, services: Services) -> str | None:
    """The device's half of the secret, sealed for the device's own key; None with server custody."""
    return _record(likeness_id, services).get("box")


def release(likeness_id: str, video_id: str, key: str, services: Services) -> None:
    """The device hands over its half of the secret for one clip; Forbidden (likeness_key_refused) for another's.

    The half is told by a hash, so that the public route that takes it needs no right to open anything.
    """
    record = _record(likeness_id, services)
    half = boxes.raw(key, "key", boxes.KEY_BYTES)
    if "box" not in record or _check(likeness_id, half) != record["check"]:
        raise Forbidden(f"the key does not belong to the likeness {likeness_id}", code="likeness_key_refused")
    until = int(services.clock.now().timestamp()) + RELEASE_SECONDS
    released = {"half": _wrapped(half, likeness_id, f"release {video_id}", services), "until": str(until)}
    if not services.keyring.add(likeness_id, _release(video_id), released):
        services.keyring.replace(likeness_id, _release(video_id), released)


def is_released(likeness_id: str, video_id: str, services: Services) -> bool:
    """Whether a job may start: the device released its half, or the server holds all of the key."""
    record = services.keyring.get(likeness_id, KEY)
    if record is None or "enrol" in record:
        return False
    return "box" not in record or _release_of(likeness_id, video_id, services) is not None


def lend(loan: Loan, services: Services) -> LikenessReference:
    """Open a likeness for one call and hand it out; its row (`loan_write`) must be there. Raises KeyNotReleased.

    A device's release holds for every try of one generation; `take_back` uses it up.
    """
    private = _private(loan.likeness_id, loan.video_id, services)
    sealed = services.blobs.get("likenesses", _capture(loan.likeness_id))
    what_for = f"generation of {loan.video_id}"
    header, parts = _opened(loan.likeness_id, private, sealed, what_for, services)
    return hand_out(loan, header["rate"], parts, services)


def take_back(likeness_id: str, video_id: str, services: Services) -> None:
    """The generation of a clip is over: use the device's release up and destroy all that was lent; may run again."""
    _use_up(likeness_id, video_id, services)
    for loan in loans_of(likeness_id, services, video_id):
        take_back_loan(loan, services)


def erase(likeness_id: str, services: Services) -> dict[str, Any]:
    """Destroy the likeness' key, then what it opened: {"key_id", "counts"}. May run again and says the same key."""
    tombstone = services.items.get(_tombstone(likeness_id))
    record = services.keyring.get(likeness_id, KEY) or {}
    key_id = tombstone["key_id"] if tombstone else record.get("key_id", "")
    if not tombstone:
        services.items.write(Put({**_tombstone(likeness_id)._asdict(), "key_id": key_id}, NEW))
    sealed = services.blobs.facts("likenesses", _capture(likeness_id))
    counts = {
        "keys": services.keyring.destroy(likeness_id),
        "index_entries": forget_entry(likeness_id, services),
        "index_copies": forget_snapshots(services),
        "captures": int(sealed is not None),
    }
    for loan in loans_of(likeness_id, services):
        take_back_loan(loan, services)
    services.blobs.delete("likenesses", _capture(likeness_id))
    return {"key_id": key_id, "counts": counts}


def unpacked(plaintext: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A capture's header and its parts (picture, voice, capture), as inference/likeness/material.py packs them."""
    size = int.from_bytes(plaintext[:4], "big")
    header: dict[str, Any] = json.loads(plaintext[4 : 4 + size])
    parts, at = {}, 4 + size
    for name, length in header["parts"].items():
        parts[name] = plaintext[at : at + length]
        at += length
    return header, parts


def _opened(
    likeness_id: str, private: bytes, sealed: bytes, what_for: str, services: Services
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The audit entry comes first: an opening that cannot be noted does not happen."""
    note_opening(likeness_id, what_for, services)
    return unpacked(boxes.unseal(private, sealed, likeness_id.encode()))


def _locked(
    likeness_id: str, private: bytes, custody: Custody, device_key: str | None, services: Services
) -> dict[str, str]:
    if custody == "server":
        return {"generation": _wrapped(private, likeness_id, "generation", services)}
    device = boxes.raw(device_key or "", "device_key", boxes.KEY_BYTES)
    ours, theirs = boxes.new_key(), boxes.new_key()
    both = boxes.derived(ours + theirs, likeness_id.encode())
    return {
        "ours": _wrapped(ours, likeness_id, "generation", services),
        "locked": boxes.text(boxes.box(both, private, likeness_id.encode())),
        "box": boxes.text(boxes.seal(device, theirs, likeness_id.encode())),
        "check": _check(likeness_id, theirs),
    }


def _private(likeness_id: str, video_id: str, services: Services) -> bytes:
    record = _record(likeness_id, services)
    if "enrol" in record:
        raise KeyNotReleased(f"the likeness {likeness_id} is not enrolled yet")
    if "box" not in record:
        return _unwrapped(record["generation"], likeness_id, "generation", services)
    released = _release_of(likeness_id, video_id, services)
    if released is None:
        raise KeyNotReleased(f"no device released {likeness_id} for {video_id}")
    theirs = _unwrapped(released["half"], likeness_id, f"release {video_id}", services)
    ours = _unwrapped(record["ours"], likeness_id, "generation", services)
    both = boxes.derived(ours + theirs, likeness_id.encode())
    return boxes.unbox(both, boxes.raw(record["locked"], "locked"), likeness_id.encode())


def _use_up(likeness_id: str, video_id: str, services: Services) -> None:
    """Overwritten and not deleted: the functions of a job have no right to delete from the keyring."""
    if services.keyring.get(likeness_id, _release(video_id)):
        services.keyring.replace(likeness_id, _release(video_id), {"half": "", "until": "0"})


def _release_of(likeness_id: str, video_id: str, services: Services) -> dict[str, str] | None:
    found = services.keyring.get(likeness_id, _release(video_id))
    return found if found and int(found["until"]) > services.clock.now().timestamp() else None


def _record(likeness_id: str, services: Services) -> dict[str, str]:
    record = services.keyring.get(likeness_id, KEY)
    if record is None:
        raise Absent(f"there is no key of the likeness {likeness_id}")
    return record


def _context(likeness_id: str, purpose: str) -> Mapping[str, str]:
    """KMS conditions compare `purpose` whole, so what a release is for stands apart from it."""
    kind, _, video_id = purpose.partition(" ")
    return {"likeness": likeness_id, "purpose": kind} | ({"video": video_id} if video_id else {})


def _wrapped(key: bytes, likeness_id: str, purpose: str, services: Services) -> str:
    return boxes.text(services.keyring.wrap(key, _context(likeness_id, purpose)))


def _unwrapped(wrapped: str, likeness_id: str, purpose: str, services: Services) -> bytes:
    return services.keyring.unwrap(boxes.raw(wrapped, purpose), _context(likeness_id, purpose))


def _check(likeness_id: str, half: bytes) -> str:
    """The half is 256 random bits: its hash tells nothing of it."""
    return hashlib.sha256(b"volary.likeness.half/1" + likeness_id.encode() + half).hexdigest()


def _tombstone(likeness_id: str) -> Key:
    return Key(f"VAULT#{likeness_id}", "ERASED")


def _capture(likeness_id: str) -> str:
    return f"{likeness_id}/capture"


def _release(video_id: str) -> str:
    return f"release#{video_id}"
