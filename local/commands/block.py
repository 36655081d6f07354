"""`volary block`: the people who are refused without their likeness, by name, by face and by voice.

A person on the list is refused by name in prompts, and whoever looks or sounds like them in an upload or a clip is
somebody who did not agree. The pictures are read here and not kept, in the cloud home as little as in this one: what
leaves this machine is the numbers, and what stays there is a sealed template.
"""

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from volary.blocked import Kind, is_telling
from volary.clock import RandomIds
from volary.errors import Invalid
from volary.ports import Services

from events.shapes import Shape
from functions.blocking.add import add as added
from functions.blocking.listed import listed
from functions.blocking.remove import remove as removed
from functions.blocking.shapes import Added, Addition, Listed, Listing, Removal, Removed
from local.homes import add_home_option, opened

WEIGHTS = Path(__file__).parents[2] / "inference" / "weights"
ACTOR = "the machine's owner"
Keeper = Callable[[Literal["add", "listed", "remove"], Shape], Any]
STAGE = re.compile(r"^[a-z][a-z0-9]{1,15}$")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("block", help="keep the list of people who are refused without their likeness")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    adding = actions.add_parser("add", help="refuse a person by name, and by face or voice where files show them")
    adding.add_argument("names", nargs="+", metavar="NAME")
    adding.add_argument("--kind", choices=list(Kind.__args__), required=True)
    adding.add_argument("--photo", type=Path, action="append", default=[], metavar="FILE", help="of this person alone")
    adding.add_argument("--recording", type=Path, metavar="FILE", help="of this person speaking alone, as MP4")
    adding.add_argument("--likeness", metavar="ID", help="they may be asked for through this likeness")
    adding.set_defaults(run=add)
    loading = actions.add_parser("load", help="refuse everybody of a list by name, one name a line; # begins a remark")
    loading.add_argument("file", type=Path, metavar="FILE")
    loading.add_argument("--kind", choices=list(Kind.__args__), required=True)
    loading.set_defaults(run=load)
    listing = actions.add_parser("list", help="who is on the list, and how many templates there are of them")
    listing.set_defaults(run=show)
    removing = actions.add_parser("remove", help="take a person off the list and destroy their templates")
    removing.add_argument("block_id", metavar="ID")
    removing.set_defaults(run=remove)
    for each in (adding, loading, listing, removing):
        each.add_argument("--json", action="store_true", help="print JSON")
        each.add_argument(
            "--stage", metavar="STAGE", help="the cloud home of that name, with this machine's AWS rights"
        )
        each.add_argument("--by", default=ACTOR, metavar="WHO", help="who does it, for the audit book")
        add_home_option(each)


def add(args: argparse.Namespace) -> int:
    """Raises Invalid for names too short to be told, and for files that do not show one face or let nobody be heard."""
    faces = templates(args.photo, "face") if args.photo else []
    voice = templates([args.recording], "voice")[0] if args.recording else None
    addition = Addition(
        id=RandomIds().new("block"), names=tuple(args.names), kind=args.kind, likeness_id=args.likeness, faces=faces,
        voice=voice, added_by=args.by,
    )  # fmt: skip
    told = Added.model_validate(keeper(args)("add", addition))
    print(told.model_dump_json() if args.json else f"{told.id}: {told.names[0]}, {told.faces} faces")
    return 0


def load(args: argparse.Namespace) -> int:
    """Whoever is listed under that very name already is left as they are, so that a list may be loaded again. Names
    that cannot be told from ordinary words are left out, and said.
    """
    lines = (line.partition("#")[0].strip() for line in args.file.read_text("utf-8").splitlines())
    keep = keeper(args)
    known = {name for each in Listed.model_validate(keep("listed", Listing())).people for name in each.names}
    fresh = [name for name in dict.fromkeys(lines) if name and name not in known]
    telling = [name for name in fresh if is_telling(name)]
    for name in telling:
        keep("add", Addition(id=RandomIds().new("block"), names=(name,), kind=args.kind, added_by=args.by))
    left_out = [name for name in fresh if name not in telling]
    if args.json:
        print(json.dumps({"added": len(telling), "left_out": left_out}))
    else:
        print(
            f"{len(telling)} added" + (f"; left out as too short or too long: {', '.join(left_out)}" * bool(left_out))
        )
    return 0


def show(args: argparse.Namespace) -> int:
    people = Listed.model_validate(keeper(args)("listed", Listing())).people
    if args.json:
        print(json.dumps([each.model_dump(mode="json") for each in people]))
        return 0
    lines = (f"{each.id}: {', '.join(each.names)}{' (face or voice)' if each.is_matched else ''}" for each in people)
    print("\n".join(lines) or "nobody is listed")
    return 0


def remove(args: argparse.Namespace) -> int:
    told = Removed.model_validate(keeper(args)("remove", Removal(id=args.block_id, removed_by=args.by)))
    print(told.model_dump_json() if args.json else f"{told.id}: removed")
    return 0


def keeper(args: argparse.Namespace) -> Keeper:
    """Runs a use case on the home here or, by a function without a public route, in the cloud home."""
    if not args.stage:
        services = opened(args).services
        uses: dict[str, Callable[[Any, Services], Shape]] = {"add": added, "listed": listed, "remove": removed}
        return lambda act, request: uses[act](request, services)
    if not STAGE.match(args.stage):
        raise Invalid(f"{args.stage!r} is no name of a stage")
    from volary.aws.calling import called  # which needs the AWS clients, as no home on one machine does

    return lambda act, request: called(f"volary-{args.stage}-blocking-{act}", request.model_dump(mode="json"))


def templates(paths: Sequence[Path], kind: Literal["face", "voice"]) -> list[list[float]]:
    """The numbers of the face or voice in each file. Raises Invalid for one that does not show one clear face, or in
    which nobody speaks.
    """
    from inference.likeness.templates import face_of, voice_of  # loads torch, which no other command should wait for
    from inference.refusal import Refused

    read, found = {"face": face_of, "voice": voice_of}[kind], []
    for path in paths:
        try:
            found.append([float(each) for each in read(path.read_bytes(), WEIGHTS)])
        except Refused as problem:
            raise Invalid(f"{path.name}: {problem}") from problem
    return found
