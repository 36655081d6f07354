"""Prints what fewer held look-alikes would cost: `python -m inference.train.prompt_curve FILE…`; it tunes nothing.

The line of every head is moved alike until a given share of the harmless prompts that lie close to unsafe ones is
held; each printed line says how many unsafe ones are still found there and how many plain harmless ones are held. The
shipped lines come last. Which of them a home uses is `prompt_points`' choice on the tune part, not this module's.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from inference.rates import Rate, wilson
from inference.safety.evaluation import BENIGN, SURE, UNSAFE, data_hash, read
from inference.safety.prompts import PromptScreen
from inference.train.prompt_data import SCORED
from inference.train.prompt_report import screen_of

PLAIN = "plain_benign"
SHARES = (0.02, 0.05, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3)
SHIPPED = {"held": 0.5, "refused": SURE}


def scores(rows: Sequence[Mapping[str, Any]], screen: PromptScreen) -> np.ndarray:
    """float [rows]: the highest score of any harm that the classifier scores."""
    found = (screen.screen(row["text"]).signals for row in rows)
    return np.array([max((each.score for each in signals if each.category in SCORED), default=0) for signals in found])


def curve(scored: np.ndarray, rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """A line of figures per share of look-alikes, then one per shipped line, of scores [rows].

    Raises ValueError where there are no unsafe prompts or no look-alikes.
    """
    unsafe = np.array([row["label"] == UNSAFE for row in rows])
    plain = np.array([row["label"] == BENIGN and row.get("group") == PLAIN for row in rows])
    alike = np.array([row["label"] == BENIGN for row in rows]) & ~plain
    if not unsafe.any() or not alike.any():
        raise ValueError("a curve needs unsafe prompts and harmless ones that are not plain")
    lines = {f"{share:.2f} of look-alikes": _line(scored[alike], share) for share in SHARES}
    for name, line in (lines | SHIPPED).items():
        shares = {"recall": unsafe, "alike": alike, **({"plain": plain} if plain.any() else {})}
        counted = {key: asdict(_over(scored[which], line)) for key, which in shares.items()}
        yield {"at": name, "line": round(line, 4), **counted}


def _line(scored: np.ndarray, share: float) -> float:
    """The lowest line that at most this share of the scores reaches."""
    ranked = np.sort(scored)[::-1]
    return float(np.nextafter(ranked[min(int(share * len(ranked)), len(ranked) - 1)], np.inf))


def _over(scored: np.ndarray, line: float) -> Rate:
    return wilson(int((scored >= line).sum()), len(scored))


def main() -> None:
    """Print the curve, then the data's hash."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--weights", type=Path, default=Path("inference/weights/safety"))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = [row for row in read(asked.paths) if row["label"] in {UNSAFE, BENIGN}]
    for line in curve(scores(rows, screen_of(asked.weights)), rows):
        print(json.dumps(line), flush=True)
    print(json.dumps({"data_sha256": data_hash(asked.paths)}))


if __name__ == "__main__":
    main()
