"""`volary bank`: local banks of known pictures, which every clip's frames are compared with when it is screened."""

import argparse
import json
import re
from pathlib import Path

from volary.banks import Known
from volary.errors import Invalid
from volary.stores.banks import Banks
from volary.stores.videos import Videos

from events.inference import FrameHash
from events.moderation import Category
from local.homes import add_home_option, opened

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("bank", help="keep banks of known pictures")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    adding = actions.add_parser("add", help="add the frames of files, or of a screened clip of this home")
    adding.add_argument("bank", metavar="BANK", help="its name; the first file makes it")
    adding.add_argument("files", nargs="*", type=Path, metavar="FILE")
    adding.add_argument("--clip", metavar="VIDEO", help="a clip of this home, by its id")
    adding.add_argument("--category", choices=[harm.value for harm in Category], required=True)
    adding.set_defaults(run=add)
    listing = actions.add_parser("list", help="how many frames each bank has")
    listing.set_defaults(run=show)
    removing = actions.add_parser("remove", help="forget a whole bank")
    removing.add_argument("bank", metavar="BANK")
    removing.set_defaults(run=remove)
    for each in (adding, listing, removing):
        each.add_argument("--json", action="store_true", help="print JSON")
        add_home_option(each)


def add(args: argparse.Namespace) -> int:
    if not NAME.fullmatch(args.bank):
        raise Invalid(f"bank {args.bank!r} is not 1–40 of a–z, 0–9 and - starting with a letter")
    home = opened(args)
    hashes = [each for path in args.files for each in hashes_of(path)]
    if args.clip:
        hashes += [each for found in Videos(home.items).screenings(args.clip) for each in found.frame_hashes]
    if not hashes:
        raise Invalid("nothing was named that has a frame with something to see in it")
    harm = Category(args.category)
    count = Banks(home.items).add(Known(bank=args.bank, category=harm, bits=each.bits) for each in hashes)
    print(json.dumps({"bank": args.bank, "frames": count}) if args.json else f"{args.bank}: {count} frames")
    return 0


def show(args: argparse.Namespace) -> int:
    counts: dict[str, int] = {}
    for known in Banks(opened(args).items).entries():
        counts[known.bank] = counts.get(known.bank, 0) + 1
    print(json.dumps(counts) if args.json else "\n".join(f"{n}: {c} frames" for n, c in counts.items()) or "no bank")
    return 0


def remove(args: argparse.Namespace) -> int:
    gone = Banks(opened(args).items).remove(args.bank)
    print(json.dumps({"bank": args.bank, "frames": gone}) if args.json else f"{args.bank}: {gone} frames forgotten")
    return 0


def hashes_of(path: Path) -> tuple[FrameHash, ...]:
    """Decoded in the limited child, like every file of a stranger. Raises Invalid for what is no clip or picture."""
    from inference import likenings, marks  # loads numpy and av, which no other command should wait for
    from inference.refusal import Refused

    try:
        clip = marks.opened(path.read_bytes())
    except Refused as problem:
        raise Invalid(f"{path.name}: {problem}") from problem
    return likenings.frame_hashes(clip.frames, clip.frame_rate)
