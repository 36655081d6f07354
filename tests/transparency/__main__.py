"""`python -m tests.transparency --tampers 1000 --entries 10000`: every seeded tampering must be found, at its place."""

import argparse
import random
import sys
import time

from local.transparency_verifier import Tampered, verify
from tests.transparency.logs import KINDS, made, tampered


def main() -> int:
    parser = argparse.ArgumentParser(description="Tamper with a log and see whether it is found.")
    parser.add_argument("--tampers", type=int, default=1000)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    started = time.monotonic()
    log = made(args.entries)
    honest = log.copied()
    _, seen = verify(honest.__getitem__, log.key)
    missed = 0
    for number in range(args.tampers):
        files, index = tampered(log, honest, KINDS[number % len(KINDS)], random.Random(args.seed * 1_000_003 + number))
        try:
            verify(files.__getitem__, log.key, seen)
            found = None
        except Tampered as problem:
            found = problem.index
        if found != index:
            missed += 1
            print(f"tampering {number} ({KINDS[number % len(KINDS)]}): at {index}, found at {found}")
    took = time.monotonic() - started
    print(f"{args.tampers} tamperings of {args.entries} entries, {missed} not found at their index, {took:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
