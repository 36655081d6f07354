"""The figures of an evaluation as lines to read and as the tables of the model card; it measures nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = {
    "renders": "renders of the same scenes",
    "en": "English",
    "fr": "French",
    "paraphrase": "paraphrases",
    "shuffled": "shuffled captions",
    "retrieved": "nearest training clip",
    "wordless": "model without text",
    "from_image": "from a reference image",
}
_GOAL = 0.9
_GAPS = {"fr": 0.03, "paraphrase": 0.08}


def table(found: dict[str, Any]) -> list[str]:
    """Markdown: every attribute's recovered share with its 95 % interval, a row a set."""
    names = list(found["recovered"]["renders"]["picture"])
    lines = ["| | " + " | ".join(names) + " |", "| --- |" + " --- |" * len(names)]
    for name, each in found["recovered"].items():
        cells = [f"{r['rate']:.2f} ({r['low']:.2f}–{r['high']:.2f})" for r in each["picture"].values()]
        lines.append(f"| {NAMES[name]} | " + " | ".join(cells) + " |")
    return lines


def distances(found: dict[str, Any]) -> list[str]:
    """Markdown: Fréchet distances, proxies and sound, a row a set."""
    lines = [
        "| | clips | Fréchet picture | Fréchet sound | proxy: consistency | proxy: flow jerk, px | audible |"
        " unclipped | −16 ± 2 LUFS |",
        "| --- |" + " --- |" * 8,
    ]
    for part in found["frechet"]:
        for name, each in part["sets"].items():
            smooth, heard = found["proxies"][name], found["sound"][name]
            shares = " | ".join(f"{heard[kind]['rate']:.2f}" for kind in ("audible", "unclipped", "loudness"))
            lines.append(
                f"| {NAMES[name]} | {part['clips']} | {each['picture']:.1f} | {each['sound']:.1f} |"
                f" {smooth['temporal_consistency']['median']:.3f} | {smooth['flow_jerk_px']['median']:.2f} | {shares} |"
            )
    return lines


def sentences(found: dict[str, Any]) -> Iterator[str]:
    """What is no table: gaps, sound on time, the readers of impacts, and identity."""
    for name, each in found["gaps"].items():
        mean = each["mean"]
        yield (
            f"{NAMES[name]} below English: {100 * mean['gap']:.1f} points ({100 * mean['low']:.1f} to"
            f" {100 * mean['high']:.1f}), mean of the attributes"
        )
    for name, kinds in found["sync"].items():
        for kind, each in kinds.items():
            on_time, chance = each["on_time"], each["chance"]["on_time"]
            yield (
                f"{NAMES[name]}: {kind} seen in {each['seen']['hits']} of {each['seen']['of']} clips; sound within a"
                f" frame in {on_time['hits']} of {on_time['of']}, by chance {chance['hits']} of {chance['of']}; median"
                f" lag {each['lag_ms']['median']:.0f} ms"
            )
    for kind, who in found["readers"].items():
        parts = (f"{n} finds {e['recall']['rate']:.2f}, right {e['precision']['rate']:.2f}" for n, e in who.items())
        yield f"readers of {kind} on renders: {'; '.join(parts)}"
    yield f"identity: {json.dumps(found['identity'])}"


def goals(found: dict[str, Any]) -> Iterator[str]:
    """The issue's figures, each said to be reached or not."""
    first = next(name for name in found["recovered"] if name in ("en", "fr", "paraphrase"))
    for name, each in found["recovered"][first]["picture"].items():
        own = found["recovered"]["renders"]["picture"][name]["rate"]
        yield _said(f"{name} recovered (the reader's own on renders: {own:.2f})", each["rate"], _GOAL)
    for name, most in _GAPS.items():
        if name in found["gaps"]:
            gap = found["gaps"][name]["mean"]["gap"]
            yield f"{'reached' if gap <= most else 'MISSED '} {NAMES[name]} within {most:.2f} of English: {gap:.3f}"
    for kind, each in found["sync"][first].items():
        yield _said(f"sound of {kind} within a frame", each["on_time"]["rate"], _GOAL)
    for kind in ("audible", "unclipped", "loudness"):
        yield _said(f"sound {kind}", found["sound"][first][kind]["rate"], 1.0)


def _said(what: str, share: float, least: float) -> str:
    return f"{'reached' if share >= least else 'MISSED '} {what} at least {least:.2f}: {share:.3f}"


def summary(found: dict[str, Any]) -> str:
    head = f"{found['count']} of {found['asked']} scenes, makers {json.dumps(found['versions']['makers'])}"
    return "\n".join([head, *table(found), *distances(found), *sentences(found), *goals(found)])


def card(found: dict[str, Any]) -> str:
    """The part of the model card that `insert` replaces."""
    said = [f"* {line}" for line in sentences(found)]
    return "\n".join([f"{found['count']} scenes:", "", *table(found), "", *distances(found), "", *said])


def around(path: Path, name: str) -> tuple[str, str]:
    """What a file holds up to its line `<!-- NAME -->`, and from `<!-- /NAME -->` on.

    Raises ValueError if it has no such pair of lines.
    """
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, opened, rest = path.read_text().partition(start)
    _, closed, after = rest.partition(end)
    if not opened or not closed:
        raise ValueError(f"{path} has no lines {start.strip()} and {end}")
    return before + start, end + after


def insert(path: Path, name: str, text: str) -> None:
    """Replaces what lies between the file's pair of lines."""
    before, after = around(path, name)
    path.write_text(f"{before}\n{text}\n\n{after}")
