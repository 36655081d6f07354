"""The index of faces and voices that uploads and clips are compared with: sealed entries, and one copy for one request.

FACES/likeness     one entry, sealed under the likeness' own matching key, which erasure destroys
FACES/blocked:id   one entry of the block list, sealed under a key of its own
INDEXES/id         a copy that was handed to a model server, until it expires

A copy is made for one request, sealed under a key of its own that lies in the work store and not in the request.
Erasing a likeness destroys every copy's key; a request that was waiting then fails and is asked again.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from events.likeness import SealedIndex
from volary import boxes
from volary.ports import Delete, Item, Key, Put, Range, Services
from volary.vault_openings import note_opening

FACES, INDEXES = "FACES", "INDEXES"
BLOCKED = "blocked:"
LINK_SECONDS = 3600
COPY_SECONDS = 86_400
TYPE = "application/octet-stream"
PAGE = 100
MOST_BLOCKED = 2_000  # as many as the list of names holds


def add_entry(subject: str, sealed: bytes, services: Services) -> None:
    services.items.write(Put({"pk": FACES, "sk": subject, "sealed": boxes.text(sealed)}))


def forget_entry(subject: str, services: Services) -> int:
    """How many there were."""
    key = Key(FACES, subject)
    was = services.items.get(key) is not None
    services.items.write(Delete(key))
    return int(was)


def block_person(
    block_id: str, faces: Sequence[Sequence[float]], voice: Sequence[float] | None, services: Services
) -> None:
    """Refuse a public figure or an estate everywhere: whoever looks like these faces is nobody's to generate."""
    subject, key = f"{BLOCKED}{block_id}", boxes.new_key()
    context = {"likeness": subject, "purpose": "matching"}
    wrapped = boxes.text(services.keyring.wrap(key, context))
    record = {"key_id": hashlib.sha256(key).hexdigest()[:32], "matching": wrapped}
    if not services.keyring.add(subject, "key", record):
        services.keyring.replace(subject, "key", record)
    template = json.dumps({"face": [list(face) for face in faces], "voice": list(voice) if voice else None}).encode()
    add_entry(subject, boxes.box(key, template, subject.encode()), services)


def blocked_entries(services: Services) -> set[str]:
    """Whose templates of the block list the index holds, by the id on the list."""
    listed = services.items.query(FACES, Range(prefix=BLOCKED, limit=MOST_BLOCKED))
    return {item["sk"].removeprefix(BLOCKED) for item in listed}


def unblock_person(block_id: str, services: Services) -> None:
    services.keyring.destroy(f"{BLOCKED}{block_id}")
    forget_entry(f"{BLOCKED}{block_id}", services)
    forget_snapshots(services)


def index(services: Services) -> SealedIndex | None:
    """A copy of everybody for one request, with one audit entry for the whole; None when nobody is in it."""
    sealed = [item for item in _pages(FACES, services)]
    if not sealed:
        return None
    index_id = services.ids.new("index")
    digest = hashlib.sha256("\n".join(item["sk"] for item in sealed).encode()).hexdigest()
    note_opening("index", f"{index_id}: {len(sealed)} entries, SHA-256 of their ids {digest}", services)
    entries = [entry for item in sealed if (entry := _opened(item, services))]
    key, now = boxes.new_key(), int(services.clock.now().timestamp())
    places = {"get": f"index/{index_id}", "key": f"index/{index_id}.key"}
    services.items.write(Put({"pk": INDEXES, "sk": index_id, "expires_at_s": now + COPY_SECONDS}))
    copy = boxes.box(key, json.dumps(entries, separators=(",", ":")).encode(), index_id.encode())
    services.blobs.put("work", places["get"], copy, TYPE)
    services.blobs.put("work", places["key"], key, TYPE)
    links = {name: services.blobs.get_link("work", place, seconds=LINK_SECONDS) for name, place in places.items()}
    return SealedIndex(index_id=index_id, **links)


def forget_snapshot(index_id: str, services: Services) -> None:
    """Destroy one copy, its key first; may run again."""
    services.blobs.delete("work", f"index/{index_id}.key")
    services.blobs.delete("work", f"index/{index_id}")
    services.items.write(Delete(Key(INDEXES, index_id)))


def forget_snapshots(services: Services) -> int:
    """Destroy every copy that is out; how many there were."""
    found = [item["sk"] for item in _pages(INDEXES, services)]
    for index_id in found:
        forget_snapshot(index_id, services)
    return len(found)


def _opened(item: Item, services: Services) -> dict[str, Any] | None:
    """One entry; None where its key was destroyed meanwhile."""
    subject = item["sk"]
    record = services.keyring.get(subject, "key")
    if record is None:
        return None
    context = {"likeness": subject, "purpose": "matching"}
    template_key = boxes.raw(record["matching"], "matching")
    key = services.keyring.unwrap(template_key, context)
    template = json.loads(boxes.unbox(key, boxes.raw(item["sealed"], "sealed"), subject.encode()))
    return {"subject": subject, **template}


def _pages(pk: str, services: Services) -> Iterator[Item]:
    after: str | None = None
    while page := services.items.query(pk, Range(after=after, limit=PAGE)):
        yield from page
        after = page[-1]["sk"]
