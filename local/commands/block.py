"""`volary block`: the people who are refused without their likeness, by name, by face and by voice. Empty at first.

A person on the list is refused by name in prompts, and whoever looks or sounds like them in an upload or a clip is
somebody who did not agree. The pictures are read here and not kept: what stays is a sealed template.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from volary.blocked import BlockedPerson, Kind
from volary.errors import Invalid
from volary.stores.blocked import Blocked
from volary.vault_index import block_person, blocked_entries, unblock_person

from local.homes import add_home_option, opened

WEIGHTS = Path(__file__).parents[2] / "inference" / "weights"
ACTOR = "the machine's owner"


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
    listing = actions.add_parser("list", help="who is on the list, and how many templates there are of them")
    listing.set_defaults(run=show)
    removing = actions.add_parser("remove", help="take a person off the list and destroy their templates")
    removing.add_argument("block_id", metavar="ID")
    removing.set_defaults(run=remove)
    for each in (adding, listing, removing):
        each.add_argument("--json", action="store_true", help="print JSON")
        add_home_option(each)


def add(args: argparse.Namespace) -> int:
    """Raises Invalid for names too short to be told, and for files that do not show one face or let nobody be heard."""
    services = opened(args).services
    faces = templates(args.photo, "face") if args.photo else []
    voice = templates([args.recording], "voice")[0] if args.recording else None
    person = BlockedPerson(
        id=services.ids.new("block"), names=tuple(args.names), kind=args.kind, likeness_id=args.likeness,
        added_by=ACTOR, at=int(services.clock.now().timestamp()),
    )  # fmt: skip
    Blocked(services.items).add(person)
    if faces or voice:
        block_person(person.id, faces, voice, services)
    line = {"id": person.id, "names": list(person.names), "faces": len(faces), "voice": voice is not None}
    print(json.dumps(line) if args.json else f"{person.id}: {person.names[0]}, {len(faces)} faces")
    return 0


def show(args: argparse.Namespace) -> int:
    services = opened(args).services
    matched = blocked_entries(services)
    rows = [{"id": each.id, "names": list(each.names), "kind": each.kind, "is_matched": each.id in matched}
            for each in Blocked(services.items).people()]  # fmt: skip
    if args.json:
        print(json.dumps(rows))
        return 0
    lines = (f"{row['id']}: {', '.join(row['names'])}{' (face or voice)' if row['is_matched'] else ''}" for row in rows)
    print("\n".join(lines) or "nobody is listed")
    return 0


def remove(args: argparse.Namespace) -> int:
    """The templates first: a name without its face is the state that a person can see and end."""
    services = opened(args).services
    if args.block_id in blocked_entries(services):
        unblock_person(args.block_id, services)
    Blocked(services.items).remove(args.block_id, ACTOR, int(services.clock.now().timestamp()))
    print(json.dumps({"id": args.block_id, "removed": True}) if args.json else f"{args.block_id}: removed")
    return 0


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
