"""What every process that the supervisor starts has in common: its options, its home, and dying with its parent."""

import argparse
import ctypes
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

from volary.embedded import Home, open_home

from local.homes import Ports

PR_SET_PDEATHSIG = 1


def arguments(folder: Path, ports: Ports) -> list[str]:
    """The options that `options_of` reads in the child."""
    return [
        *("--home", str(folder), "--port", str(ports.api)),
        *("--text-model", str(ports.text_model), "--media-model", str(ports.media_model)),
        *("--parent", str(os.getpid())),
    ]


def options_of(purpose: str | None) -> argparse.Namespace:
    """Parse a child's options, and have it end with its parent from here on."""
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("--home", type=Path, required=True)
    for name in ("--port", "--text-model", "--media-model", "--parent"):
        parser.add_argument(name, type=int, required=True)
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    threading.Thread(target=_end_with, args=(args.parent,), daemon=True).start()
    return args


def home_of(args: argparse.Namespace) -> Home:
    return open_home(args.home, Ports(args.port, args.text_model, args.media_model).options())


def die_with_parent() -> None:
    """Runs in a child before its program starts: Linux kills it the moment its parent is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_with(parent: int) -> None:
    # For systems without a signal of their own for this, and for a parent that died before we asked for it.
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
