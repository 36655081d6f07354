"""`volary eval steering`: what instructions compile to, beside what they were meant to, with a keyword rule as peer.

A clause counts when operation and targets are right (`exact` asks for strength and scope, too); direction asks
whether each instruction's operations are right, whatever they are about.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from volary.errors import Invalid
from volary.steering import Ask, Clause, compile_text
from volary.steering.compiler import topics_of_words

Clauses = list[tuple[str, tuple[str, ...], str, str]]
UP, DOWN = frozenset({"more", "only", "keep", "unblock", "facet"}), frozenset({"less", "block"})


@dataclass(frozen=True)
class Row:
    """One instruction, what was meant and what was read."""

    id: str
    lang: str
    text: str
    tags: tuple[str, ...]
    kind: str
    meant: Clauses
    read_kind: str
    read: Clauses

    @property
    def is_exact(self) -> bool:
        return self.kind == self.read_kind and sorted(self.meant) == sorted(self.read)

    @property
    def is_directed(self) -> bool:
        """Same kind, and for every target the same way: up, down, or neither."""
        if self.kind != self.read_kind:
            return False
        meant, read = (sorted(_way(op, targets) for op, targets, _, _ in each) for each in (self.meant, self.read))
        return meant == read


def _way(op: str, targets: Sequence[str] = ()) -> str:
    if op == "facet" and any(target.endswith("_less") for target in targets):
        return "down"
    return "up" if op in UP else "down" if op in DOWN else op


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSON-lines file; raises Invalid, naming the line, for what is none."""
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            found.append(
                {"id": row["id"], "lang": row["lang"], "text": row["text"], "tags": row.get("tags", []), **row}
            )
        except (ValueError, KeyError, TypeError) as problem:
            raise Invalid(f"{path}:{number} is not a row of instructions: {problem}") from problem
    return found


def read_rows(rows: Iterable[dict[str, Any]], ask: Ask) -> Iterable[tuple[Row, float]]:
    """Each row compiled, with the seconds that it took."""
    for row in rows:
        started = time.perf_counter()
        said = compile_text(row["text"], ask, row["lang"])
        spent = time.perf_counter() - started
        expected = row.get("expect", {"kind": "", "clauses": []})
        meant = [(c["op"], _named(c["targets"]), c["strength"], c["scope"]) for c in expected["clauses"]]
        clauses = [(c.op, _labelled(c, meant, ask), c.strength, c.scope) for c in said.clauses]
        yield (
            Row(row["id"], row["lang"], row["text"], tuple(row["tags"]), expected["kind"], meant, said.kind, clauses),
            spent,
        )


def _labelled(clause: Clause, meant: Clauses, ask: Ask) -> tuple[str, ...]:
    """The targets of a clause as labels. "No music but the piano" keeps the piano by its own words, which rows call
    either by them or by the topic: where a row does the latter, so does this."""
    said = _named(clause.labels)
    if clause.op in ("keep", "block") and (clause.op, said) not in [(op, targets) for op, targets, _, _ in meant]:
        under = _named(label for words in clause.labels for label in topics_of_words(words, ask))
        if (clause.op, under) in [(op, targets) for op, targets, _, _ in meant]:
            return under
    return said


def _named(targets: Iterable[str]) -> tuple[str, ...]:
    """Targets in an order of their own, without the case of their letters: "Zendaya" and "zendaya" are one person."""
    return tuple(sorted(target.casefold() for target in targets))


def keyword_rule(row: dict[str, Any]) -> list[str]:
    """The peer: words that sound negative turn a text down, all others up."""
    down = {
        "less",
        "fewer",
        "no",
        "not",
        "don't",
        "never",
        "hide",
        "stop",
        "moins",
        "pas",
        "jamais",
        "cache",
        "menos",
        "nunca",
        "weniger",
    }
    return ["down" if down & set(row["text"].lower().replace("'", " ").split()) else "up"]


def figures(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Per slice: direction, exact clauses, and F1 of clauses by operation and targets."""
    slices = [("all", list(rows))]
    slices += [(f"lang {lang}", [r for r in rows if r.lang == lang]) for lang in sorted({r.lang for r in rows})]
    slices += [(f"tag {tag}", [r for r in rows if tag in r.tags]) for tag in sorted({t for r in rows for t in r.tags})]
    return [{"slice": name, **_figures(part)} for name, part in slices]


def _figures(rows: Sequence[Row]) -> dict[str, Any]:
    right = sum(len(_hits(row)) for row in rows)
    meant, read = sum(len(row.meant) for row in rows), sum(len(row.read) for row in rows)
    return {
        "rows": len(rows),
        "direction": interval(sum(row.is_directed for row in rows), len(rows)),
        "exact": interval(sum(row.is_exact for row in rows), len(rows)),
        "clause_f1": round(2 * right / (meant + read), 4) if meant + read else None,
    }


def _hits(row: Row) -> list[tuple[str, tuple[str, ...]]]:
    left = [(op, targets) for op, targets, _, _ in row.read]
    hits = []
    for op, targets, _, _ in row.meant:
        if (op, targets) in left:
            left.remove((op, targets))
            hits.append((op, targets))
    return hits


def interval(hits: int, of: int) -> dict[str, float]:
    """A share with its 95 % Wilson interval."""
    share, z = hits / of, 1.96
    centre = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return {
        "rate": round(share, 4),
        "low": round(max(0.0, centre - half), 4),
        "high": round(min(1.0, centre + half), 4),
    }


def evaluate(path: Path, ask: Ask, out: Path | None, say: Callable[[dict[str, Any]], None]) -> None:
    """Print figures, refusals, the peer, time and the data's hash; `out` gets one verdict a line."""
    given = rows_of(path)
    timed = list(read_rows(given, ask))
    rows = [row for row, _ in timed]
    if out:
        out.write_text("".join(json.dumps(verdict(row), ensure_ascii=False) + "\n" for row in rows), "utf-8")
    judged = [row for row in rows if row.kind]
    for line in figures(judged) if judged else []:
        say(line)
    unsafe = [row for row in judged if row.kind == "reject"]
    if unsafe:
        say(
            {
                "slice": "requests to defeat safety",
                "refused": sum(r.read_kind == "reject" for r in unsafe),
                "of": len(unsafe),
            }
        )
    steers = [row for row in given if row.get("expect", {}).get("kind") == "steer"]
    if steers:
        hits = sum(
            [_way(c["op"], c["targets"]) for c in row["expect"]["clauses"]] == keyword_rule(row) for row in steers
        )
        say({"peer": "keyword rule", "rows": len(steers), "direction": interval(hits, len(steers))})
    spent = sorted(1000 * seconds for _, seconds in timed)
    middle = {"p50_ms": round(spent[len(spent) // 2], 1)} if spent else {}
    say({"rows": len(rows), "data_sha256": hashlib.sha256(path.read_bytes()).hexdigest(), **middle})


def verdict(row: Row) -> dict[str, Any]:
    clauses = [{"op": op, "targets": list(targets), "strength": s, "scope": w} for op, targets, s, w in row.read]
    return {"id": row.id, "kind": row.read_kind, "clauses": clauses}
