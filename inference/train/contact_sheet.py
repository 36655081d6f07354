"""Draws the contact sheet of docs/: labelled clips made by the shipped weights, six frames each.

python -m inference.train.contact_sheet docs/contact-sheet.webp
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inference.generator.pipeline import Ask, Generator

FRAMES = 6
PROMPTS: tuple[tuple[str, str | None], ...] = (
    ("A red balloon floats over the sea at sunset", "cinematic"),
    ("une voiture jaune roule en ville sous la pluie", "animation"),
    ("a blue fish swims underwater", "photographic"),
    ("a white rocket flies in space among the stars", "cinematic"),
    ("a black cat walks in the snowy mountains", "illustration"),
    ("a couple in red dances in a room at night", "animation"),
    ("a green ball bounces in the desert by day", "photographic"),
    ("un papillon violet vole dans les bois", "illustration"),
)


def strip(generator: Generator, prompt: str, style: str | None, seed: int) -> Image.Image:
    """One labelled row of evenly spaced frames."""
    clip = generator.generate(Ask(prompt, 4, 224, 128, seed, style=style), lambda share: None)
    frames = clip.frames[np.linspace(2, len(clip.frames) - 3, FRAMES).astype(int)]
    row = Image.new("RGB", (FRAMES * 226, 128 + 18), "white")
    for place, frame in enumerate(frames):
        row.paste(Image.fromarray(frame), (place * 226, 18))
    ImageDraw.Draw(row).text(
        (2, 1), f"{prompt}  [{style or 'any style'}, seed {seed}]", fill="black", font=ImageFont.load_default(13)
    )
    return row


def sheet(generator: Generator, seed: int) -> Image.Image:
    rows = [strip(generator, prompt, style, seed) for prompt, style in PROMPTS]
    image = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), "white")
    for place, row in enumerate(rows):
        image.paste(row, (0, place * row.height))
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path, default=Path("inference/weights/generator"))
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    image = sheet(Generator.load(asked.weights), asked.seed)
    image.save(asked.out, quality=80)


if __name__ == "__main__":
    main()
