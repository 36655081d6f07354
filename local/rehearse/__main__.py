"""`python -m local.rehearse [PYTEST ARGUMENTS]`: the port contracts on the emulator, then the deployed home's story.

The contracts run on bare resources with an emulator of their own; tests/rehearsal starts another and deploys to it.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.rehearse import emulator, issuer

USUAL = ("-m", "rehearsal")


def main(arguments: Sequence[str]) -> int:
    if not emulator.is_set_up():
        print(f"there is no emulator at {emulator.PYTHON}: make rehearse sets it up", file=sys.stderr)
        return 2
    contracts = held_contracts(arguments)
    return pytest(["tests/rehearsal", *arguments], {"VOLARY_REHEARSE": "1"}) or contracts


def held_contracts(arguments: Sequence[str]) -> int:
    """Run tests/contracts with AWS_ENDPOINT_URL naming a fresh emulator; pytest's exit status."""
    with tempfile.TemporaryDirectory(prefix="rehearse-") as folder:
        port = emulator.free_port()
        keys = issuer.prepared(Path(folder), port)
        with emulator.running(enforce_iam=True, port=port) as running, issuer.answering(keys):
            return pytest(["tests/contracts", *arguments], {**running.environment(), **keys.environment()})


def pytest(arguments: Sequence[str], more: Mapping[str, str]) -> int:
    """Run pytest as a child, with `more` in its environment; its exit status."""
    command = [sys.executable, "-m", "pytest", *USUAL, *arguments]
    return subprocess.run(command, cwd=emulator.ROOT, env={**os.environ, **more}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
