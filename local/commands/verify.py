"""`volary verify`: what a file says of its origin, and whether its witnesses agree.

The status is 0 when they agree, 1 when they contradict each other, 3 when the file says nothing that this home
could confirm. Without a home only the manifest speaks, and who signed it is unknown.
"""

import argparse
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cryptography import x509
from volary.certificates import anchor
from volary.embedded import Home
from volary.errors import Invalid
from volary.likeness import Standing
from volary.stores.likenesses import standing_of
from volary.stores.videos import Videos

from events.inference import MarkReading
from local import witnesses
from local.homes import add_home_option, home_folder, opened
from local.verification import Manifest, Mark, Record, Report, Witnesses, verify

AGREES, CONTRADICTS, UNKNOWN = 0, 1, 3
STATUS = {"agrees": AGREES, "contradicts": CONTRADICTS, "unknown": UNKNOWN}
NO_HOME = "there is no home here, and so no key to look for a mark with"


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("verify", help="say what a file tells of its origin, and whether that agrees")
    parser.add_argument("file", type=Path, metavar="FILE", help="a clip or a picture")
    parser.add_argument("--anchors", type=Path, metavar="PEM", help="certificates to trust instead of this home's")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_home_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    has_home = (home_folder(args) / "volary.sqlite").exists()
    home = opened(args) if has_home else None
    report = verify(args.file, asked(home, args.anchors))
    print(report.model_dump_json(indent=2) if args.json else shown(report))
    return STATUS[report.agreement]


def asked(home: Home | None, anchors: Path | None) -> Witnesses:
    """The witnesses of a home, or of none."""
    return Witnesses(
        manifest=partial(witnesses.manifest, anchors=_trusted(home, anchors)),
        mark=partial(witnesses.mark, key=home.keys.secret("mark")) if home else _no_mark,
        videos=Videos(home.items) if home else None,
        standing=lambda video: standing_of([video], home.services) if home else Standing(),
    )


def _trusted(home: Home | None, anchors: Path | None) -> str:
    if anchors is None:
        return anchor(home.keys.certificates("c2pa")) if home else ""
    pem = anchors.read_bytes()
    try:
        x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise Invalid(f"{anchors} holds no PEM certificates: {error}") from error
    return pem.decode()


def _no_mark(path: Path) -> MarkReading:
    raise ValueError(NO_HOME)


def shown(report: Report) -> str:
    """The report for people, a line for each witness."""
    lines = {
        "File": f"{report.file}, {report.size_bytes:,} bytes, SHA-256 {report.sha256[:16]}…",
        "Manifest": _manifest(report.manifest),
        "Watermark": _mark(report.watermark),
        "Fingerprint": "none kept by this home yet",
        "Record": _record(report.record),
        "Consent": _consent(report),
        "Agreement": _agreement(report),
    }
    return "\n".join(f"{name:<12} {text}" for name, text in lines.items())


def _manifest(manifest: Manifest) -> str:
    match manifest.state:
        case "none":
            return "none"
        case "invalid":
            return f"INVALID: {', '.join(manifest.failures)}"
    who = f"signed by {manifest.signed_by or 'nobody named'}"
    known = "trusted" if manifest.state == "trusted" else "intact, but the signer is not trusted here"
    what = f"{', '.join(manifest.actions) or 'no actions'} ({', '.join(manifest.source_types) or 'source not named'})"
    made = f"; made from {', '.join(manifest.made_from)}" if manifest.made_from else ""
    return f"{known}, {who}: {what}{made}"


def _mark(mark: Mark) -> str:
    if mark.problem:
        return f"not looked for: {mark.problem}"
    if mark.payload is None and mark.sound_payload is None:
        return "none found"
    sound = f", in the sound {mark.sound_payload}" if mark.sound_payload else ", none in the sound"
    chance = f"p = {mark.p_value:.1e}" if mark.p_value else "p < 1e-300"  # smaller than a float can say
    return f"{mark.payload or 'none in the picture'} ({chance}){sound}"


def _record(record: Record | None) -> str:
    if record is None:
        return "none in this home"
    made = datetime.fromtimestamp(record.created_at, UTC).strftime("%Y-%m-%d")
    state = "deleted" if record.deleted else record.status
    same = {True: "byte for byte the published file", False: "not the published bytes", None: "never signed"}
    return f"{record.video_id}, {state}, asked for on {made}, found by its {record.found_by}; {same[record.same_bytes]}"


def _consent(report: Report) -> str:
    stated = "no person's consent is stated" if report.consent.stated is None else f"stated: {report.consent.stated}"
    standing = {
        "stands": "the clip stands",
        "withdrawn": "the clip is withdrawn or was never published",
        "unknown": "whether the clip still stands is not known here",
    }
    return f"{stated}; {standing[report.consent.standing]}"


def _agreement(report: Report) -> str:
    match report.agreement:
        case "contradicts":
            return "NO: " + "; ".join(report.contradictions)
        case "unknown":
            return "nothing here that this home can confirm"
    return "all that was found agrees"
