"""One seed, one run: storms of drawn events and crashes, calm after each, then the invariants."""

from dataclasses import dataclass
from pathlib import Path

from tests.provenance.clips import facts, write_clip, write_still
from tests.simulation.invariants import violations
from tests.simulation.world import Clip, World

STEPS = 70


@dataclass(frozen=True)
class Result:
    videos: int
    crashes: int
    violations: list[str]
    trace: tuple[str, ...]


def make_clip(folder: Path) -> Clip:
    """Small real files, because the signing step signs them for real."""
    clip = write_clip(folder / "clip.mp4", 1)
    still = write_still(folder / "still.webp", 2).read_bytes()
    files = {"clip.mp4": clip.read_bytes(), "thumbnail.webp": still, "spritesheet.webp": still}
    return Clip(files, facts(clip))


def run(seed: int, clip: Clip, steps: int = STEPS) -> Result:
    world = World(seed, clip)
    for _ in range(2):  # the second storm finds finished clips to post, remix and delete
        world.storm(steps)
        world.settle()
    videos = world.every_video()
    trace = tuple(f"{v.id} {v.status} {v.version} {v.failure.code if v.failure else ''} {v.deleted_at}" for v in videos)
    return Result(len(videos), world.chaos.crashes, violations(world), trace)
