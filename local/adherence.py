"""`volary eval adherence`: its options, and the figures as lines and as JSON."""

import argparse
from pathlib import Path

from volary.errors import Invalid

WORDINGS = ("en", "fr", "paraphrase")


def register(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = kinds.add_parser("adherence", help="clips of unseen combinations, read by readers trained on renders")
    parser.add_argument("--count", type=int, default=300, help="scenes; each costs several clips")
    parser.add_argument("--language", choices=(*WORDINGS, "all"), default="all")
    parser.add_argument("--weights", type=Path, default=Path("inference/weights/generator"), metavar="DIR")
    parser.add_argument("--probe", type=Path, default=Path("inference/weights/probe"), metavar="DIR")
    parser.add_argument("--library", type=int, default=3000, help="training scenes to retrieve from; 0: no baseline")
    parser.add_argument("--references", type=int, default=20, help="clips made from a reference image; 0: none")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, metavar="OUT.json", help="write every figure as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from inference.evaluation import adherence  # loads torch, which no other command should wait for
    from inference.weights import WeightsError

    if args.count < 4:
        raise Invalid(f"--count is {args.count}; distances need at least 4 scenes")
    wordings = WORDINGS if args.language == "all" else (args.language,)
    folders = (args.weights, args.probe)
    wanted = adherence.Wanted(args.count, wordings, *folders, args.library, args.references, args.threads)
    try:
        found = adherence.run(wanted, lambda line: print(line, flush=True))
    except WeightsError as problem:
        raise Invalid(str(problem)) from problem
    print(adherence.summary(found))
    if args.out:
        adherence.write(found, args.out)
    return 0
