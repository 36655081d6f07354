"""Reads the manifest of one file from outside, in a process that is locked in before it sees a byte of it.

Started by `local.witnesses` alone: the file is descriptor 0, the trust anchors are the one argument, and the
answer on standard output is a `Reading` as JSON, or `{"refused": …}` for a file of no kind that can carry one.
"""

import json
import os
import sys

import c2pa  # noqa: F401 - loaded before the jail, which opens no files
from volary.errors import Invalid
from volary.manifests import read_stream

from inference.media import jail

MEMORY, CPU_SECONDS, OUTPUT = 2 * 2**30, 60, 16 * 2**20


def main(anchors: str) -> int:
    with os.fdopen(0, "rb") as file:
        jail.limit(MEMORY, CPU_SECONDS, OUTPUT)
        jail.confine()
        try:
            reading = read_stream(file, anchors)
            answer = reading._asdict() | {"manifests": dict(reading.manifests)}
        except Invalid as error:
            answer = {"refused": error.message}
        sys.stdout.write(json.dumps(answer))
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1])
    # Libraries' own clean-up of a hostile file is one more thing that could fail; the answer is already out.
    os._exit(status)
