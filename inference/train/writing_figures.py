"""Measures reading: harmless lines are written over photographs, compressed, and read again; it trains nothing.

`python -m inference.train.writing_figures PICTURE_FOLDER` prints a line for the bare pictures, one per size of letters
and slope, and one with the time. The sentences are harmless prompts of ours, in English and French; whether an unsafe
sentence would be recognised as such is the prompt stage's figure. What it does not measure: handwriting, ornament.
"""

import argparse
import io
import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from difflib import SequenceMatcher
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inference.media import Limits
from inference.rates import wilson
from inference.safety.evaluation import PICTURES
from inference.safety.writing import Reader
from inference.train.prompt_data import own_rows

SHORT = Limits().short_side  # as a clip is decoded for screening
SIZES = (10, 14, 20, 32)
SLOPES = (0, 12, 90)
LONGEST = 34  # letters, so that every line fits at every size
QUALITY = 60  # of the JPEG, about what a platform leaves of a frame
ALIKE = 0.9  # share of letters from which a line counts as read


def pictures(folder: Path) -> Iterator[np.ndarray]:
    """Every picture of a folder and those below, as large as a clip is decoded for screening."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICTURES:
            with Image.open(path) as opened:
                shrink = min(1.0, SHORT / min(opened.size))
                size = (round(opened.width * shrink), round(opened.height * shrink))
                yield np.asarray(opened.convert("RGB").resize(size, Image.Resampling.BILINEAR))


def sentences() -> list[str]:
    """Harmless lines that fit, in an order of their own."""
    texts = (row.text for row in own_rows() if row.group in {"sign", "twin"} and row.part == "report")
    return sorted({text for text in texts if 8 <= len(text) <= LONGEST}, key=lambda text: text[::-1])


def written(picture: np.ndarray, text: str, size: int, slope: int) -> np.ndarray:
    """White letters with a dark rim in the middle of the picture, as a subtitle, then JPEG."""
    with (files("font_lato") / "files" / "Lato-Regular.ttf").open("rb") as file:
        font = ImageFont.truetype(file, size)
    shown = Image.fromarray(picture)
    layer = Image.new("RGBA", shown.size)
    middle = (shown.width / 2, shown.height / 2)
    rim = max(1, size // 12)
    ImageDraw.Draw(layer).text(middle, text, "white", font, anchor="mm", stroke_width=rim, stroke_fill="black")
    turned = layer.rotate(slope, Image.Resampling.BICUBIC)
    shown.paste(turned, mask=turned)
    packed = io.BytesIO()
    shown.save(packed, "JPEG", quality=QUALITY)
    return np.asarray(Image.open(packed))


def is_read(text: str, lines: tuple[str, ...]) -> bool:
    """Whether a line, or all of them together, are nearly the text."""
    wanted = text.casefold()
    found = (line.casefold() for line in (*lines, " ".join(lines)))
    return any(SequenceMatcher(None, wanted, line).ratio() >= ALIKE for line in found)


def main() -> None:
    """Read, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--most", type=int, default=24, help="pictures")
    options.add_argument("--weights", type=Path, default=Path(__file__).parents[1] / "weights" / "safety")
    chosen = options.parse_args()
    reader, texts = Reader(chosen.weights), sentences()
    bare = list(itertools.islice(pictures(chosen.folder), chosen.most))
    spent = []
    lines = []
    for picture in bare:
        started = time.process_time()
        lines.append(reader.read(picture)[0])
        spent.append(time.process_time() - started)
    _say("bare", asdict(wilson(sum(map(bool, lines)), len(bare))), lines=[each for each in lines if each])
    for size in SIZES:
        for slope in SLOPES:
            asked = [(texts[at % len(texts)], picture) for at, picture in enumerate(bare)]
            hits = sum(is_read(text, reader.read(written(picture, text, size, slope))[0]) for text, picture in asked)
            _say("written", asdict(wilson(hits, len(asked))), size=size, slope=slope)
    _say("seconds of CPU a bare picture", {"median": round(statistics.median(spent), 3), "most": round(max(spent), 3)})


def _say(name: str, told: dict[str, object], **more: object) -> None:
    sys.stdout.write(json.dumps({"name": name, **more, **told}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
