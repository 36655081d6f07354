"""The audit book: who changed what, one entry for every state change, chained by hash within its subject.

It is written in the same transaction as the change. It holds ids and codes, never prompts or media.
Covered: an entry that is edited, dropped from the middle or put in another order. Not covered: a subject whose
last entries are cut off together with its record; the public log of a later issue anchors the heads.
"""

import hashlib
import json
from collections.abc import Sequence

from events.shapes import Shape

GENESIS = "0" * 64


class Entry(Shape):
    """One act on one subject: its `number`th entry, counted from 1; `previous` is the hash of the one before."""

    subject: str
    number: int
    action: str
    actor: str
    at: int
    detail: str = ""
    previous: str

    def digest(self) -> str:
        """SHA-256 over the canonical JSON of the entry, in hex."""
        text = json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def first_break(entries: Sequence[Entry], head: str) -> int | None:
    """Index of the first entry that does not fit the chain ending in `head`, or None when all fit.

    An index equal to the length means that entries are missing at the end.
    """
    previous = GENESIS
    for index, entry in enumerate(entries):
        if entry.number != index + 1 or entry.previous != previous:
            return index
        previous = entry.digest()
    return None if previous == head else len(entries)
