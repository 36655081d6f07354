"""`volary bench NAME`: a figure of ours beside a peer's on the same work in the same run, as JSON lines."""

import argparse
import importlib
import json
import pkgutil
from pathlib import Path

from local import bench as benches

_OPTIONS = {
    "feed": ("clips", "captions", "home", "seconds", "plot"),
    "generation": ("clips", "jobs", "card"),
    "likeness": ("media", "captures"),
}


def names() -> list[str]:
    return sorted(found.name for found in pkgutil.iter_modules(benches.__path__))


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("bench", help="measure one part beside its peers")
    parser.add_argument("name", choices=[*names(), "all"], metavar="NAME", help=f"one of {', '.join(names())}, or all")
    parser.add_argument("--clips", type=int, help="feed: clips the home grows to; generation: scenes for each option")
    parser.add_argument("--jobs", type=int, help="generation: processes, each of one thread")
    parser.add_argument("--card", type=Path, help="generation: put the figures between this model card's marks")
    parser.add_argument("--captions", type=Path, help="feed: JSON lines with real captions to draw from")
    parser.add_argument("--home", type=Path, help="feed: keep the clips here, so that a next run goes on with them")
    parser.add_argument("--seconds", type=float, help="feed: stop filling after so long; run again to go on")
    parser.add_argument("--plot", type=Path, help="feed: an SVG to draw, of the figures kept beside it as .jsonl")
    parser.add_argument("--media", type=Path, help="likeness: media folder to stage captures from, to time enrolling")
    parser.add_argument("--captures", type=int, help="likeness: how many captures to stage")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    for name in names() if args.name == "all" else [args.name]:
        options = {o: value for o in _OPTIONS.get(name, ()) if (value := getattr(args, o)) is not None}
        for line in importlib.import_module(f"{benches.__name__}.{name}").bench(**options):
            print(json.dumps(line), flush=True)
    return 0
