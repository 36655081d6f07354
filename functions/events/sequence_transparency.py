"""Give waiting actions their places in the public log, write its tiles, and sign its new head; called by the clock.

The head is signed after its tiles are written. After a crash between two steps the next call goes on where it stood.
"""

import hashlib
from collections.abc import Iterator

from volary.entrypoint import entrypoint
from volary.errors import ConditionFailed
from volary.merkle import TILE, head, leaf_hash, tile_path, tiles_after
from volary.ports import Services
from volary.stores.transparency import MOST_AT_ONCE, Published, Transparency
from volary.transparency import KEY, bundle, checkpoint, origin_of, signed

from events.bus import Done, Tick

MOST_BATCHES = 16  # in one call, so that it ends within the function's time limit
TILE_TYPE = "application/octet-stream"


def sequence_transparency(tick: Tick, services: Services) -> Done:
    store = Transparency(services.items)
    try:
        for _ in range(MOST_BATCHES):
            if store.integrate() < MOST_AT_ONCE:
                break
        _publish(store, services)
    except ConditionFailed:
        return Done()  # another call was faster, and does the same work
    return Done()


def tile_key(level: int | str, index: int, width: int = TILE) -> str:
    """Where a tile lies in bucket "videos", which holds what everybody may read."""
    return f"transparency/{tile_path(level, index, width)}"


def _publish(store: Transparency, services: Services) -> None:
    before, now = store.published(), store.head()
    if now.size == before.size:
        return
    fresh = store.entries(before.size, now.size)
    for key, data in _files(store, before.size, fresh, services):
        services.blobs.put("videos", key, data, TILE_TYPE)
    root = head([bytes.fromhex(each) for each in now.frontier])
    store.publish(before, Published(size=now.size, note=_note(now.size, root, services)))


def _files(store: Transparency, size: int, fresh: list[str], services: Services) -> Iterator[tuple[str, bytes]]:
    """(key, bytes) of every tile and bundle of entries that is new or longer now."""

    def written(level: int, index: int, width: int) -> bytes:
        return services.blobs.get("videos", tile_key(level, index, width))

    hashes = [leaf_hash(entry.encode()) for entry in fresh]
    for level, index, width, data in tiles_after(size, hashes, written):
        yield tile_key(level, index, width), data
    end = size + len(fresh)
    for number in range(size // TILE, -(-end // TILE)):
        entries = store.entries(number * TILE, min((number + 1) * TILE, end))
        yield tile_key("entries", number, len(entries)), bundle(entries)


def _note(size: int, root: bytes, services: Services) -> str:
    public_key = services.keys.public_key(KEY)
    origin = origin_of(public_key)
    text = checkpoint(origin, size, root)
    signature = services.keys.sign_digest("transparency", hashlib.sha256(text.encode()).digest())
    return signed(text, origin, public_key, signature)


lambda_handler = entrypoint(sequence_transparency)
