"""`volary device`: this machine as the device that holds a person's half of their likeness' key, for any home.

A home on this machine needs no more than who you are (--as); a distant one its address (--server) and a token. What
others wrote is shown without anything that a terminal would obey.
"""

import argparse
import getpass
import json
import os
import sys
from pathlib import Path
from typing import Any

from volary.errors import Absent, Conflict, Forbidden, Invalid, Unauthenticated

from local import capturing, devices
from local.capturing import Terms, Wish
from local.devices import DeviceKey, key_path, keys_folder
from local.homes import add_home_option, last_ports, opened, origin
from local.people import DEMO, token_for
from local.remote import Remote

LOST = (
    "Nobody can bring a lost key back, and no clip with you can be made without it. If you have a copy of the file, put"
    " it there. Otherwise run volary device enrol --renew: your face and voice are compared with the capture that there"
    " is, and once the new one is accepted the old one is erased, with all that was made with it."
)
KEPT = ("active", "withdrawn")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("device", help="hold your half of your likeness' key on this machine")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    enrolling = actions.add_parser("enrol", help="enrol your face and voice; the key stays here unless you choose else")
    enrolling.add_argument("capture", type=Path, metavar="FILE", help="where the recording will be, .mp4 or .webm")
    enrolling.add_argument("--custody", choices=["device", "server"], default="device", help="who holds the key")
    enrolling.add_argument("--language", choices=["en", "fr"], default="en")
    enrolling.add_argument("--record", metavar="COMMAND", help="films you, {file} stands for FILE (else you do it)")
    enrolling.add_argument("--renew", action="store_true", help="replace the likeness that you have")
    enrolling.add_argument("--passphrase", action="store_true", help="lock a fresh key with a passphrase")
    enrolling.set_defaults(run=enrol)
    actions.add_parser("status", help="your likeness, and whether this device opens its half").set_defaults(run=status)
    actions.add_parser("waiting", help="who asks for you, and for what").set_defaults(run=waiting)
    releasing = actions.add_parser("release", help="let one clip be made, or be asked about each that waits")
    releasing.add_argument("video", nargs="?", metavar="VIDEO")
    releasing.set_defaults(run=release)
    refusing = actions.add_parser("refuse", help="end a clip that waits for you at once")
    refusing.add_argument("video", metavar="VIDEO")
    refusing.set_defaults(run=refuse)
    actions.add_parser("erase", help="have everything of your likeness destroyed").set_defaults(run=erase)
    for name, each in actions.choices.items():
        if name in ("enrol", "release", "erase"):
            each.add_argument("--yes", action="store_true", help="agree without being asked")
        _add_options(each)


def enrol(args: argparse.Namespace) -> int:
    """The person reads the terms, then has a minute for the challenge. Status 1 where the capture was refused."""
    wish = Wish(args.capture, args.custody, args.language, args.renew, args.record)
    remote = reached(args)
    key = None
    if wish.custody == "device":
        key = _made(args, remote)
    begun = capturing.challenged(wish, key.public if key else None, remote, lambda terms: _agrees(terms, args))
    print(begun["instructions"], file=sys.stderr, flush=True)
    capturing.recorded(wish, lambda: _wait(f"Record it into {wish.capture} now, then press Enter."))
    capturing.sent(wish, begun, remote)
    found = capturing.decided(begun["id"], remote)
    opens = key is not None and found["state"] == "active" and _opens(key, found)
    _tell(args, {"id": found["id"], "state": found["state"], "key": str(key.path) if key else None, "opens": opens},
          [*_enrolled(found, key), *_beside(args, key)])  # fmt: skip
    return 1 if found["state"] == "refused" else 0


def status(args: argparse.Namespace) -> int:
    """Status 1 where a clip with this person could not be released from here."""
    remote = reached(args)
    found = _latest(remote)
    if found["custody"] == "server" or found["state"] != "active":
        _tell(args, {"id": found["id"], "state": found["state"], "custody": found["custody"]}, _said(found))
        return 0
    whole = remote.get(f"/likenesses/{found['id']}")
    problem = _problem(args, remote, whole)
    told = {"id": found["id"], "state": found["state"], "custody": "device", "opens": problem is None}
    here = f"{_path(args, remote)} opens its half of the key; keep a copy of that file in a safe place"
    _tell(args, told, [*_said(found), *([problem, LOST] if problem else [here])])
    return int(problem is not None)


def waiting(args: argparse.Namespace) -> int:
    remote = reached(args)
    found = requests(remote, _held(remote)["id"])
    lines = [line for each in found for line in shown(each)] or ["nothing waits for you"]
    _tell(args, {"requests": found}, lines)
    return 0


def release(args: argparse.Namespace) -> int:
    """Each release is for one clip. Status 1 where one was named and not released."""
    if args.yes and not args.video:
        raise Invalid("--yes needs the one clip that you mean: volary device release VIDEO --yes")
    remote = reached(args)
    likeness = _held(remote)
    found = _named(requests(remote, likeness["id"]), args.video)
    released: list[str] = []
    for each in found:
        print("\n".join(shown(each)), file=sys.stderr, flush=True)
        if args.yes or _says_yes("Let this one clip be made?"):
            key = devices.opened(_path(args, remote), _passphrase(args))
            half = key.half(likeness["device_box"], likeness["id"])
            remote.post(f"/likenesses/{likeness['id']}/releases", {"video_id": each["video_id"], "key": half})
            released.append(each["video_id"])
    lines = [f"{each['video_id']}: {'released' if each['video_id'] in released else 'not released'}" for each in found]
    _tell(args, {"released": released}, lines or ["nothing waits for you"])
    return int(bool(args.video) and not released)


def refuse(args: argparse.Namespace) -> int:
    """Withdraws from this one clip, which ends its job; its maker gets their credits back."""
    remote = reached(args)
    likeness = _held(remote)
    (asked,) = _named(requests(remote, likeness["id"]), args.video)
    remote.post(f"/likenesses/{likeness['id']}/revoke", {"scope": "clip", "value": asked["video_id"]})
    _tell(args, {"refused": asked["video_id"]}, [f"{asked['video_id']}: refused; @{asked['asked_by']} is told"])
    return 0


def erase(args: argparse.Namespace) -> int:
    remote = reached(args)
    found = _latest(remote)
    question = f"Erase {found['id']}? All that was made with it is taken down, and its key is destroyed for good."
    if not (args.yes or _says_yes(question)):
        raise Conflict(f"{found['id']} was not erased")
    remote.delete(f"/likenesses/{found['id']}")
    _tell(
        args, {"erased": found["id"]}, [f"{found['id']} is erased; GET /v1/likenesses/{found['id']}/receipts proves it"]
    )
    return 0


def reached(args: argparse.Namespace) -> Remote:
    """The home that is meant, as the person who is meant. Raises Unauthenticated for a distant one without a token."""
    if not args.server:
        home = opened(args)
        return Remote.at(origin(last_ports(home.folder).api), token_for(home, args.handle))
    token = args.token_file.read_text() if args.token_file else os.environ.get("VOLARY_TOKEN", "")
    if not token.strip():
        raise Unauthenticated(f"{args.server} wants a token: --token-file FILE, or $VOLARY_TOKEN")
    return Remote.at(args.server, token.strip())


def requests(remote: Remote, likeness_id: str) -> list[dict[str, Any]]:
    """All that waits for this person's device, the latest first."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 100}
    while True:
        page = remote.get(f"/likenesses/{likeness_id}/requests", **query)
        found += page["data"]
        if not page["next"]:
            return found
        query["after"] = page["next"]


def shown(asked: dict[str, Any]) -> list[str]:
    """One request for people: who asks comes first, in words that are not theirs."""
    who = "you ask" if asked["is_mine"] else f"@{asked['asked_by']} asks"
    made_from = f", made from {asked['made_from']}" if asked["made_from"] else ""
    others = f", with {asked['others']} more in it" if asked["others"] else ""
    style = f", {asked['style']}" if asked["style"] else ""
    facts = f"{asked['seconds']} s{style}, {asked['purpose']}, {asked['visibility']}{made_from}{others}"
    return [plain(line) for line in (f"{asked['video_id']}: {who} for a clip of you ({facts})", f"  {asked['prompt']}")]


def plain(text: str) -> str:
    """Without what would move a terminal's cursor, colour it or turn its writing round."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--server", metavar="URL", help="a home elsewhere, https://HOST")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="your token there (default: $VOLARY_TOKEN)")
    parser.add_argument("--as", dest="handle", default=next(iter(DEMO)), metavar="HANDLE", help="who you are at home")
    parser.add_argument("--keys", type=Path, metavar="DIR", help="where keys lie (default: ~/.config/volary/keys)")
    parser.add_argument("--passphrase-file", type=Path, metavar="FILE", help="holds the passphrase of the key")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_home_option(parser)


def _made(args: argparse.Namespace, remote: Remote) -> DeviceKey:
    path, locked = _path(args, remote), args.passphrase or bool(args.passphrase_file)
    asked = _passphrase(args) if path.exists() or not locked else _chosen(args)
    return devices.made(path, asked, locked=locked)


def _path(args: argparse.Namespace, remote: Remote) -> Path:
    return key_path(keys_folder(args.keys), remote.name, remote.get("/me")["id"])


def _latest(remote: Remote) -> dict[str, Any]:
    """The likeness that stands or is withdrawn, else the newest try; Absent where there was none."""
    found = remote.get("/likenesses", limit=100)["data"]
    standing = [each for each in found if each["state"] in KEPT]
    if not found:
        raise Absent("you are not enrolled here: volary device enrol FILE")
    latest: dict[str, Any] = (standing or found)[0]
    return latest


def _held(remote: Remote) -> dict[str, Any]:
    """The person's active likeness, half of whose key a device holds; Conflict where there is none such."""
    found = _latest(remote)
    if found["state"] != "active":
        raise Conflict(f"{found['id']} is {found['state']}: nothing waits for this device")
    if found["custody"] == "server":
        raise Conflict(f"the home holds the whole key of {found['id']}: nothing waits for this device")
    return remote.get(f"/likenesses/{found['id']}")


def _named(found: list[dict[str, Any]], video: str | None) -> list[dict[str, Any]]:
    chosen = [each for each in found if video in (None, each["video_id"])]
    if video and not chosen:
        raise Absent(f"{video} does not wait for you: volary device waiting lists what does")
    return chosen


def _opens(key: DeviceKey, found: dict[str, Any]) -> bool:
    try:
        return bool(key.half(found["device_box"] or "", found["id"]))
    except Forbidden:
        return False


def _problem(args: argparse.Namespace, remote: Remote, found: dict[str, Any]) -> str | None:
    """Why a half cannot be released from here, or None."""
    try:
        key = devices.opened(_path(args, remote), _passphrase(args))
        key.half(found["device_box"], found["id"])
    except (Absent, Forbidden) as problem:
        return problem.message
    return None


def _enrolled(found: dict[str, Any], key: DeviceKey | None) -> list[str]:
    lines = _said(found)
    if found["state"] == "active" and key:
        if not _opens(key, found):
            return [*lines, f"{key.path} does not open what the home sealed for it: erase the likeness and enrol again"]
        return [*lines, f"this device's key is {key.path}: keep a copy in a safe place, and run",
                "volary device release when somebody asks for a clip of you; without that none is made"]  # fmt: skip
    return lines


def _beside(args: argparse.Namespace, key: DeviceKey | None) -> list[str]:
    """What a home on this very machine means for a key that nothing locks."""
    if args.server or key is None or b"ENCRYPTED" in key.path.read_bytes():
        return []
    return ["this home is on the same machine: whoever takes it over has both halves, unless the key has a passphrase"]


def _said(found: dict[str, Any]) -> list[str]:
    """A likeness for people, with what to do better where it was refused."""
    lines = [f"{found['id']} is {found['state']}, custody {found['custody']}"]
    if found["state"] == "review":
        lines.append("a person looks at your capture; volary device status says what they decide")
    missed = [each for each in found["findings"] if each["outcome"] not in ("pass", "review")]
    if found["state"] == "refused":
        lines += [plain(f"  {each['check']}: {each['reason']}. {each['advice']}".rstrip()) for each in missed]
    return lines


def _agrees(terms: Terms, args: argparse.Namespace) -> bool:
    print(f"{plain(terms.custody)}\n\n{plain(terms.consent)}\n", file=sys.stderr, flush=True)
    return args.yes or _says_yes("Do you agree, and are you ready to be filmed for twelve seconds?")


def _says_yes(question: str) -> bool:
    """Anything but a plain yes is a no, also when nobody is there to ask."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes", "o", "oui")


def _wait(told: str) -> None:
    print(told, file=sys.stderr, flush=True)
    sys.stdin.readline()


def _passphrase(args: argparse.Namespace) -> devices.Passphrase:
    def asked() -> str:
        if args.passphrase_file:
            given: str = args.passphrase_file.read_text().rstrip("\r\n")
        elif sys.stdin.isatty():
            given = getpass.getpass("Passphrase of this device's key: ")
        else:
            raise Forbidden("this device's key is locked and nobody is here to ask: --passphrase-file FILE")
        if not given:
            raise Invalid("an empty passphrase locks nothing")
        return given

    return asked


def _chosen(args: argparse.Namespace) -> devices.Passphrase:
    """A passphrase for a fresh key, typed twice and asked for once: a slip would lock the key for ever."""
    given = _passphrase(args)()
    if not args.passphrase_file and getpass.getpass("Again: ") != given:
        raise Invalid("the two passphrases are not the same: no key was made")
    return lambda: given


def _tell(args: argparse.Namespace, told: dict[str, Any], lines: list[str]) -> None:
    print(json.dumps(told) if args.json else "\n".join(lines))
