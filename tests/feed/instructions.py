"""The project's own instructions with what they are meant to compile to, as rows of `volary eval steering`.

`python -m tests.feed.instructions PART` prints one of the PARTS as JSON lines.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
DEVELOPED = ("dev", "dev_more", "dev_third")
HELD_OUT = (
    "heldout",
    "heldout_third",
    "heldout_fourth",
    "heldout_fifth",
    "heldout_sixth",
    "heldout_seventh",
    "heldout_eighth",
    "heldout_ninth",
    "heldout_tenth",
    "heldout_eleventh",
    "heldout_twelfth",
    "heldout_thirteenth",
    "heldout_fourteenth",
)
PARTS = (*DEVELOPED, *HELD_OUT)
CLAUSE = re.compile(r'(\w+) (".*?"|\S+) (\S+) (\S+)$')
KINDS = {"reset", "undo", "query", "noop", "reject"}


def rows(part: str) -> list[dict[str, Any]]:
    """Of one of the PARTS."""
    lines = (FOLDER / f"instructions_{part}.tsv").read_text("utf-8").splitlines()
    kept = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [_row(f"{part}{number:03}", *fields) for number, fields in enumerate(kept)]


def _row(row_id: str, lang: str, text: str, said: str, tags: str = "") -> dict[str, Any]:
    clauses = [_clause(each) for each in said.split("; ")]
    kind = clauses[0]["op"] if clauses[0]["op"] in KINDS else "steer"
    return {"id": row_id, "lang": lang, "text": text, "tags": [each for each in tags.split(",") if each],
            "expect": {"kind": kind, "clauses": clauses}}  # fmt: skip


def _clause(said: str) -> dict[str, Any]:
    found = CLAUSE.match(said)
    assert found, said
    targets = [] if found[2] == "-" else [each.strip('"') for each in found[2].split("+")]
    return {"op": found[1], "targets": targets, "strength": found[3], "scope": found[4]}


if __name__ == "__main__":
    for row in rows(sys.argv[1]):
        print(json.dumps(row, ensure_ascii=False))
