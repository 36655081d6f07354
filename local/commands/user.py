"""`volary user add`: add a person to the embedded home."""

import argparse
import json
from datetime import date

from volary.accounts import Role

from local.homes import add_home_option, opened_or_made
from local.people import add_person, token_for


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("user", help="add people to the embedded home")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    adding = actions.add_parser("add", help="add a person and print their id and token")
    adding.add_argument("handle", metavar="HANDLE")
    adding.add_argument("--birth-date", type=_day, required=True, metavar="YYYY-MM-DD")
    adding.add_argument("--region", default="US", metavar="XX", help="the country they live in (default: US)")
    adding.add_argument("--role", choices=[role.value for role in Role], default=Role.USER.value)
    adding.add_argument("--guardian", default="", metavar="HANDLE", help="who settles things for a minor")
    adding.add_argument("--json", action="store_true", help="changes nothing: JSON is printed in any case")
    add_home_option(adding)
    adding.set_defaults(run=add)


def add(args: argparse.Namespace) -> int:
    home = opened_or_made(args)
    role = Role(args.role)
    account = add_person(home.services, args.handle, args.birth_date, args.region, role, guardian=args.guardian)
    token = token_for(home, account.handle)
    print(json.dumps({"handle": account.handle, "user_id": account.user_id, "token": token}))
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date like 1990-12-09") from None
