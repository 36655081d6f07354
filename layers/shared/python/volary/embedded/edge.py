"""The `Edge` port of a home: links to the media server, and the list of what ends them before their time.

The list is rows beside everything else; the media server asks it at every file (local/media.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from volary import judged as words
from volary.embedded.blobs import FileBlobs
from volary.errors import ConditionFailed
from volary.ports import NEW, Clock, Items, Key, Put, When

BARRED = "BARRED"  # BARRED/name: from which version on links that name it are let
KEPT_SECONDS = 900  # longer than any link lives, also one that is signed long after it was judged
ATTEMPTS = 8


@dataclass(frozen=True)
class HomeEdge:
    blobs: FileBlobs
    items: Items
    clock: Clock

    def link(self, key: str, judged: Mapping[str, int], *, seconds: int) -> str:
        return self.blobs.get_link("videos", key, seconds=seconds, judged=words.spelt(judged))

    def bar(self, name: str, version: int) -> None:
        for attempt in range(ATTEMPTS):
            try:
                return self._bar(words.spelt_name(name), version)
            except ConditionFailed:  # somebody else wrote meanwhile
                if attempt == ATTEMPTS - 1:
                    raise
        return None

    def barred(self, judged: str) -> str | None:
        """Of what a link says that it was judged by, a name that is barred under a later version, if there is one."""
        said = words.read(judged) if judged else {}
        found = self.items.get_many([Key(BARRED, name) for name in said])
        return next((key.sk for key, item in found.items() if item["version"] > said[key.sk]), None)

    def _bar(self, name: str, version: int) -> None:
        known = self.items.get(Key(BARRED, name))
        if known is not None and known["version"] > version:
            return
        until = int(self.clock.now().timestamp()) + KEPT_SECONDS
        entry = {"pk": BARRED, "sk": name, "version": version, "expires_at_s": until}
        self.items.write(Put(entry, NEW if known is None else When(equals={"version": known["version"]})))
