"""`volary eval`: how well the screening models do on labelled rows, with 95 % intervals and the data's hash."""

import argparse
from pathlib import Path


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("eval", help="measure the screening models on labelled data")
    parser.add_argument("what", choices=["moderation", "frames"], help="rows of prompts, or a folder LABEL/*")
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--rows", type=Path, metavar="OUT.jsonl", help="write one verdict a line, for others to judge")
    parser.add_argument("--harm-only", action="store_true", help="do not count the hold for unsupported languages")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from inference.safety.evaluation import main  # loads numpy, which no other command should wait for

    rows = ["--rows", str(args.rows)] if args.rows else []
    harm = ["--harm-only"] if args.harm_only else []
    return main([args.what, *map(str, args.paths), *rows, *harm])
