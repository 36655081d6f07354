"""A log of many entries in a home in memory, copied into a dict of files, and seeded ways to tamper with a copy."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from volary.embedded import Home, open_home
from volary.merkle import TILE, leaf_hash, root, tile_path, tiles_after
from volary.stores.transparency import Transparency
from volary.transparency import KEY, Act, bundle, checkpoint, origin_of, signed, verifier_key

from events.bus import Tick
from functions.events.sequence_transparency import sequence_transparency
from local.commands.transparency import source

Files = dict[str, bytes]
KINDS = ("edit", "delete", "reorder", "truncate", "fork")


@dataclass(frozen=True)
class Log:
    """A home whose log holds `size` entries, all published."""

    home: Home
    size: int

    @cached_property
    def entries(self) -> list[str]:
        return Transparency(self.home.items).entries(0, self.size)

    @cached_property
    def key(self) -> str:
        public_key = self.home.keys.public_key(KEY)
        return verifier_key(origin_of(public_key), public_key)

    def copied(self) -> Files:
        """Everything that the log serves."""
        read, paths = source(self.home), ["checkpoint", *files_of(self.entries)]
        return {path: read(path) for path in paths}

    def resigned(self, entries: list[str]) -> bytes:
        """A head over other entries, signed with the log's own key: what only the operator could do."""
        public_key = self.home.keys.public_key(KEY)
        text = checkpoint(origin_of(public_key), len(entries), root([leaf_hash(each.encode()) for each in entries]))
        signature = self.home.keys.sign_digest(KEY, sha256(text))
        return signed(text, origin_of(public_key), public_key, signature).encode()


def made(size: int) -> Log:
    home = open_home(":memory:")
    store = Transparency(home.items)
    for number in range(size):
        act = Act(
            id=f"act_{number:08d}",
            kind="review.decided",
            at=number,
            salt=home.ids.new("salt"),
            subject=f"user_{number % 7}",
            details={"case": number},
        )
        home.items.transact(store.writes(act))
    while store.published().size < size:
        sequence_transparency(Tick(), home.services)
    return Log(home, size)


def sha256(text: str) -> bytes:
    import hashlib

    return hashlib.sha256(text.encode()).digest()


def files_of(entries: list[str]) -> Files:
    """Tiles and bundles as they would be of these entries."""
    hashes = [leaf_hash(entry.encode()) for entry in entries]
    found = {tile_path(level, at, width): data for level, at, width, data in tiles_after(0, hashes, lambda *_: b"")}
    for number in range(-(-len(entries) // TILE)):
        held = entries[number * TILE : (number + 1) * TILE]
        found[tile_path("entries", number, len(held))] = bundle(held)
    return found


def tampered(log: Log, honest: Files, kind: str, dice: random.Random) -> tuple[Files, int]:
    """A copy with one thing wrong, and the index of the first entry that is not what it was.

    Somebody who cannot sign changes the entries alone, or the tiles with them; a fork is signed anew.
    """
    entries, index = changed(list(log.entries), kind, dice)
    if kind == "fork":
        return {**files_of(entries), "checkpoint": log.resigned(entries)}, index
    if dice.random() < 0.5:
        return {**honest, **padded(files_of(entries), log.size)}, index
    return {**honest, **padded({p: d for p, d in files_of(entries).items() if "entries" in p}, log.size)}, index


def padded(files: Files, size: int) -> Files:
    """The files under the names that the honest head leads to, as a host would serve them."""
    found = {}
    for path, data in files.items():
        stem = path.partition(".p/")[0]
        number, level = int(stem[-3:]), stem.split("/")[1]
        unit = size if level in ("0", "entries") else size // TILE ** int(level)
        width = min(TILE, unit - number * TILE)
        found[stem if width == TILE else f"{stem}.p/{width}"] = data
    return found


def changed(entries: list[str], kind: str, dice: random.Random) -> tuple[list[str], int]:
    index = dice.randrange(1, len(entries) - 1)
    ways: dict[str, Callable[[], None]] = {
        "edit": lambda: entries.__setitem__(index, flipped(entries[index], dice)),
        "delete": lambda: entries.__delitem__(index),
        "truncate": lambda: entries.__delitem__(slice(index, None)),
        "fork": lambda: entries.__setitem__(
            slice(index, None), [e.replace('"at":', '"at":9') for e in entries[index:]]
        ),
    }
    if kind == "reorder":
        other = dice.choice([at for at in range(len(entries)) if at != index])
        entries[index], entries[other] = entries[other], entries[index]
        return entries, min(index, other)
    ways[kind]()
    return entries, index


def flipped(entry: str, dice: random.Random) -> str:
    at = dice.randrange(len(entry))
    return entry[:at] + ("0" if entry[at] != "0" else "1") + entry[at + 1 :]
