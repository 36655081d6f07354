"""`volary eval`: how well the models do: the generator, and screening and likenesses on labelled data."""

import argparse
import json
from pathlib import Path
from typing import Any

from volary.errors import Invalid

from local import adherence, extending, recognition

FEED = {"steering": "what instructions compile to", "ranking": "what they do to a catalogue: CATALOGUE INSTRUCTIONS"}
LIKENESS = ("likeness", "faces", "voices", "enrolments", "rhythm")
LABELLED = {
    "moderation": "screening on rows of prompts",
    "frames": "screening on folders LABEL/*",
    "likeness": "captures staged from the media folder",
    "faces": "pairs of files",
    "voices": "pairs of files",
    "enrolments": "rows that `likeness` left",
    "rhythm": "pauses between digits, on sound from the media folder",
}


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("eval", help="measure the models")
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    adherence.register(kinds)
    recognition.register(kinds)
    extending.register(kinds)
    for name, text in (FEED | LABELLED).items():
        _register_labelled(kinds.add_parser(name, help=text))


def _register_labelled(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--rows", type=Path, metavar="OUT.jsonl", help="write one verdict a line, for others to judge")
    parser.add_argument("--harm-only", action="store_true", help="do not count the hold for unsupported languages")
    parser.add_argument("--people", type=int, default=200, metavar="N", help="likeness: genuine captures to stage")
    parser.add_argument("--attempts", type=int, default=20, metavar="N", help="likeness: captures of each attack")
    parser.add_argument("--seed", type=int, default=11, metavar="N", help="likeness: what staging draws from")
    parser.add_argument("--staged-only", action="store_true", help="likeness: only captures, going on after --rows")
    parser.add_argument("--beside", action="store_true", help="judge the same prompts with packaged classifiers too")
    parser.add_argument("--disguised", action="store_true", help="judge every short prompt in each disguise too")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    rows = ["--rows", str(args.rows)] if args.rows else []
    if args.what in FEED:
        return _feed(args)
    if args.what in LIKENESS:
        from inference.likeness.evaluation import main as measure  # loads torch, which no other command should wait for

        staged = ["--people", str(args.people), "--attempts", str(args.attempts), "--seed", str(args.seed)]
        staged += ["--staged-only"] if args.staged_only else []
        return measure([args.what, *map(str, args.paths), *rows, *staged])
    from volary.moderation import decide, shipped_policy

    from inference.safety.evaluation import main  # loads numpy, which no other command should wait for

    options = ("harm_only", "beside", "disguised")
    flags = [f"--{name.replace('_', '-')}" for name in options if getattr(args, name)]
    policy = shipped_policy()
    return main(
        [args.what, *map(str, args.paths), *rows, *flags],
        lambda signals: decide(signals, policy, complete=True).action,
    )


def _feed(args: argparse.Namespace) -> int:
    from local import feed_ranking, feed_steering
    from local.texts import asker

    wanted = 1 if args.what == "steering" else 2
    if len(args.paths) != wanted:
        raise Invalid(f"eval {args.what} takes {wanted} files, not {len(args.paths)}")
    if args.what == "steering":
        feed_steering.evaluate(args.paths[0], asker(), args.rows, _say)
    else:
        feed_ranking.evaluate(args.paths, asker(), args.rows, _say)
    return 0


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)
