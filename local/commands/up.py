"""`volary up`: run the embedded home until it is stopped."""

import argparse

from local.homes import add_home_option, api_port, home_folder


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("up", help="run the embedded home")
    parser.add_argument("--port", type=int, metavar="N", help="of the page and the API (default: $VOLARY_PORT or 8080)")
    parser.add_argument("--no-catalogue", action="store_true", help="make no demo clips on a home's first start")
    add_home_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from local.supervisor import up

    return up(home_folder(args), api_port(args.port), catalogue=not args.no_catalogue)
