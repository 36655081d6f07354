"""The small generator's speed, and what fewer steps and other guidance cost in quality, beside renders."""

from collections.abc import Iterator
from pathlib import Path

from volary.errors import Invalid

WEIGHTS = Path(__file__).parents[2] / "inference/weights"


def bench(clips: int = 24, jobs: int = 2, card: Path | None = None) -> Iterator[dict[str, object]]:
    """`clips` scenes of unseen combinations for each option, in so many processes; `card` is a model card whose
    figures of speed are replaced."""
    from inference.evaluation import report, speed  # loads torch, which no other command should wait for

    if clips < 2:
        raise Invalid(f"--clips is {clips}: a distance between distributions wants at least 2 clips")
    if card:
        report.around(card, "speed")  # which says at once if it cannot be filled
    lines = []
    for line in speed.bench(speed.Wanted(WEIGHTS / "generator", WEIGHTS / "probe", clips, jobs)):
        lines.append(line)
        yield line
    if card:
        report.insert(card, "speed", speed.card(lines))
