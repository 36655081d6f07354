"""The Merkle tree of RFC 6962 and its tiles (C2SP tlog-tiles), on hashes alone; it knows no entry and stores nothing.

Hashes are 32 bytes of SHA-256. A tile of level L, index N holds up to 256 hashes; those of level L > 0 are the roots
of full tiles of the level below.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

TILE = 256
EMPTY = hashlib.sha256(b"").digest()

# (level, index, width) of a tile that was written before → its bytes.
ReadTile = Callable[[int, int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """The tree head over leaf hashes, level by level: an odd one out is carried up as it is."""
    if not hashes:
        return EMPTY
    level = list(hashes)
    while len(level) > 1:
        paired = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = paired + level[len(level) & ~1 :]
    return level[0]


def grown(frontier: Sequence[bytes], size: int, leaf: bytes) -> list[bytes]:
    """The frontier after one more leaf: roots of the full subtrees of `size` leaves, the largest first."""
    right, edge = leaf, list(frontier)
    while size & 1:
        right, size = node_hash(edge.pop(), right), size >> 1
    return [*edge, right]


def head(frontier: Sequence[bytes]) -> bytes:
    """The tree head that a frontier comes to."""
    if not frontier:
        return EMPTY
    found = frontier[-1]
    for left in reversed(frontier[:-1]):
        found = node_hash(left, found)
    return found


def inclusion(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """The audit path of RFC 6962 2.1.1. Raises IndexError for a leaf that the tree does not have."""
    if not 0 <= index < len(hashes):
        raise IndexError(f"leaf {index} is not among {len(hashes)}")
    if len(hashes) == 1:
        return []
    split = _split(len(hashes))
    if index < split:
        return [*inclusion(index, hashes[:split]), root(hashes[split:])]
    return [*inclusion(index - split, hashes[split:]), root(hashes[:split])]


def consistency(old: int, hashes: Sequence[bytes]) -> list[bytes]:
    """The proof of RFC 6962 2.1.2 that the first `old` leaves are those of an earlier tree."""
    if not 0 < old <= len(hashes):
        raise IndexError(f"there was no tree of {old} leaves before this one of {len(hashes)}")
    return _subproof(old, hashes, is_whole=True)


def tile_path(level: int | str, index: int, width: int = TILE) -> str:
    """Where a tile lies: `tile/0/x001/x234/067.p/8`; level "entries" names a bundle of entries."""
    digits = f"{index:03d}"
    while len(digits) % 3:
        digits = "0" + digits
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"tile/{level}/{name}" + (f".p/{width}" if width < TILE else "")


def tiles_after(size: int, fresh: Sequence[bytes], read: ReadTile) -> Iterator[tuple[int, int, int, bytes]]:
    """(level, index, width, bytes) of every tile that `fresh` leaf hashes after `size` change, whole tiles first."""
    level, hashes = 0, list(fresh)
    while hashes:
        index, width = divmod(size, TILE)
        held = read(level, index, width) if width else b""
        full: list[bytes] = []
        for hash_ in hashes:
            held += hash_
            if len(held) == TILE * 32:
                yield level, index, TILE, held
                full.append(root([held[at : at + 32] for at in range(0, len(held), 32)]))
                index, held = index + 1, b""
        if held:
            yield level, index, len(held) // 32, held
        level, size, hashes = level + 1, size // TILE, full


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def _subproof(old: int, hashes: Sequence[bytes], *, is_whole: bool) -> list[bytes]:
    if old == len(hashes):
        return [] if is_whole else [root(hashes)]
    split = _split(len(hashes))
    if old <= split:
        return [*_subproof(old, hashes[:split], is_whole=is_whole), root(hashes[split:])]
    return [*_subproof(old - split, hashes[split:], is_whole=False), root(hashes[:split])]
