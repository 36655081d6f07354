"""What a clip of the large engine would cost on which machine, by arithmetic: `python -m inference.engines.cost`.

Estimates, every one: nothing was timed on a GPU. Operations are counted from the published sizes of LTX-2, the share
of a chip's peak that they reach is assumed, and prices are list prices to be looked up again before they are used.
Left out: starting an instance and loading weights (tens of gigabytes, each time the endpoint wakes), storage, traffic.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from inference.engines.options import EngineOptions
from inference.engines.windows import Grid, plan

# LTX-2: parameters that one token of picture meets, and the attention's width and depth
# (diffusers.LTX2VideoTransformer3DModel: 48 blocks of 32 heads of 128, 14 of 19 billion parameters for the picture).
PARAMETERS = 14e9
BLOCKS, WIDTH = 48, 4096
GRID = Grid(time=8, space=32, rate=24)
REACHED = 0.35  # of a chip's dense bf16 peak; what well-tuned video transformers are reported at, not measured here
DECODING = 0.15  # of the denoising's time, for encoding text and decoding picture and sound; assumed


@dataclass(frozen=True)
class Machine:
    """A SageMaker instance with one GPU: dense bf16 operations a second and dollars an hour, us-east-1, on demand."""

    name: str
    gpu: str
    peak: float
    dollars: float


MACHINES = (
    Machine("ml.g6e.4xlarge", "L40S 48 GB", 181e12, 3.76),
    Machine("ml.p5.4xlarge", "H100 80 GB", 989e12, 8.60),
)


def operations(width: int, height: int, seconds: int, options: EngineOptions) -> float:
    """Multiplications and additions of all steps of all windows of a clip."""
    wide, high = GRID.drawn(width, height, options.max_pixels)
    a_frame = (wide // GRID.space) * (high // GRID.space)
    longest = options.window_seconds * GRID.rate + 1
    return sum(
        _a_call(a_frame * ((window.frames - 1) // GRID.time + 1)) * calls(options)
        for window in plan(GRID, seconds * GRID.rate, 0, longest)
    )


def calls(options: EngineOptions) -> int:
    """How often the network is asked in one window: with and without text, blocks skipped, modalities apart."""
    steps = 8 if options.schedule == "distilled" else options.steps
    return steps * (1 + options.hears_negative_prompts + (options.skip_guidance > 0) + (options.modality_guidance > 1))


def seconds_of(machine: Machine, work: float) -> float:
    return work / (machine.peak * REACHED) * (1 + DECODING)


def table() -> list[str]:
    """Markdown rows: size, length and recipe against seconds and dollars on each machine."""
    distilled = EngineOptions(schedule="distilled", guidance=1, sound_guidance=1, skip_guidance=0, modality_guidance=1)
    head = " | ".join(f"{each.name} ({each.gpu}, ${each.dollars:.2f}/h)" for each in MACHINES)
    rows = [f"| size | seconds | recipe | calls | {head} |", "| --- | --- | --- | --- |" + " --- |" * len(MACHINES)]
    for width, height in ((720, 1280), (1024, 1792)):
        for seconds in (4, 8, 12):
            for name, options in (("full, 30 steps", EngineOptions()), ("distilled, 8 steps", distilled)):
                work = operations(width, height, seconds, options)
                spent = [seconds_of(each, work) for each in MACHINES]
                cells = " | ".join(
                    f"{took:.0f} s, ${took * each.dollars / 3600:.3f}"
                    for took, each in zip(spent, MACHINES, strict=True)
                )
                rows.append(f"| {width}×{height} | {seconds} | {name} | {calls(options)} | {cells} |")
    return rows


def _a_call(tokens: int) -> float:
    """Two operations for each weight and token, and four for each pair of tokens, block and channel."""
    return 2 * PARAMETERS * tokens + 4 * BLOCKS * WIDTH * tokens**2


if __name__ == "__main__":
    sys.stdout.write("\n".join(table()) + "\n")
