"""`volary review`: the cases that wait for a person, and a moderator's answer to a held clip; the console does more."""

import argparse
import json

from volary.accounts import Viewer, viewer_of
from volary.embedded import Home
from volary.errors import Forbidden
from volary.ports import Services
from volary.review.cases import Case
from volary.stores.accounts import Accounts
from volary.stores.videos import Videos

from functions.review.cases import queue
from functions.review.decide import decide
from functions.review.detail import link
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
    cases = queue(_moderator(home, args.handle), home.services, None, None, 100)
    if args.json:
        print(json.dumps([told(case, home.services) for case in cases]))
    else:
        print("\n".join(said(case, home.services) for case in cases) or "nothing waits")
    return 0


def answer(args: argparse.Namespace) -> int:
    home = opened(args)
    video = decide(args.video_id, args.review, args.note, _moderator(home, args.handle), home.services)
    print(json.dumps({"id": video.id, "review": args.review}) if args.json else f"{video.id}: {args.review}")
    return 0


def watch(args: argparse.Namespace) -> int:
    home = opened(args)
    found = link(args.video_id, "video", "command line", _moderator(home, args.handle), home.services)
    print(json.dumps({"link": found}) if args.json else found)
    return 0


def told(case: Case, services: Services) -> dict[str, object]:
    store = Videos(services.items)
    screenings = [screening.model_dump(mode="json") for screening in store.screenings(case.subject)]
    known = case.model_dump(mode="json", include={"id", "kind", "category", "law", "due_at"})
    return {**known, "video_id": case.subject, "prompt": store.get(case.subject).prompt, "screenings": screenings}


def said(case: Case, services: Services) -> str:
    store = Videos(services.items)
    screenings = store.screenings(case.subject)
    reasons = [f"  {each.what}: {each.verdict}: {'; '.join(each.reasons) or 'no reason given'}" for each in screenings]
    if case.kind == "held":
        missing = {"prompt", "media"} - {each.what for each in screenings}
        reasons += [f"  {what}: not judged: the screening failed or was late" for what in sorted(missing)]
    return "\n".join([f"{case.id}  {case.kind}  {store.get(case.subject).prompt[:100]!r}", *reasons])


def _moderator(home: Home, handle: str) -> Viewer:
    viewer = viewer_of(Accounts(home.items).by_handle(handle), home.services.clock.now().date())
    if not viewer.is_moderator():
        raise Forbidden(f"@{handle} is no moderator: volary user add NAME --role moderator adds one")
    return viewer
