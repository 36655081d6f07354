"""How fast this home makes clips, kept as a running mean so that waiting people get an honest estimate."""

from volary.ports import Items, Key, Put

KEY = Key("STATISTICS", "PACE")
FIRST_GUESS = 3.0  # seconds of work per second of clip, before the first one is finished
WEIGHT = 0.2  # of the newest clip


class Pace:
    def __init__(self, items: Items) -> None:
        self._items = items

    def get(self) -> float:
        item = self._items.get(KEY)
        return float(item["seconds_per_second"]) if item else FIRST_GUESS

    def note(self, work_seconds: float, clip_seconds: float) -> None:
        """A lost update between two clips only delays the estimate, so no condition is set."""
        measured = work_seconds / max(clip_seconds, 0.1)
        item = self._items.get(KEY)
        mean = measured if item is None else (1 - WEIGHT) * float(item["seconds_per_second"]) + WEIGHT * measured
        self._items.write(Put({"pk": KEY.pk, "sk": KEY.sk, "seconds_per_second": round(mean, 4)}))
