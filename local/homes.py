"""Where the home lies and where its parts answer: from options, then the environment, then the defaults."""

import argparse
import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from volary.embedded import Home, Options, open_home
from volary.errors import Absent, Invalid

from functions.events.subscriptions import SUBSCRIPTIONS

DEFAULT_PORT = 8080
LOOPBACK = "127.0.0.1"
RUNNING = "running.json"


@dataclass(frozen=True)
class Ports:
    """The API's port, and the others: the console's is the next one, the media server's the one after."""

    api: int
    text_model: int
    media_model: int

    @property
    def console(self) -> int:
        return self.api + 1

    @property
    def media(self) -> int:
        return self.api + 2

    def options(self) -> Options:
        return Options(
            public=origin(self.api),
            media=origin(self.media),
            text_model=origin(self.text_model),
            media_model=origin(self.media_model),
            subscriptions=SUBSCRIPTIONS,
        )


def origin(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def add_home_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", type=Path, metavar="DIR", help="where data lives (default: $VOLARY_HOME or .volary)")


def home_folder(args: argparse.Namespace) -> Path:
    chosen: Path | None = args.home
    return chosen or Path(os.environ.get("VOLARY_HOME") or ".volary")


def api_port(chosen: int | None) -> int:
    """Raises Invalid for what is no port, with two more above it."""
    given = str(chosen) if chosen is not None else os.environ.get("VOLARY_PORT") or str(DEFAULT_PORT)
    if not given.isdecimal() or not 1024 <= int(given) <= 65533:
        raise Invalid(f"the port {given!r} is not a number from 1024 to 65533", param="port")
    return int(given)


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
        return port


def remember_ports(folder: Path, ports: Ports) -> None:
    """Leave word for commands that come later; the supervisor's lock, not this file, says whether it runs."""
    (folder / RUNNING).write_text(json.dumps(asdict(ports)))


def last_ports(folder: Path) -> Ports:
    """The ports that the home last ran on; those of the environment where it never ran."""
    try:
        return Ports(**json.loads((folder / RUNNING).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        port = api_port(None)
        return Ports(port, port + 3, port + 4)


def opened(args: argparse.Namespace) -> Home:
    """The home that a command works on, as `volary up` last ran it; raises Absent where there is none."""
    folder = home_folder(args)
    if not (folder / "volary.sqlite").exists():
        raise Absent(f"there is no home in {folder}: start one with volary up, or name another with --home")
    return opened_or_made(args)


def opened_or_made(args: argparse.Namespace) -> Home:
    folder = home_folder(args)
    return open_home(folder, last_ports(folder).options())
