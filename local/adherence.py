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
    parser.add_argument("--wordless", type=int, default=100, help="scenes that the model without text makes")
    parser.add_argument("--references", type=int, default=20, help="clips made from a reference image; 0: none")
    parser.add_argument("--jobs", type=int, default=2, help="processes, each of one thread")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="after which no clip is begun")
    parser.add_argument(
        "--rows", type=Path, default=Path(".cache/adherence"), metavar="DIR", help="kept here, and gone on from"
    )
    parser.add_argument("--out", type=Path, metavar="OUT.json", help="write every figure as JSON")
    parser.add_argument("--card", type=Path, metavar="CARD.md", help="put the tables between this file's marks")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from inference.evaluation import adherence, report  # loads torch, which no other command should wait for
    from inference.evaluation.making import Wanted
    from inference.manifest import WeightsError

    if args.count < 4 or args.jobs < 1:
        raise Invalid(f"--count {args.count} --jobs {args.jobs}: distances need 4 scenes, and work one process")
    wordings = WORDINGS if args.language == "all" else (args.language,)
    folders = (args.weights, args.probe)
    extras = (args.library, args.wordless, args.references, args.jobs, args.minutes)
    wanted = Wanted(args.count, wordings, *folders, args.rows, *extras)
    try:
        if args.card:
            report.around(args.card, "adherence")  # which says at once if it cannot be filled
        found = adherence.measure(wanted, lambda line: print(line, flush=True))
        print(report.summary(found))
        if args.out:
            adherence.write(found, args.out)
        if args.card:
            report.insert(args.card, "adherence", report.card(found))
    except (WeightsError, ValueError) as problem:
        raise Invalid(str(problem)) from problem
    return 0
