"""`volary status`: what runs, what waits and what was given up in the embedded home."""

import argparse
import json
from typing import Any

from volary.embedded import Home
from volary.embedded.models import ModelServer

from local.homes import add_home_option, last_ports, opened, origin


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("status", help="show what runs, what waits and what was given up")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--redrive", action="store_true", help="give events that were given up five more tries")
    add_home_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    home = opened(args)
    redriven = home.bus.redrive() if args.redrive else 0
    found = {**status(home), "redriven": redriven}
    print(json.dumps(found) if args.json else shown(found))
    return 0


def status(home: Home) -> dict[str, Any]:
    """Facts of the home as JSON values."""
    from local.supervisor import answers

    ports = last_ports(home.folder)
    return {
        "home": str(home.folder),
        "address": origin(ports.api),
        "answers": {
            "api": answers(ports.api),
            "console": answers(ports.console),
            "media": answers(ports.media),
            "text_model": ModelServer(origin(ports.text_model)).is_alive(1),
            "media_model": ModelServer(origin(ports.media_model)).is_alive(1),
        },
        "workflows": home.workflows.counts(),
        "model_calls": home.models.calls.counts(),
        "dead_letters": [
            {"event_id": each.event_id, "type": each.event.get("type"), "handler": each.handler, "error": each.error}
            for each in home.bus.dead_letters()
        ],
    }


def shown(found: dict[str, Any]) -> str:
    """The same facts for people."""
    answering = ", ".join(f"{name} {'answers' if up else 'is away'}" for name, up in found["answers"].items())
    lines = [
        f"{found['home']} at {found['address']}: {answering}",
        f"workflows: {_counted(found['workflows'])}",
        f"model calls: {_counted(found['model_calls'])}",
        f"events given up: {len(found['dead_letters'])}",
    ]
    lines += [f"  {each['type']} for {each['handler']}: {each['error']}" for each in found["dead_letters"]]
    return "\n".join(lines)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name.lower()}" for name, number in sorted(counts.items())) or "none"
