"""The plot of the feed's growth comes from recorded lines, one a size, and names every curve."""

import json
from xml.etree import ElementTree

from local import feed_growth


def row(clips: int, factor: float = 1.0) -> dict:
    spread = {"median": factor * clips / 10_000, "p99": 2 * factor * clips / 10_000}
    return {"clips": clips, **{figure: spread for (figure, _), _, _ in feed_growth.CURVES}}


def test_a_line_takes_the_place_of_an_older_one_of_its_size(tmp_path):
    plot = tmp_path / "growth.svg"
    for each in (row(100_000), row(10_000), row(100_000, factor=3)):
        feed_growth.drawn_plot(plot, each)

    recorded = [json.loads(line) for line in plot.with_suffix(".jsonl").read_text().splitlines()]
    assert recorded == [row(10_000), row(100_000, factor=3)]


def test_every_curve_is_drawn_inside_the_picture(tmp_path):
    drawn = ElementTree.fromstring(feed_growth.svg([row(10_000), row(1_000_000)]))
    lines = [each for each in drawn.iter() if each.tag.endswith("polyline")]
    places = [tuple(map(float, pair.split(","))) for line in lines for pair in line.attrib["points"].split()]

    assert len(lines) == len(feed_growth.CURVES)
    assert all(0 <= x <= feed_growth.WIDTH and 0 <= y <= feed_growth.HEIGHT for x, y in places)
    assert {name for _, name, _ in feed_growth.CURVES} <= {
        (each.text or "").rpartition(",")[0] for each in drawn.iter() if each.tag.endswith("text")
    }
