"""The `volary` command: finds its subcommands in local/commands, and turns errors into one line and a status."""

import argparse
import importlib
import os
import pkgutil
import sqlite3
import sys
from collections.abc import Sequence

from volary.errors import VolaryError

from local import commands

DONE, FAILED, WRONG_USE = 0, 1, 2


def parser() -> argparse.ArgumentParser:
    """Every subcommand sets `run`: a function of the parsed arguments that returns the exit status."""
    top = argparse.ArgumentParser(prog="volary", description="An open home for generated video with sound.")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for found in sorted(pkgutil.iter_modules(commands.__path__), key=lambda each: each.name):
        importlib.import_module(f"{commands.__name__}.{found.name}").register(subparsers)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """0 done, 1 failed, 2 wrong use; errors are one line on stderr."""
    # Several processes share the cores; OpenBLAS threads that spin for each other made reading a mark 4 to 40 times
    # slower on a busy machine. It reads this when numpy loads, which is after here, and children inherit it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    args = parser().parse_args(arguments)
    try:
        status: int = args.run(args)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return FAILED
    except VolaryError as problem:
        return _complain(problem.message)
    except FileNotFoundError as problem:
        return _complain(f"there is no file {problem.filename}" if problem.filename else str(problem))
    except (OSError, sqlite3.Error) as problem:
        return _complain(str(problem))
    return status


def _complain(message: str) -> int:
    print(f"volary: {' '.join(message.split())}", file=sys.stderr)
    return FAILED
