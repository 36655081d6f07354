"""`volary eval extension`: its options, and the figures as a table and as JSON."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from volary.errors import Invalid

if TYPE_CHECKING:
    from inference.evaluation.extending import Stretch

_WEIGHTS = Path(__file__).parents[1] / "inference/weights"
_SHORTEST, _LONGEST = 8, 120


def register(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = kinds.add_parser("extension", help="whether a clip that is extended again and again stays what was asked")
    parser.add_argument("--count", type=int, default=6, metavar="N", help="clips, each of a scene never trained on")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="held-out scenes to pass over")
    parser.add_argument("--seconds", type=int, default=_LONGEST, metavar="S", help="how long they become")
    parser.add_argument("--weights", type=Path, default=_WEIGHTS / "generator", metavar="DIR")
    parser.add_argument("--reader", type=Path, default=_WEIGHTS / "probe", metavar="DIR")
    parser.add_argument("--out", type=Path, metavar="FILE.json")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.count < 1 or args.first < 0:
        raise Invalid(f"--count is {args.count} and --first {args.first}; it takes one clip, from a scene on")
    if not _SHORTEST <= args.seconds <= _LONGEST:
        raise Invalid(f"--seconds is {args.seconds}, not between {_SHORTEST} and {_LONGEST}")
    from inference.evaluation import extending  # loads torch, which no other command should wait for
    from inference.evaluation.rows import Bench
    from inference.generator.pipeline import Generator
    from inference.train.probe import held_out

    generator, kin = Generator.load(args.weights), held_out(args.first + args.count)[args.first :]
    found = extending.measure(generator, Bench(args.reader), kin, args.seconds, lambda line: print(line, flush=True))
    print("\n".join(lines(found)))
    if args.out:
        figures = {"model": generator.model, "clips": len(kin), "stretches": [asdict(each) for each in found]}
        args.out.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


def lines(found: "list[Stretch]") -> Iterator[str]:
    """A table of Markdown."""
    names = list(found[0].attributes)
    yield f"| from second | all that lasts | {' | '.join(names)} | sharpness | contrast | consistency | audible |"
    yield "| --- " * (len(names) + 6) + "|"
    for each in found:
        whole = f"{each.lasting.rate:.2f} ({each.lasting.low:.2f}\u2013{each.lasting.high:.2f})"
        shares = " | ".join(f"{each.attributes[name]:.2f}" for name in names)
        proxies = f"{each.sharpness:.3f} | {each.contrast:.3f} | {each.consistency:.3f} | {each.audible:.2f}"
        yield f"| {each.second} | {whole} | {shares} | {proxies} |"
