"""`volary review`: the clips that wait for a person, and a moderator's answer to one."""

import argparse
import json

from volary.accounts import Viewer, viewer_of
from volary.embedded import Home
from volary.errors import Forbidden
from volary.ports import Range
from volary.stores.accounts import Accounts

from functions.review.decide import decide
from functions.review.queue import Case, link, queue
from local.homes import add_home_option, opened


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("review", help="list held clips, release or reject one")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="show what waits, oldest first, and what the screenings saw")
    listing.set_defaults(run=show)
    for name, told in (("release", "let a clip be published"), ("reject", "end a clip's job")):
        answering = actions.add_parser(name, help=told)
        answering.add_argument("video_id", metavar="VIDEO")
        answering.add_argument("--note", default="", help="why, for the audit book")
        answering.set_defaults(run=answer, review=name)
    watching = actions.add_parser("link", help="print a five-minute link to a held clip; it is noted in the audit book")
    watching.add_argument("video_id", metavar="VIDEO")
    watching.set_defaults(run=watch)
    for each in (listing, watching, *(actions.choices[name] for name in ("release", "reject"))):
        each.add_argument("--as", dest="handle", required=True, metavar="MODERATOR", help="who reviews")
        each.add_argument("--json", action="store_true", help="print JSON")
        add_home_option(each)


def show(args: argparse.Namespace) -> int:
    home = opened(args)
    cases = queue(_moderator(home, args.handle), home.services, Range(limit=100))
    print(json.dumps([told(case) for case in cases]) if args.json else "\n".join(map(said, cases)) or "nothing waits")
    return 0


def answer(args: argparse.Namespace) -> int:
    home = opened(args)
    video = decide(args.video_id, args.review, args.note, _moderator(home, args.handle), home.services)
    print(json.dumps({"id": video.id, "review": args.review}) if args.json else f"{video.id}: {args.review}")
    return 0


def watch(args: argparse.Namespace) -> int:
    home = opened(args)
    found = link(args.video_id, "video", _moderator(home, args.handle), home.services)
    print(json.dumps({"link": found}) if args.json else found)
    return 0


def told(case: Case) -> dict[str, object]:
    return {"id": case.video.id, "prompt": case.video.prompt, "screenings": [s.model_dump() for s in case.screenings]}


def said(case: Case) -> str:
    reasons = [f"  {s.what}: {s.verdict}: {'; '.join(s.reasons) or 'no reason given'}" for s in case.screenings]
    return "\n".join([f"{case.video.id}  {case.video.prompt[:100]!r}", *reasons])


def _moderator(home: Home, handle: str) -> Viewer:
    viewer = viewer_of(Accounts(home.items).by_handle(handle))
    if not viewer.is_moderator():
        raise Forbidden(f"@{handle} is no moderator: volary user add NAME --role moderator adds one")
    return viewer
