"""`volary bench NAME`: a figure of ours beside a peer's on the same work in the same run, as JSON lines."""

import argparse
import importlib
import json
import pkgutil
from pathlib import Path

from local import bench as benches


def names() -> list[str]:
    return sorted(found.name for found in pkgutil.iter_modules(benches.__path__))


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("bench", help="measure one part beside its peers")
    parser.add_argument("name", choices=[*names(), "all"], metavar="NAME", help=f"one of {', '.join(names())}, or all")
    parser.add_argument("--clips", type=int, help="feed: how many clips the home grows to")
    parser.add_argument("--captions", type=Path, help="feed: JSON lines with real captions to draw from")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    for name in names() if args.name == "all" else [args.name]:
        asked = {"clips": args.clips, "captions": args.captions} if name == "feed" else {}
        options = {option: value for option, value in asked.items() if value is not None}
        for line in importlib.import_module(f"{benches.__name__}.{name}").bench(**options):
            print(json.dumps(line), flush=True)
    return 0
