"""Checks a copy of Volary's public log, alone: one file, Python 3.11 or newer, no package, no trust in the log's host.

    python transparency_verifier.py SOURCE --key KEY [--witness FOLDER]
    python transparency_verifier.py --proof FILE --key KEY

SOURCE is a folder or an address with `checkpoint` and `tile/…` below it. KEY is the verifier key `name+id+key`, taken
once from somewhere you trust. FOLDER keeps what you saw last time: with it, a log that was rewritten and signed anew is
found out, too. Exit status 0: all holds; 1: tampered, with the index of the first entry that is not what it was.

Covered: entries edited, removed, moved, cut off, or replaced by another history since your last look. Not covered:
an action that was never logged, and a history that was rewritten before your first look.
"""

import argparse
import base64
import hashlib
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

TILE, HASH = 256, 32
MOST_BYTES = 32 << 20
Read = Callable[[str], bytes]


class Tampered(Exception):
    """The log is not what it says or was; `index` is the first entry that this is known of."""

    def __init__(self, what: str, index: int) -> None:
        super().__init__(f"entry {index}: {what}")
        self.index = index


@dataclass(frozen=True)
class Checkpoint:
    """A signed head, its signature checked."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class Seen:
    """What an earlier look saw: the hash of every entry."""

    hashes: tuple[bytes, ...] = ()


# P-256, after SEC 1: only public values are handled here, so nothing has to run in constant time.
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")  # what precedes an uncompressed point
Point = tuple[int, int] | None  # None is the point at infinity


def add(left: Point, right: Point) -> Point:
    if left is None or right is None:
        return left or right
    if left[0] == right[0]:
        if (left[1] + right[1]) % P == 0:
            return None
        slope = (3 * left[0] * left[0] - 3) * pow(2 * left[1], -1, P) % P
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, P) % P
    x = (slope * slope - left[0] - right[0]) % P
    return x, (slope * (left[0] - x) - left[1]) % P


def times(number: int, point: Point) -> Point:
    found: Point = None
    while number:
        if number & 1:
            found = add(found, point)
        point, number = add(point, point), number >> 1
    return found


def is_signed(message: bytes, signature: bytes, spki: bytes) -> bool:
    """Whether this is an ECDSA P-256 SHA-256 signature, in DER, by the key."""
    r, s = der_pair(signature)
    if not spki.startswith(SPKI + b"\4") or len(spki) != len(SPKI) + 65 or not (0 < r < N and 0 < s < N):
        return False
    key = int.from_bytes(spki[-64:-32], "big"), int.from_bytes(spki[-32:], "big")
    if (key[1] ** 2 - key[0] ** 3 + 3 * key[0] - B) % P:
        return False
    digest, inverse = int.from_bytes(hashlib.sha256(message).digest(), "big"), pow(s, -1, N)
    point = add(times(digest * inverse % N, G), times(r * inverse % N, key))
    return point is not None and point[0] % N == r


def der_pair(signature: bytes) -> tuple[int, int]:
    """The two integers of a DER sequence; (0, 0), which no signature has, for anything else."""
    numbers, rest = [], signature[2:]
    if signature[:1] != b"\x30" or signature[1:2] != bytes([len(rest)]):
        return 0, 0
    while rest:
        length = rest[1] if len(rest) > 1 else 0
        if rest[0] != 2 or not 0 < length <= 33 or len(rest) < 2 + length:
            return 0, 0
        numbers.append(int.from_bytes(rest[2 : 2 + length], "big"))
        rest = rest[2 + length :]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)


def opened(note: str, verifier_key: str) -> Checkpoint:
    """The head in a signed note. Raises ValueError unless the key signed it."""
    name, key_id, encoded = verifier_key.strip().split("+", 2)
    key = base64.b64decode(encoded, validate=True)
    if key[:1] != b"\2" or hashlib.sha256(key[1:]).hexdigest()[:8] != key_id:
        raise ValueError("the verifier key does not hold together")
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    for line in lines.splitlines():
        dash, _, rest = line.partition(" ")
        signer, _, value = rest.partition(" ")
        data = base64.b64decode(value, validate=True)
        if dash == "\u2014" and signer == name and data[:4].hex() == key_id:
            if not is_signed(text.encode(), data[4:], key[1:]):
                break
            origin, size, root = text.split("\n")[:3]
            if origin != name or not size.isdecimal():
                raise ValueError(f"the head is of {origin!r}, not of {name!r}")
            return Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    raise ValueError("the head is not signed by this key")


def verify(read: Read, verifier_key: str, seen: Seen = Seen()) -> tuple[Checkpoint, Seen]:
    """The head, and what to keep until the next look. Raises Tampered, or ValueError for a head that is not signed."""
    head = opened(read("checkpoint").decode(), verifier_key)
    entries = [entry for number in range(-(-head.size // TILE)) for entry in bundle(read, number, head.size)]
    hashes = [hashlib.sha256(b"\0" + entry).digest() for entry in entries]
    if len(seen.hashes) > head.size:
        raise Tampered(f"the log had {len(seen.hashes)} entries and has {head.size}", head.size)
    compare(seen.hashes, hashes, "it is not what it was at the last look")
    tiled = [hash_ for number in range(-(-head.size // TILE)) for hash_ in tile(read, 0, number, head.size)]
    compare(tiled, hashes, "it does not have the hash that its tile states")
    if len(hashes) > head.size:
        raise Tampered("more follows than the head counts", head.size)
    check_tree(read, hashes, head)
    return head, Seen(tuple(hashes))


def compare(stated: Sequence[bytes], found: Sequence[bytes], what: str) -> None:
    for index, hash_ in enumerate(stated):
        if index >= len(found) or found[index] != hash_:
            raise Tampered(what if index < len(found) else "it is missing", index)


def check_tree(read: Read, hashes: Sequence[bytes], head: Checkpoint) -> None:
    """Each level of tiles is made of the one below, and the top is what was signed."""
    below, level, width = list(hashes), 0, 1
    while len(below) >= TILE:
        above = [root_of(below[at : at + TILE]) for at in range(0, len(below) // TILE * TILE, TILE)]
        level, width = level + 1, width * TILE
        stated = [each for n in range(-(-len(above) // TILE)) for each in tile(read, level, n, len(above))]
        for index, (left, right) in enumerate(zip(above, stated, strict=False)):
            if left != right:
                raise Tampered(f"the tree at level {level} does not follow from the entries", index * width)
        below = above
    if root_of(hashes) != head.root:
        raise Tampered("the entries do not come to the signed head", 0)


def bundle(read: Read, number: int, size: int) -> list[bytes]:
    """The entries of one bundle, however many it really holds; bytes that are no entry count as one that is wrong."""
    try:
        data = fetched(read, "entries", number, min(TILE, size - number * TILE), number * TILE)
    except Tampered:
        return []  # the comparison with the tile says which entry is the first that is missing
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        entries.append(data[at + 2 : end] if end <= len(data) else data[at:])
        at = end
    return entries


def tile(read: Read, level: int, number: int, size: int) -> list[bytes]:
    width = min(TILE, size - number * TILE)
    data = fetched(read, str(level), number, width, number * TILE ** (level + 1))
    if len(data) != width * HASH:
        short = min(len(data) // HASH, width - 1)
        raise Tampered("its tile has another length", (number * TILE + short) * TILE**level)
    return [data[at : at + HASH] for at in range(0, len(data), HASH)]


def fetched(read: Read, level: str, number: int, width: int, index: int) -> bytes:
    digits = f"{number:03d}".rjust(-(-len(f"{number:03d}") // 3) * 3, "0")
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]]) + (f".p/{width}" if width < TILE else "")
    try:
        return read(f"tile/{level}/{name}")
    except FileNotFoundError as missing:
        raise Tampered(f"tile/{level}/{name} is missing", index) from missing


def root_of(hashes: Sequence[bytes]) -> bytes:
    level = list(hashes) or [hashlib.sha256(b"").digest()]
    while len(level) > 1:
        pairs = [hashlib.sha256(b"\1" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) & ~1 :]
    return level[0]


def included(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The head that an inclusion proof comes to (RFC 9162 2.1.3.2); empty where it cannot be one."""
    if not 0 <= index < size:
        return b""
    found, last = leaf, size - 1
    for step in path:
        if last == 0:
            return b""
        if index & 1 or index == last:
            found = hashlib.sha256(b"\1" + step + found).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\1" + found + step).digest()
        index, last = index >> 1, last >> 1
    return found if last == 0 else b""


def consistent(old: int, old_root: bytes, size: int, path: Sequence[bytes]) -> bytes:
    """The head that a consistency proof comes to (RFC 9162 2.1.4.2); empty where it denies the old head."""
    if old == size:
        return old_root if not path else b""
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    index, last = old - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    if not steps:
        return b""
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return b""
        if index & 1 or index == last:
            before = hashlib.sha256(b"\1" + step + before).digest()
            after = hashlib.sha256(b"\1" + step + after).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            after = hashlib.sha256(b"\1" + after + step).digest()
        index, last = index >> 1, last >> 1
    return after if before == old_root and last == 0 else b""


def check_proof(proof: dict, verifier_key: str) -> Checkpoint:
    """What `volary transparency prove` printed. Raises ValueError where it proves nothing."""
    head = opened(proof["checkpoint"], verifier_key)
    leaf = hashlib.sha256(b"\0" + proof["entry"].encode()).digest()
    path = [base64.b64decode(step) for step in proof["inclusion"]]
    if included(leaf, proof["index"], head.size, path) != head.root:
        raise ValueError(f"the entry is not number {proof['index']} of the signed log")
    if opening := proof.get("opening"):
        details = json.dumps(opening["details"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        text = f"volary.transparency/1\n{opening['salt']}\n{details}"
        if hashlib.sha256(text.encode()).hexdigest() != json.loads(proof["entry"])["commitment"]:
            raise ValueError("the details are not those that the entry commits to")
    if earlier := proof.get("earlier"):
        old = opened(earlier["checkpoint"], verifier_key)
        steps = [base64.b64decode(step) for step in earlier["consistency"]]
        if consistent(old.size, old.root, head.size, steps) != head.root:
            raise ValueError(f"the log of {head.size} entries does not continue the one of {old.size}")
    return head


def reader(source: str) -> Read:
    """Reads from a folder or an address; raises FileNotFoundError for what is not there."""

    def from_folder(path: str) -> bytes:
        return Path(source, path).read_bytes()

    def from_address(path: str) -> bytes:
        try:
            with urllib.request.urlopen(f"{source.rstrip('/')}/{path}", timeout=30) as answer:
                return bytes(answer.read(MOST_BYTES))
        except urllib.error.HTTPError as problem:
            raise FileNotFoundError(f"{path}: {problem.code}") from problem

    return from_address if source.startswith(("http://", "https://")) else from_folder


def last_seen(folder: Path | None) -> Seen:
    if folder is None or not (folder / "hashes").exists():
        return Seen()
    data = (folder / "hashes").read_bytes()
    return Seen(tuple(data[at : at + HASH] for at in range(0, len(data), HASH)))


def keep(seen: Seen, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / "hashes.new"
    fresh.write_bytes(b"".join(seen.hashes))
    fresh.replace(folder / "hashes")


def main() -> int:
    parser = argparse.ArgumentParser(description="Check a copy of Volary's public log.")
    parser.add_argument("source", nargs="?", help="a folder, or an address that ends in /v1/transparency")
    parser.add_argument("--key", required=True, help="the verifier key, name+id+key")
    parser.add_argument("--witness", type=Path, help="a folder that keeps what was seen, for the next look")
    parser.add_argument("--proof", type=Path, help="check what `volary transparency prove` printed instead")
    args = parser.parse_args()
    try:
        if args.proof:
            head = check_proof(json.loads(args.proof.read_text()), args.key)
        else:
            head, seen = verify(reader(args.source or parser.error("name a source")), args.key, last_seen(args.witness))
            if args.witness:
                keep(seen, args.witness)
    except (Tampered, ValueError, KeyError, OSError) as problem:
        print(f"tampered: {problem}", file=sys.stderr)
        return 1
    print(f"{head.origin}: {head.size} entries hold, root {base64.b64encode(head.root).decode()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
