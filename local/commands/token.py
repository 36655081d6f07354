"""`volary token`: a fresh bearer token for somebody of the embedded home."""

import argparse
import json

from local.homes import add_home_option, opened
from local.people import token_for


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("token", help="print a fresh bearer token, good for 12 hours")
    parser.add_argument("handle", metavar="HANDLE")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_home_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    token = token_for(opened(args), args.handle)
    print(json.dumps({"handle": args.handle, "token": token}) if args.json else token)
    return 0
