"""`volary eval identity`: its options, and the figures as JSON."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from volary.errors import Invalid

_WEIGHTS = Path(__file__).parents[1] / "inference/weights"


def register(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = kinds.add_parser("identity", help="whether people given by reference are recognised in their clips")
    parser.add_argument("--people", type=int, default=20, metavar="N", help="references, each of somebody unseen")
    parser.add_argument("--weights", type=Path, default=_WEIGHTS / "generator", metavar="DIR")
    parser.add_argument("--reader", type=Path, default=_WEIGHTS / "identity", metavar="DIR")
    parser.add_argument("--out", type=Path, metavar="FILE.json")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.people < 2:
        raise Invalid(f"--people is {args.people}; telling people apart takes two")
    from inference.evaluation import recognition  # loads torch, which no other command should wait for
    from inference.generator.pipeline import Generator

    reader, generator = recognition.IdentityReader.load(args.reader), Generator.load(args.weights)
    found = recognition.measure(generator, reader, args.people, lambda line: print(line, flush=True))
    text = json.dumps({"model": generator.model, **asdict(found)}, indent=1)
    print(text)
    if args.out:
        args.out.write_text(text + "\n")
    return 0
