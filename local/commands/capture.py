"""`volary capture`: the captures of people who enrol that wait for a person, and a moderator's answer to one.

Everybody who says that they are adult waits here once, and French captures do, because no model is trusted with either.
"""

import argparse
import json

from volary.accounts import Viewer, viewer_of
from volary.embedded import Home
from volary.enrolment import Likeness
from volary.errors import Forbidden
from volary.ports import Range
from volary.stores.accounts import Accounts
from volary.stores.likenesses import Likenesses

from functions.likenesses.enrol import capture_link, demand_moderator, review
from local.homes import add_home_option, opened

MOST = 100


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("capture", help="list captures that wait for a person, accept or refuse one")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    actions.add_parser("list", help="show what waits, oldest first, and what was asked for").set_defaults(run=show)
    watching = actions.add_parser("link", help="print a five-minute link to a capture; it is noted in the audit book")
    watching.set_defaults(run=watch)
    for name, told in (("accept", "enrol the person"), ("refuse", "keep nothing of it")):
        actions.add_parser(name, help=told).set_defaults(run=answer, accept=name == "accept")
    for name, each in actions.choices.items():
        if name != "list":
            each.add_argument("likeness_id", metavar="LIKENESS")
        each.add_argument("--as", dest="handle", required=True, metavar="MODERATOR", help="who reviews")
        each.add_argument("--json", action="store_true", help="print JSON")
        add_home_option(each)


def show(args: argparse.Namespace) -> int:
    home = opened(args)
    viewer = _moderator(home, args.handle)
    found = [each for each in Likenesses(home.items).waiting(Range(limit=MOST)) if each.owner_id != viewer.user_id]
    if args.json:
        print(json.dumps([told(each) for each in found]))
    else:
        print("\n".join(line for each in found for line in said(each)) or "nothing waits")
    return 0


def watch(args: argparse.Namespace) -> int:
    home = opened(args)
    found = capture_link(args.likeness_id, _moderator(home, args.handle), home.services)
    print(json.dumps({"link": found}) if args.json else found)
    return 0


def answer(args: argparse.Namespace) -> int:
    home = opened(args)
    after = review(args.likeness_id, args.accept, _moderator(home, args.handle), home.services)
    print(json.dumps({"id": after.id, "state": after.state}) if args.json else f"{after.id}: {after.state}")
    return 0


def told(likeness: Likeness) -> dict[str, object]:
    asked = likeness.challenge
    doubts = [each.model_dump(mode="json") for each in likeness.findings if each.outcome == "review"]
    return {"id": likeness.id, "digits": asked.shown, "turns": list(asked.turns), "review": doubts}


def said(likeness: Likeness) -> list[str]:
    """What was asked for, and why a person is to look."""
    asked = likeness.challenge
    doubts = [f"  {each.check}: {each.reason}" for each in likeness.findings if each.outcome == "review"]
    return [f"{likeness.id}  digits {asked.shown}, turns {', '.join(asked.turns)}", *doubts]


def _moderator(home: Home, handle: str) -> Viewer:
    viewer = viewer_of(Accounts(home.items).by_handle(handle), home.services.clock.now().date())
    try:
        demand_moderator(viewer)
    except Forbidden as problem:
        message = f"@{handle} is no moderator: volary user add NAME --role moderator adds one"
        raise Forbidden(message, code=problem.code) from problem
    return viewer
