"""`volary eval`: how well the models do: the generator, steering, and screening and likenesses on labelled data."""

import argparse
import json
from pathlib import Path
from typing import Any

from local import adherence, extending, recognition

Kinds = argparse._SubParsersAction  # of argparse.ArgumentParser; generic in stubs only


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("eval", help="measure the models")
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    adherence.register(kinds)
    recognition.register(kinds)
    extending.register(kinds)
    _register_feed(kinds)
    _register_screening(kinds)
    _register_likeness(kinds)


def _register_feed(kinds: Kinds) -> None:
    steering = kinds.add_parser("steering", help="what instructions compile to")
    ranking = kinds.add_parser("ranking", help="what instructions do to a catalogue")
    ranking.add_argument("catalogue", type=Path, metavar="CATALOGUE.jsonl")
    for each, run in ((steering, _steering), (ranking, _ranking)):
        each.add_argument("instructions", type=Path, metavar="INSTRUCTIONS.jsonl")
        _keeping(each)
        each.set_defaults(run=run)


def _register_screening(kinds: Kinds) -> None:
    prompts = kinds.add_parser("moderation", help="screening on rows of prompts")
    prompts.add_argument("paths", nargs="+", type=Path, metavar="ROWS.jsonl")
    _keeping(prompts)
    prompts.add_argument("--harm-only", action="store_true", help="do not count the hold for unsupported languages")
    prompts.add_argument("--beside", action="store_true", help="judge the same prompts with packaged classifiers too")
    prompts.add_argument("--disguised", action="store_true", help="judge every short prompt in each disguise too")
    frames = kinds.add_parser("frames", help="screening on pictures in a folder for each label")
    frames.add_argument("paths", nargs=1, type=Path, metavar="FOLDER", help="holds LABEL/PICTURE")
    _keeping(frames)
    for each in (prompts, frames):
        each.set_defaults(run=_screening)
    names = kinds.add_parser("names", help="prompts refused or held for the public figures that they name")
    names.add_argument("paths", nargs="+", type=Path, metavar="ROWS.jsonl", help="rows of which the benign are read")
    names.add_argument("--rows", type=Path, metavar="OUT.jsonl", help="write who was found in which benign row")
    names.set_defaults(run=_names)


def _register_likeness(kinds: Kinds) -> None:
    staged = kinds.add_parser("likeness", help="faces and voices told apart, and captures staged from the media folder")
    staged.add_argument("paths", nargs=1, type=Path, metavar="MEDIA")
    _keeping(staged, "write one capture a line, and go on from those that are there")
    staged.add_argument("--people", type=int, default=200, metavar="N", help="genuine captures to stage")
    staged.add_argument("--attempts", type=int, default=20, metavar="N", help="captures of each attack")
    staged.add_argument("--attacks", nargs="+", metavar="KIND", help="which of them; all, if not given")
    staged.add_argument("--staged-only", action="store_true", help="captures alone, no pairs and planted faces")
    summed = kinds.add_parser("enrolments", help="the figures of captures that runs of `likeness` left")
    summed.add_argument("paths", nargs="+", type=Path, metavar="ROWS.jsonl")
    for name in ("faces", "voices"):
        pairs = kinds.add_parser(name, help=f"whether two {name} are told apart, on pairs of files")
        pairs.add_argument("paths", nargs=1, type=Path, metavar="PAIRS.jsonl")
        _keeping(pairs)
        pairs.set_defaults(run=_likeness)
    rhythm = kinds.add_parser("rhythm", help="pauses between digits, on sound from the media folder")
    rhythm.add_argument("paths", nargs=1, type=Path, metavar="MEDIA")
    rhythm.add_argument("--people", type=int, default=200, metavar="N", help="readings, and as many false ones")
    splices = kinds.add_parser("splices", help="one voice or two in a string of digits, on sound from the media folder")
    splices.add_argument("paths", nargs=1, type=Path, metavar="MEDIA")
    splices.add_argument("--people", type=int, default=200, metavar="N", help="strings of each kind")
    for drawn in (staged, rhythm, splices):
        drawn.add_argument("--seed", type=int, default=11, metavar="N", help="what staging draws from")
    for each in (staged, summed, rhythm, splices):
        each.set_defaults(run=_likeness)


def _keeping(parser: argparse.ArgumentParser, told: str = "write one verdict a line, for others to judge") -> None:
    parser.add_argument("--rows", type=Path, metavar="OUT.jsonl", help=told)


def _steering(args: argparse.Namespace) -> int:
    from local import feed_steering
    from local.texts import asker

    feed_steering.evaluate(args.instructions, asker(), args.rows, _say)
    return 0


def _ranking(args: argparse.Namespace) -> int:
    from local import feed_ranking
    from local.texts import asker

    feed_ranking.evaluate((args.catalogue, args.instructions), asker(), args.rows, _say)
    return 0


def _screening(args: argparse.Namespace) -> int:
    from volary.moderation import decide, shipped_policy

    from inference.safety.evaluation import main  # loads numpy, which no other command should wait for

    policy = shipped_policy()
    return main(_passed_on(args), lambda signals: decide(signals, policy, complete=True).action)


def _names(args: argparse.Namespace) -> int:
    from local.naming import run  # loads numpy, which no other command should wait for

    return run(args)


def _likeness(args: argparse.Namespace) -> int:
    from inference.likeness.evaluation import main  # loads torch, which no other command should wait for

    return main(_passed_on(args))


def _passed_on(args: argparse.Namespace) -> list[str]:
    """The same words for the measure's own parser, with the options that this kind has."""
    words = [args.what, *map(str, args.paths)]
    for name, value in vars(args).items():
        if name in ("what", "paths", "run") or value is None or value is False:
            continue
        given = [] if value is True else value if isinstance(value, list) else [value]
        words += [f"--{name.replace('_', '-')}", *map(str, given)]
    return words


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)
