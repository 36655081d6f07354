"""The small generator's speed and what fewer steps cost in adherence, beside its own 50-step sampler."""

from collections.abc import Iterator
from pathlib import Path

from inference.evaluation import speed

WEIGHTS = Path(__file__).parents[2] / "inference/weights"


def bench(count: int = 4) -> Iterator[dict[str, object]]:
    """`count` clips of unseen combinations for each recipe."""
    yield from speed.bench(WEIGHTS / "generator", WEIGHTS / "probe", count)
