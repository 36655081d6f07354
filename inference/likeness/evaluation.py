"""Measures likeness checks on the evaluation data: who is told apart, who enrols, and whose face is found in clips.

`python -m inference.likeness.evaluation likeness DATA` with the media folder; `faces PAIRS` and `voices PAIRS` with
rows `{"a","b","same"}`; `rhythm DATA` and `splices DATA` with sound alone. It prints JSON lines and chooses no
threshold.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from inference.likeness.capture import CaptureChecks
from inference.likeness.enrolments import ATTACKS, Studio, enrolments
from inference.likeness.faces import Faces, distance
from inference.likeness.overheard import overheard
from inference.likeness.readings import readings, splices
from inference.likeness.sightings import sightings
from inference.likeness.verification import (
    Pair,
    as_row,
    asked_pairs,
    face_pairs,
    faces_of,
    told_faces,
    told_voices,
    voice_pairs,
    voices_of,
)
from inference.likeness.voices import Voices, likeness
from inference.rates import wilson
from inference.safety.evaluation import data_hash

WEIGHTS = Path(__file__).parents[1] / "weights"
LATE = "a late challenge never reaches these checks: `volary.enrolment.confirmed` refuses it, and tests/domain hold it"


def main(arguments: Sequence[str]) -> int:
    """Raises ValueError or OSError for data that is not there."""
    chosen = _parser().parse_args(arguments)
    kinds = {
        "likeness": _likeness, "faces": _faces, "voices": _voices, "enrolments": _summed, "rhythm": _rhythm,
        "splices": _splices,
    }  # fmt: skip
    for line in kinds[chosen.what](chosen):
        _say(line)
    return 0


def summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line a kind: how many were enrolled of how many staged, and which checks stopped the others."""
    kinds = sorted({row["kind"] for row in rows}, key=lambda kind: (kind != "genuine", kind))
    return [_counted(kind, [row for row in rows if row["kind"] == kind]) for kind in kinds]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="inference.likeness.evaluation", description=__doc__)
    parser.add_argument("what", choices=["likeness", "faces", "voices", "enrolments", "rhythm", "splices"])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--people", type=int, default=200, help="genuine captures to stage")
    parser.add_argument("--attempts", type=int, default=20, help="captures of every kind of attack")
    parser.add_argument("--attacks", nargs="+", choices=ATTACKS, default=list(ATTACKS), help="all, if not given")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--rows", type=Path, help="write one verdict a line to this file, as they come")
    parser.add_argument("--staged-only", action="store_true", help="only captures, not pairs and planted faces")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    return parser


def _likeness(chosen: argparse.Namespace) -> Iterable[dict[str, Any]]:
    """Verification first, then sightings, then enrolments, which take long and go on where `--rows` ends."""
    data, checks = chosen.paths[0], CaptureChecks.load(chosen.weights)
    if not chosen.staged_only:
        yield from verification(data, checks.faces, checks.listener.voices)
        yield from sightings(data, checks.faces, np.random.default_rng(chosen.seed))
        yield from overheard(data, checks.listener.voices, np.random.default_rng(chosen.seed))
    yield from _enrolments(data, checks, chosen)
    yield {"late_challenge": LATE}


def _enrolments(data: Path, checks: CaptureChecks, chosen: argparse.Namespace) -> Iterable[dict[str, Any]]:
    left = _rows(chosen.rows) if chosen.rows and chosen.rows.exists() else []
    rows = [row for row in left if row.get("seed") == chosen.seed]
    studio = Studio(data, checks, np.random.default_rng(chosen.seed))
    before = {(row["kind"], row["number"]) for row in rows}
    asked = {"genuine": chosen.people} | dict.fromkeys(chosen.attacks, chosen.attempts)
    for row in enrolments(studio, asked, chosen.seed, before):
        rows.append(row)
        _kept(chosen.rows, [row], "a")
    yield from summary(rows)


def verification(data: Path, faces: Faces, voices: Voices) -> Iterable[dict[str, Any]]:
    """Rates on the pairs that the data's identities make."""
    orl = sorted((data / "faces" / "orl").glob("*.png"))
    known = sorted((data / "faces" / "public_figures").glob("*.jpg"))
    spoken = sorted((data / "voices").glob("*.flac"))
    by_number = face_pairs(faces_of(orl, faces), lambda name: name.split("_")[0])
    yield {"what": "faces", "set": "orl", "files": len(orl), **asdict(told_faces(by_number))}
    by_name = face_pairs(faces_of(known, faces), lambda name: name.rsplit("_", 1)[0])
    yield {"what": "faces", "set": "public_figures", "files": len(known), **asdict(told_faces(by_name))}
    by_speaker = voice_pairs(voices_of(spoken, voices), lambda name: name.split("-")[0])
    yield {"what": "voices", "set": "voices", "files": len(spoken), **asdict(told_voices(by_speaker))}
    yield {"data_sha256": data_hash([*orl, *known, *spoken])}


def _faces(chosen: argparse.Namespace) -> Iterable[dict[str, Any]]:
    faces = Faces(chosen.weights)
    pairs = asked_pairs(chosen.paths[0], lambda paths: faces_of(paths, faces), lambda one, other: -distance(one, other))
    return _told(chosen, pairs, asdict(told_faces(pairs)))


def _voices(chosen: argparse.Namespace) -> Iterable[dict[str, Any]]:
    voices = Voices(chosen.weights / "likeness")
    pairs = asked_pairs(chosen.paths[0], lambda paths: voices_of(paths, voices), likeness)
    return _told(chosen, pairs, asdict(told_voices(pairs)))


def _told(chosen: argparse.Namespace, pairs: Sequence[Pair], found: dict[str, Any]) -> Iterable[dict[str, Any]]:
    _kept(chosen.rows, map(as_row, pairs), "w")
    return [{"what": chosen.what, **found}, {"rows": len(pairs), "data_sha256": data_hash(chosen.paths[:1])}]


def _rhythm(chosen: argparse.Namespace) -> Iterable[dict[str, Any]]:
    """`--people` readings for the challenge and as many timed for another."""
    studio = Studio(chosen.paths[0], CaptureChecks.load(chosen.weights), np.random.default_rng(chosen.seed))
    return readings(studio, chosen.people, chosen.seed)


def _splices(chosen: argparse.Namespace) -> Iterable[dict[str, Any]]:
    """`--people` strings of digits by one voice, and as many by two for each place of the splice."""
    studio = Studio(chosen.paths[0], CaptureChecks.load(chosen.weights), np.random.default_rng(chosen.seed))
    return splices(studio, chosen.people, chosen.seed)


def _summed(chosen: argparse.Namespace) -> Iterable[dict[str, Any]]:
    """Adds up the rows that several runs of `likeness` left."""
    return summary([row for path in chosen.paths for row in _rows(path)])


def _counted(kind: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    enrolled = sum(row["enrolled"] for row in rows)
    stopped: dict[str, int] = {}
    for check in (check for row in rows for check in row["stopped_by"]):
        stopped[check] = stopped.get(check, 0) + 1
    seconds = [sum(row["timings"].values()) for row in rows]
    return {
        "what": "enrolments",
        "kind": kind,
        "enrolled": asdict(wilson(enrolled, len(rows))),
        "stopped_by": dict(sorted(stopped.items(), key=lambda pair: -pair[1])),
        "median_seconds": round(float(np.median(seconds)), 2),
    }


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _kept(path: Path | None, rows: Iterable[dict[str, Any]], mode: str) -> None:
    if path:
        with path.open(mode, encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
