"""How far a job is: what the model server last said of itself, the jobs before it, and this home's pace."""

import json
from bisect import bisect_left, insort

from pydantic import ValidationError
from volary.errors import Absent
from volary.generation import eta_seconds, progress
from volary.ports import Range, Services
from volary.stores.pace import Pace
from volary.stores.videos import Videos, position
from volary.videos import Video, work_folder

from events.inference import Progress
from events.shapes import Shape

LONGEST_QUEUE = 100  # beyond it the position is said as "more than"


class Forecast(Shape):
    """Percent done, jobs ahead (None once it runs) and seconds left (None while it waits for somebody)."""

    progress: int
    queue_position: int | None
    eta_seconds: int | None


class Line:
    """The jobs that are waiting, as they stood at most a second ago: one reading of it serves many answers."""

    def __init__(self) -> None:
        self._places: list[str] = []
        self._read_at = -1

    def ahead_of(self, video: Video, services: Services) -> int:
        """How many jobs come before this one, a hundred at most."""
        if video.status != "queued":
            return 0
        now, place = int(services.clock.now().timestamp()), position(video)
        if now != self._read_at:
            waiting = Videos(services.items).active(Range(limit=LONGEST_QUEUE))
            self._places, self._read_at = [position(other) for other in waiting], now
        if place not in self._places:
            insort(self._places, place)
        return min(bisect_left(self._places, place), LONGEST_QUEUE)


def forecast(video: Video, services: Services, line: Line) -> Forecast:
    """At most three reads; none for a clip that has ended."""
    if video.has_ended:
        return Forecast(progress=progress(video), queue_position=None, eta_seconds=0)
    ahead = line.ahead_of(video, services)
    fraction = fraction_of(video, services)
    left = eta_seconds(video, ahead, Pace(services.items).get(), fraction)
    waiting = ahead if video.status == "queued" else None
    return Forecast(progress=progress(video, fraction), queue_position=waiting, eta_seconds=left)


def fraction_of(video: Video, services: Services) -> float:
    """The generator's own word, 0 when it has said nothing that can be read."""
    if video.stage != "generating" or video.call_id is None:
        return 0.0
    try:
        said = services.blobs.get("work", f"{work_folder(video.id, video.call_id)}/progress.json")
        return Progress.model_validate(json.loads(said)).fraction
    except (Absent, ValidationError, ValueError):
        return 0.0
