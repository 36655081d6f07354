"""The plot of how the feed grows with its clips, drawn from the recorded lines of `volary bench feed`."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SIZES = (10_000, 100_000, 300_000, 1_000_000)
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 320, 60, 400, 40, 260
TICKS = (0.1, 1, 10, 100, 1000)
# Which figure of a line, its name, its colour. Of the processor's time: that of the clock depends on what else ran.
CURVES = (
    (("first_page_cpu_ms", "p99"), "new order, p99", "#b03a2e"),
    (("first_page_cpu_ms", "median"), "new order, median", "#e59866"),
    (("later_page_cpu_ms", "p99"), "page after a cursor, p99", "#1e8449"),
    (("index_cpu_ms", "median"), "index alone, median", "#1f618d"),
    (("exact_numpy_cpu_ms", "median"), "exact numpy, median", "#7d6608"),
    (("sql_newest_cpu_ms", "median"), "SQL, newest, median", "#555"),
)


def drawn_plot(plot: Path, row: dict[str, Any]) -> None:
    """Add a line to the recorded ones beside `plot`, in place of an older one of its size, and draw them."""
    recorded = plot.with_suffix(".jsonl")
    rows = [json.loads(line) for line in recorded.read_text("utf-8").splitlines()] if recorded.exists() else []
    rows = sorted([*(each for each in rows if each["clips"] != row["clips"]), row], key=lambda each: int(each["clips"]))
    recorded.write_text("".join(json.dumps(each) + "\n" for each in rows), "utf-8")
    plot.write_text(svg(rows), "utf-8")


def svg(rows: Sequence[dict[str, Any]]) -> str:
    """Milliseconds of CPU over clips, both logarithmic. `rows` are lines of the bench, by their size."""
    sizes = f"{rows[0]['clips']:,} to {rows[-1]['clips']:,}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><title>Milliseconds of CPU at {sizes} clips</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    ]
    for tick in TICKS:
        y = _y(tick)
        parts.append(f'<line x1="{LEFT}" x2="{RIGHT}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{tick:g} ms</text>')
    parts += [
        f'<text x="{_x(row["clips"], rows)}" y="{BOTTOM + 18}" text-anchor="middle">{row["clips"]:,}</text>'
        for row in rows
    ]
    parts += [f'<text x="{RIGHT + 12}" y="{BOTTOM + 18}">clips</text>', *_curves(rows)]
    return "".join(parts) + "</svg>\n"


def _curves(rows: Sequence[dict[str, Any]]) -> list[str]:
    parts = []
    ends: list[float] = []
    for (figure, share), name, colour in sorted(CURVES, key=lambda curve: -rows[-1][curve[0][0]][curve[0][1]]):
        values = [row[figure][share] for row in rows]
        points = " ".join(f"{_x(row['clips'], rows)},{_y(value)}" for row, value in zip(rows, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        ends.append(max(_y(values[-1]) + 4, ends[-1] + 15 if ends else 0))  # names never lie over each other
        parts.append(f'<text x="{RIGHT + 12}" y="{ends[-1]}" fill="{colour}">{name}, {values[-1]:.3g} ms</text>')
    return parts


def _x(clips: int, rows: Sequence[dict[str, Any]]) -> float:
    first, last = math.log(rows[0]["clips"]), math.log(rows[-1]["clips"])
    share = (math.log(clips) - first) / (last - first) if last > first else 0.0
    return round(LEFT + 20 + (RIGHT - LEFT - 40) * share, 1)


def _y(milliseconds: float) -> float:
    low, high = math.log(TICKS[0]), math.log(TICKS[-1])
    place = (math.log(max(milliseconds, TICKS[0])) - low) / (high - low)
    return round(BOTTOM - (BOTTOM - TOP) * min(place, 1.0), 1)
