"""What the storm of consent knows of lending: two people whose captures lie in the vault, and what must hold of loans.

Ada's key lies with the server, Ben's on his device. Real: the vault, its boxes and its book. Stand-in: the keyring's
wrapping, because nobody steals it here.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from volary import boxes, vault
from volary.ports import Services
from volary.vault_loans import PARTS

from tests.likeness.material import Device, taken
from tests.simulation.memory import MemoryBlobs, MemoryItems, MemoryKeyring

DEVICE = Device(boxes.new_key())
CUSTODY = {"like_ada": "server", "like_ben": "device"}


class Vaulted(NamedTuple):
    """Records, files and keys as two enrolments leave them, and the half of the key that Ben's device holds."""

    rows: dict[str, dict[str, Any]]
    files: dict[tuple[str, str], bytes]
    keys: dict[tuple[str, str], dict[str, str]]
    half: str


class _Still:
    def now(self) -> datetime:
        return datetime(2026, 11, 22, 8, tzinfo=UTC)


@cache
def vaulted() -> Vaulted:
    none: Any = None
    items = MemoryItems(lambda effect: None, lambda item: None, {})
    blobs, ring = MemoryBlobs(lambda effect: None, {}), MemoryKeyring(lambda effect: None, {})
    services = Services(
        items=items, blobs=blobs, edge=none, bus=none, workflows=none, models=none, keys=none, identity=none,
        clock=_Still(), ids=none, keyring=ring, vectors=none,  # type: ignore[arg-type]
    )  # fmt: skip
    for likeness_id, custody in CUSTODY.items():
        made = taken(likeness_id, services)
        vault.keep(likeness_id, likeness_id, custody, DEVICE.key, made.checked, services)  # type: ignore[arg-type]
    half = DEVICE.opened(vault.device_box("like_ben", services) or "", "like_ben")
    return Vaulted(items.rows, blobs.files, ring.rows, half)


def files_lent(blobs: MemoryBlobs) -> set[tuple[str, str]]:
    """(likeness, clip) of everything that lies where a model server could read it."""
    return {(key.split("/")[1], key.split("/")[2]) for bucket, key in blobs.files if key.startswith("lent/")}


def is_whole(blobs: MemoryBlobs, link: str) -> bool:
    """Whether all parts of a loan are there, told by the link to its key."""
    place = link.removeprefix("likenesses/").removesuffix("key")
    return all(("likenesses", place + part) in blobs.files for part in (*PARTS, "key"))
