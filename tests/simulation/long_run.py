"""Many storms of consent: a range of seeds in blocks, by several processes, going on where an earlier run ended.

`python -m tests.simulation.consent --schedules 1000000 --ledger FILE --seconds 600` writes one line to FILE for every
block of seeds and leaves out what FILE holds already of this very code; lines of other code are neither used nor
counted. It ends with exit 1 at a violation, naming its seed, and with exit 3 when the time was over first.
`--replay SEED` runs one seed twice and compares the two to the byte.
"""

import argparse
import gc
import hashlib
import json
import logging
import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import volary

import events
import functions
from tests.simulation.consent import OPENINGS, opening, run

BLOCK = 1000
UNFINISHED = 3
HERE = Path(__file__).parent
CODE = (*(Path(str(each.__file__)).parent for each in (events, volary, functions)), HERE, HERE.parent / "likeness")
Row = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    logging.disable(logging.WARNING)  # the faults are drawn on purpose, and there are thousands
    if asked.replay is not None:
        return replay(asked.replay)
    wanted = [(first, min(BLOCK, asked.seed + asked.schedules - first))
              for first in range(asked.seed, asked.seed + asked.schedules, BLOCK)]  # fmt: skip
    rows = held(asked.ledger, wanted)
    until = time.monotonic() + asked.seconds if asked.seconds else None
    for row in fresh([block for block in wanted if block not in rows], asked.workers, until):
        rows[row["first"], row["schedules"]] = row
        if asked.ledger:
            with asked.ledger.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        _say(total(rows), sys.stderr)
        if row["violations"]:
            _say(row, sys.stderr)
            return 1
    _say(total(rows), sys.stdout)
    return 0 if len(rows) == len(wanted) else UNFINISHED


def replay(seed: int) -> int:
    """One seed twice: its violations, and whether the two runs agree to the byte."""
    first, second = run(seed), run(seed)
    _say({"seed": seed, "same": first == second, "trace": first.trace, "violations": first.violations}, sys.stdout)
    return 1 if first.violations or first != second else 0


def held(ledger: Path | None, wanted: list[tuple[int, int]]) -> dict[tuple[int, int], Row]:
    """The rows of these blocks that an earlier run of this very code left."""
    if ledger is None or not ledger.exists():
        return {}
    rows = [json.loads(line) for line in ledger.read_text("utf-8").splitlines()]
    of_this = {(row["first"], row["schedules"]): row for row in rows if row["code"] == code()}
    return {block: of_this[block] for block in wanted if block in of_this}


def fresh(blocks: list[tuple[int, int]], workers: int, until: float | None) -> Iterator[Row]:
    """One row for each block as it is done, until the time is over; a block that was begun is finished."""
    if workers == 1:
        for block in blocks:
            if until is not None and time.monotonic() > until:
                return
            yield storms(*block)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _quiet) as pool:
        for start in range(0, len(blocks), workers):
            if until is not None and time.monotonic() > until:
                return
            yield from pool.map(storms, *zip(*blocks[start : start + workers], strict=True))


def storms(first: int, schedules: int) -> Row:
    """The row of one block of seeds; it ends at the first seed that violates something."""
    for number in range(OPENINGS):
        opening(number)
    gc.freeze()
    started, clips, found = time.process_time(), 0, list[dict[str, Any]]()
    for seed in range(first, first + schedules):
        result = run(seed)
        clips += result.clips
        if result.violations:
            found.append({"seed": seed, "what": result.violations, "trace": result.trace})
            break
    seconds = round(time.process_time() - started, 2)
    return {"first": first, "schedules": schedules, "clips": clips, "violations": found, "cpu_seconds": seconds,
            "code": code()}  # fmt: skip


def total(rows: dict[tuple[int, int], Row]) -> Row:
    summed = {name: sum(row[name] for row in rows.values()) for name in ("schedules", "clips", "cpu_seconds")}
    violations = sum(len(row["violations"]) for row in rows.values())
    return {**summed, "cpu_seconds": round(summed["cpu_seconds"], 1), "violations": violations, "code": code()[:12]}


@cache
def code() -> str:
    """A digest of every source that a storm runs: rows of different code are not added up."""
    digest = hashlib.sha256()
    for folder in CODE:
        for path in sorted(each for kind in ("*.py", "*.json") for each in folder.rglob(kind)):
            digest.update(f"{folder.name}/{path.relative_to(folder)}\n".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _quiet() -> None:
    logging.disable(logging.WARNING)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulate consent", description=__doc__)
    parser.add_argument("--schedules", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--seconds", type=float, help="begin no block after this time")
    parser.add_argument("--ledger", type=Path, help="one line for every block of seeds; runs go on where it ends")
    parser.add_argument("--replay", type=int, help="run this seed twice, and nothing else")
    return parser


def _say(line: Row, file: Any) -> None:
    file.write(json.dumps(line) + "\n")
    file.flush()
