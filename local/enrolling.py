"""How long enrolling takes, stage by stage: the model server's checks, sealing, and what the home keeps.

The captures are staged from the evaluation data, which is not timed; uploads, queues and reviewers are left out.
"""

import hashlib
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from volary import boxes, vault
from volary.embedded import open_home
from volary.ports import Services

from events.inference import CaptureChecked

Made = TypeVar("Made")
SEED = 12
STAGES = ("decode", "watch", "listen", "describe", "judge", "seal", "keep")


def enrolling(media: Path, weights: Path, captures: int) -> Iterator[dict[str, Any]]:
    """One line a stage: median and longest seconds over `captures` staged ones; then the whole, and how many enrol."""
    from inference.likeness.capture import CaptureChecks  # loads torch, which no other command should wait for
    from inference.likeness.enrolments import NOBODY, Studio, drawn_for

    studio = Studio(media, CaptureChecks.load(weights), drawn_for(SEED, "bench", 0))
    spent: dict[str, list[float]] = {stage: [] for stage in STAGES}
    accepted = 0
    with TemporaryDirectory(prefix="bench-enrolment-") as name:
        services = open_home(Path(name)).services
        for number in range(captures):
            take = studio.take(studio.actor()[0], studio.challenge())
            judged = studio.judged(take.file(), take.challenge, NOBODY)
            accepted += all(each.outcome == "pass" for each in judged.findings)
            timings = dict(judged.timings)
            if judged.material is not None:
                timings |= _kept(f"like_{number}", judged.material, services)
            for stage, seconds in timings.items():
                spent[stage].append(seconds)
    for stage in (each for each in STAGES if spent[each]):
        yield _line(stage, spent[stage])
    yield _line("all", [sum(each) for each in zip(*(found for found in spent.values() if found), strict=False)]) | {
        "accepted": accepted
    }


def _kept(likeness_id: str, material: Any, services: Services) -> dict[str, float]:
    """Seconds of sealing for the likeness' key, and of locking the capture and writing its templates."""
    from inference.likeness.judging import CHECKED
    from inference.likeness.material import packed
    from inference.likeness.sealing import seal

    public = boxes.raw(vault.recipient(likeness_id, services), "recipient")
    sealed, sealing = _timed(lambda: seal(public, packed(material, CHECKED), likeness_id.encode()))
    services.blobs.put("likenesses", f"{likeness_id}/capture", sealed, "application/octet-stream")
    digest = hashlib.sha256(sealed).hexdigest()
    checked = CaptureChecked(likeness_id=likeness_id, findings=(), sealed_sha256=digest)
    device = boxes.text(boxes.public_of(boxes.new_key()))
    _, keeping = _timed(lambda: vault.keep(likeness_id, "user_bench", "device", device, checked, services))
    return {"seal": sealing, "keep": keeping}


def _timed(work: Callable[[], Made]) -> tuple[Made, float]:
    started = time.perf_counter()
    made = work()
    return made, time.perf_counter() - started


def _line(stage: str, seconds: list[float]) -> dict[str, Any]:
    return {
        "bench": "likeness", "figure": f"enrolment, {stage}, seconds", "median": round(statistics.median(seconds), 4),
        "longest": round(max(seconds), 4), "n": len(seconds),
    }  # fmt: skip
