"""`volary transparency`: check the home's public log, and prove that an action is in it."""

import argparse
import base64
import json
from collections.abc import Sequence
from pathlib import Path

from volary.embedded import Home
from volary.errors import Absent, Invalid
from volary.merkle import consistency, inclusion, leaf_hash
from volary.stores.transparency import Transparency
from volary.transparency import KEY, commitment, origin_of, verifier_key

from local.homes import add_home_option, opened
from local.transparency_verifier import Tampered, keep, last_seen, verify
from local.transparency_verifier import opened as opened_note


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("transparency", help="check the public log of moderation and consent")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    checking = actions.add_parser("verify", help="check every entry, tile and kept detail against the signed head")
    checking.add_argument(
        "--witness", type=Path, metavar="DIR", help="where earlier looks are kept (default: the home)"
    )
    checking.set_defaults(run=check)
    proving = actions.add_parser("prove", help="print a proof that an action is in the log")
    proving.add_argument("act_id", metavar="ID")
    proving.add_argument("--since", type=Path, metavar="FILE", help="an earlier checkpoint that the log must continue")
    proving.set_defaults(run=prove)
    for each in (checking, proving):
        each.add_argument("--json", action="store_true", help="print JSON")
        add_home_option(each)


def check(args: argparse.Namespace) -> int:
    home = opened(args)
    witness = args.witness or home.folder / "transparency-witness"
    store = Transparency(home.items)
    if not store.published().note:
        print(json.dumps({"size": 0, "ok": True}) if args.json else "the log is empty")
        return 0
    try:
        head, seen = verify(source(home), key_of(home), last_seen(witness))
        erased = _check_records(store, head.size)
    except (Tampered, ValueError) as problem:
        index = problem.index if isinstance(problem, Tampered) else None
        print(
            json.dumps({"ok": False, "index": index, "problem": str(problem)}) if args.json else f"TAMPERED {problem}"
        )
        return 1
    keep(seen, witness)
    told = {"ok": True, "origin": head.origin, "size": head.size, "root": head.root.hex(), "erased": erased}
    said = f"{head.size} entries hold; the details of {erased} were erased"
    print(json.dumps(told) if args.json else said)
    return 0


def prove(args: argparse.Namespace) -> int:
    print(json.dumps(proof(opened(args), args.act_id, args.since), indent=None if args.json else 1))
    return 0


def proof(home: Home, act_id: str, since: Path | None = None) -> dict[str, object]:
    """Raises Absent for an action that the published log does not hold."""
    store = Transparency(home.items)
    published, index = store.published(), store.place(act_id)
    if index >= published.size:
        raise Absent(f"the entry {act_id} waits for the next signed head")
    entries = store.entries(0, published.size)
    hashes = [leaf_hash(entry.encode()) for entry in entries]
    opening = store.opening(act_id)
    told: dict[str, object] = {
        "id": act_id,
        "index": index,
        "entry": entries[index],
        "inclusion": _encoded(inclusion(index, hashes)),
        "checkpoint": published.note,
        "key": key_of(home),
        "opening": opening.model_dump(include={"salt", "details"}) if opening else None,
    }
    if since:
        told["earlier"] = _earlier(since.read_text(), hashes, key_of(home))
    return told


def key_of(home: Home) -> str:
    public_key = home.keys.public_key(KEY)
    return verifier_key(origin_of(public_key), public_key)


def source(home: Home):  # type: ignore[no-untyped-def] # Read is a type of the verifier's, which stands alone
    """How the verifier reads this home's own files."""

    def read(path: str) -> bytes:
        if path == "checkpoint":
            return Transparency(home.items).published().note.encode()
        try:
            return home.blobs.get("videos", f"transparency/{path}")
        except Absent as missing:
            raise FileNotFoundError(path) from missing

    return read


def _check_records(store: Transparency, size: int) -> int:
    """The stored entries and the kept details are those of the log; returns how many details were erased."""
    erased = 0
    for index, text in enumerate(store.entries(0, size)):
        entry = json.loads(text)
        opening = store.opening(entry["id"])
        if store.place(entry["id"]) != index:
            raise Tampered("the home's own record names another place", index)
        if opening is None:
            erased += 1
        elif commitment(opening.salt, opening.details) != entry["commitment"]:
            raise Tampered("the kept details are not those that were committed to", index)
    return erased


def _earlier(note: str, hashes: Sequence[bytes], key: str) -> dict[str, object]:
    try:
        old = opened_note(note, key)
        return {"checkpoint": note, "consistency": _encoded(consistency(old.size, hashes))}
    except (ValueError, IndexError) as problem:
        raise Invalid(f"the earlier checkpoint is not one of this log: {problem}") from problem


def _encoded(steps: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(step).decode() for step in steps]
