"""`python -m tests.simulation --schedules N --seed S`: run seeds S to S+N-1; exit 1 at a violation, naming its seed."""

import argparse
import json
import logging
import sys
import tempfile
import time
from pathlib import Path

from tests.simulation.schedule import make_clip, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--schedules", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    logging.disable(logging.WARNING)  # the faults are drawn on purpose, and there are thousands
    with tempfile.TemporaryDirectory() as folder:
        clip = make_clip(Path(folder))
    started = time.monotonic()
    totals = {"schedules": asked.schedules, "videos": 0, "crashes": 0, "violations": 0}
    for seed in range(asked.seed, asked.seed + asked.schedules):
        result = run(seed, clip)
        totals["videos"] += result.videos
        totals["crashes"] += result.crashes
        if result.violations:
            print(json.dumps({"seed": seed, "violations": result.violations}), file=sys.stderr)
            return 1
    print(json.dumps({**totals, "seconds": round(time.monotonic() - started, 1)}))
    return 0


sys.exit(main())
