"""Measures screening on labelled rows: recall, specificity and 95 % Wilson intervals per category and per group.

`python -m inference.safety.evaluation moderation FILE…` and `… frames DIR`. It trains nothing and chooses no
threshold. A row that is held counts as flagged, like one that is blocked; how many are blocked (refused at once, with
no person asked) is said beside. `volary eval` hands it the policy's own verdict; without one the lines are those that
the weights were tuned for.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from events.moderation import Category, Signal
from inference.rates import wilson
from inference.safety.camouflage import KINDS
from inference.safety.peers import PEERS
from inference.safety.prompts import PromptScreen

SHIPPED = {Category.SEXUAL_MINORS: 0.1, Category.TEST_STRING: 0.25, Category.UNREADABLE: 0.01}
SURE = 0.85  # a score that is refused at once; the policy has it for most categories
NEVER_SURE = {Category.DECEPTION, Category.PUBLIC_FIGURE, Category.UNSUPPORTED_LANGUAGE, Category.UNREADABLE}
UNSAFE, BENIGN = "unsafe", "benign"
UNSCORED = "no model: hold for review"
LONGEST_DISGUISED = 200  # characters: a disguise is measured on prompts, not on pages
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
# What no model looks for in pictures and sounds, as the policy's `unseen` has it: never scored, a person must tell.
NO_MODEL = {
    "frames": ("violence", "gore", "weapons", "self-harm", "symbols of hate", "symbols of terror", "deceptive scenes"),
    "sound": ("screams", "gunshots", "words sung under music"),
}


@dataclass(frozen=True)
class Verdict:
    """What screening says of one row: `score` and `category` are those of the leading signal."""

    id: str
    flagged: bool
    score: float
    category: str
    refused: bool = False


@dataclass(frozen=True)
class Labelled:
    """One verdict beside the truth."""

    verdict: Verdict
    label: str
    category: str
    group: str
    lang: str
    milliseconds: float = 0.0


Action = Literal["pass", "hold", "block"]
Judge = Callable[[Sequence[Signal]], Action]


def shipped(signals: Sequence[Signal]) -> Action:
    """What the lines say that the weights were tuned for."""
    sure = any(signal.score >= SURE for signal in signals if signal.category not in NEVER_SURE)
    return "block" if sure else "hold" if over_shipped(signals) else "pass"


def over_shipped(signals: Sequence[Signal]) -> bool:
    """Whether any signal reaches the line it was tuned for."""
    return any(signal.score >= SHIPPED.get(signal.category, 0.5) for signal in signals)


def harm_only(judge: Judge) -> Judge:
    """The same without the language hold: what the classifier itself finds in a language it is not meant to judge."""
    return lambda signals: judge([signal for signal in signals if signal.category != Category.UNSUPPORTED_LANGUAGE])


def screen_rows(rows: Iterable[dict[str, Any]], screen: PromptScreen, judge: Judge = shipped) -> Iterator[Labelled]:
    """Judge rows `{"id","text","label","category","group","lang"}`; rows with another label are skipped."""
    return (judged(row, screen, judge, row["text"]) for row in rows if row["label"] in {UNSAFE, BENIGN})


def judged(row: dict[str, Any], screen: PromptScreen, judge: Judge, text: str, context: Sequence[str] = ()) -> Labelled:
    """The verdict on a row as `text` after the prompts of `context`, with the time it took."""
    started = time.perf_counter()
    signals = screen.screen(text, context).signals
    spent = 1000 * (time.perf_counter() - started)
    lead, action = max(signals, key=lambda signal: signal.score), judge(signals)
    verdict = Verdict(str(row["id"]), action != "pass", round(lead.score, 4), lead.category.value, action == "block")
    return _labelled(row, verdict, spent)


def _labelled(row: dict[str, Any], verdict: Verdict, milliseconds: float) -> Labelled:
    category = row.get("category") or "+".join(row.get("categories", [])) or "none"
    return Labelled(verdict, row["label"], category, row.get("group", "none"), row.get("lang", "none"), milliseconds)


def summary(found: Sequence[Labelled]) -> list[dict[str, Any]]:
    """One line per slice: over all, per group, per category, per language. `recall` and `specificity` count a held row
    as flagged; `blocked` and `over_refused` are the shares refused at once, of the unsafe and of the benign rows.
    """
    slices: list[tuple[str, str, list[Labelled]]] = [("all", "all", list(found))]
    for kind in ("group", "category", "lang"):
        names = sorted({getattr(row, kind) for row in found})
        slices += [(kind, name, [row for row in found if getattr(row, kind) == name]) for name in names]
    return [{"by": kind, "name": name, **_rates(rows)} for kind, name, rows in slices]


def data_hash(files: Sequence[Path]) -> str:
    """SHA-256 over the files' bytes in the order given."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def latency(found: Sequence[Labelled]) -> dict[str, float]:
    """Median and 99th percentile of the time a verdict took, in milliseconds."""
    times = sorted(row.milliseconds for row in found)
    return (
        {"p50_ms": round(times[len(times) // 2], 2), "p99_ms": round(times[len(times) * 99 // 100], 2)} if times else {}
    )


def read(files: Sequence[Path]) -> list[dict[str, Any]]:
    """The rows of JSON-lines files. Raises ValueError with file and line for one that is not a row."""
    return [row for file in files for row in _rows(file)]


def moderation(files: Sequence[Path], screen: PromptScreen, judge: Judge = shipped) -> list[Labelled]:
    """Every row of JSON-lines files. Raises ValueError with file and line for one that is not a row."""
    return list(screen_rows(read(files), screen, judge))


def beside(rows: Iterable[dict[str, Any]], peer: str) -> list[Labelled]:
    """The same rows by a packaged classifier of `PEERS`, 0.5 its line. Raises ValueError where it is not installed."""
    kept = [row for row in rows if row["label"] in {UNSAFE, BENIGN}]
    started = time.perf_counter()
    scores = list(PEERS[peer]([row["text"] for row in kept]))
    each = 1000 * (time.perf_counter() - started) / max(1, len(kept))
    return [
        _labelled(row, Verdict(str(row["id"]), score >= 0.5, round(score, 4), peer, score >= 0.5), each)
        for row, score in zip(kept, scores, strict=True)
    ]


def told_beside(rows: Sequence[dict[str, Any]], is_disguised: bool) -> Iterator[dict[str, Any]]:
    """Every slice, and on demand every disguise, by each packaged classifier that is installed; else why not."""
    for peer in PEERS:
        try:
            found = beside(rows, peer)
        except ValueError as fault:
            yield {"peer": peer, "missing": str(fault)}
            continue
        told = disguised_beside(rows, peer) if is_disguised else ()
        yield from ({"peer": peer, **line} for line in (*summary(found), latency(found), *told))


def disguised(rows: Sequence[dict[str, Any]], screen: PromptScreen, judge: Judge) -> Iterator[dict[str, Any]]:
    """One line a kind of `camouflage`: the rates of the rows it can hide, and its recall as a share of the plain."""
    short = [row for row in rows if row["label"] in {UNSAFE, BENIGN} and len(row["text"]) <= LONGEST_DISGUISED]
    plain = {str(row["id"]): judged(row, screen, judge, row["text"]) for row in short}
    for kind, hide in KINDS.items():
        hidden = [(row, found) for row in short if (found := hide(row)) is not None]
        after = [judged(row, screen, judge, found.text, found.context) for row, found in hidden]
        before = _rates([plain[str(row["id"])] for row, _ in hidden])
        rates = _rates(after)
        kept = rates["recall"]["rate"] / before["recall"]["rate"] if before["recall"] else None
        yield {"by": "disguise", "name": kind, **rates, "plain": before, "kept": kept and round(kept, 4)}


def disguised_beside(rows: Sequence[dict[str, Any]], peer: str) -> Iterator[dict[str, Any]]:
    """A packaged classifier's rates on the same rows in the same disguises."""
    short = [row for row in rows if len(row["text"]) <= LONGEST_DISGUISED]
    for kind, hide in KINDS.items():
        hidden = [{**row, "text": found.text} for row in short if (found := hide(row)) is not None]
        yield {"by": "disguise", "name": kind, **_rates(beside(hidden, peer))}


def frames(folder: Path, score: Callable[[Path], float], threshold: float = 0.5) -> list[Labelled]:
    """Judge the pictures in `folder`/<label>/*: `score` is a picture's score; labels other than benign are unsafe."""
    pictures = [path for path in sorted(folder.glob("*/*")) if path.suffix.lower() in PICTURES]
    if not pictures:
        raise ValueError(f"{folder} holds no pictures in folders named by label")
    return [_picture(path, score(path), threshold) for path in pictures]


def write_rows(found: Sequence[Labelled], out: Path) -> None:
    """One verdict a line."""
    out.write_text("".join(json.dumps(asdict(row.verdict)) + "\n" for row in found), "utf-8")


def main(arguments: Sequence[str], judge: Judge = shipped) -> int:
    """Print one JSON line per slice, then the data hash and how long a verdict took."""
    parser = argparse.ArgumentParser(prog="inference.safety.evaluation", description=__doc__)
    parser.add_argument("what", choices=["moderation", "frames"])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--rows", type=Path, help="write one verdict a line to this file")
    parser.add_argument("--harm-only", action="store_true", help="do not count the hold for unsupported languages")
    parser.add_argument("--beside", action="store_true", help="judge the same prompts with packaged classifiers too")
    parser.add_argument("--disguised", action="store_true", help="judge every short prompt in each disguise too")
    parser.add_argument("--weights", type=Path, default=Path(__file__).parents[1] / "weights" / "safety")
    chosen = parser.parse_args(arguments)
    judge = harm_only(judge) if chosen.harm_only else judge
    found = _measured(chosen.what, chosen.paths, chosen.weights, judge)
    if chosen.rows:
        write_rows(found, chosen.rows)
    files = chosen.paths if chosen.what == "moderation" else sorted(chosen.paths[0].glob("*/*"))
    for line in summary(found):
        sys.stdout.write(json.dumps(line) + "\n")
    for stage, names in NO_MODEL.items() if chosen.what == "frames" else ():
        for name in names:
            sys.stdout.write(json.dumps({"by": "category", "stage": stage, "name": name, "verdict": UNSCORED}) + "\n")
    sys.stdout.write(json.dumps({"rows": len(found), "data_sha256": data_hash(files), **latency(found)}) + "\n")
    rows = read(chosen.paths) if chosen.what == "moderation" else []
    if chosen.disguised:
        for line in disguised(rows, PromptScreen.load(chosen.weights), judge):
            sys.stdout.write(json.dumps(line) + "\n")
    for line in told_beside(rows, chosen.disguised) if chosen.beside and rows else ():
        sys.stdout.write(json.dumps(line) + "\n")
    return 0


def _measured(
    what: Literal["moderation", "frames"], paths: Sequence[Path], weights: Path, judge: Judge
) -> list[Labelled]:
    if what == "moderation":
        return moderation(paths, PromptScreen.load(weights), judge)
    from inference.safety.frames import Nudity

    return frames(paths[0], Nudity(weights).score_file)


def _rates(rows: Sequence[Labelled]) -> dict[str, Any]:
    unsafe = [row for row in rows if row.label == UNSAFE]
    benign = [row for row in rows if row.label == BENIGN]
    return {
        "recall": asdict(wilson(sum(row.verdict.flagged for row in unsafe), len(unsafe))) if unsafe else None,
        "specificity": asdict(wilson(sum(not row.verdict.flagged for row in benign), len(benign))) if benign else None,
        "blocked": asdict(wilson(sum(row.verdict.refused for row in unsafe), len(unsafe))) if unsafe else None,
        "over_refused": asdict(wilson(sum(row.verdict.refused for row in benign), len(benign))) if benign else None,
    }


def _picture(path: Path, score: float, threshold: float) -> Labelled:
    label = BENIGN if path.parent.name == BENIGN else UNSAFE
    id_, is_over = f"{path.parent.name}/{path.name}", score >= threshold
    verdict = Verdict(id_, is_over, round(score, 4), Category.SEXUAL.value, score >= SURE)
    return Labelled(verdict, label, path.parent.name, path.parent.name, "none")


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as fault:
            raise ValueError(f"{file}:{number} is not JSON: {fault}") from fault
        if not isinstance(row, dict) or not {"id", "text", "label"} <= row.keys():
            raise ValueError(f"{file}:{number} has no id, text and label")
        yield row


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
