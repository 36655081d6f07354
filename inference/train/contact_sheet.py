"""Draws the contact sheet of docs/: clips made by the shipped weights, eight frames and the spectrogram of each.

python -m inference.train.contact_sheet docs/contact-sheet.webp

Labels are set in Lato (SIL Open Font License, package `font-lato`): the face that Pillow brings has no accents.
"""

from __future__ import annotations

import argparse
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from inference.generator import audio
from inference.generator.pipeline import Ask, Clip, Generator

FRAMES, HIGH, WIDE, LABEL, COLUMNS = 8, 72, 126, 15, 2
PROMPTS: tuple[tuple[str, str | None], ...] = (
    ("A red balloon floats over the sea at sunset", "cinematic"),
    ("une voiture jaune roule en ville sous la pluie", "animation"),
    ("a blue fish swims underwater", "photographic"),
    ("a white rocket flies in space among the stars", "cinematic"),
    ("a black cat walks in the snowy mountains", "illustration"),
    ("a couple in red dances in a room at night", "animation"),
    ("a green ball bounces in the desert by day", "photographic"),
    ("un papillon violet vole dans les bois", "illustration"),
    ("a steam train passes through a meadow, the camera pans right", "photographic"),
    ("un cerf-volant rouge vole au-dessus de la mer", "photographic"),
    ("an orange robot walks in the city at night", "cinematic"),
    ("un voilier blanc navigue en mer dans la brume", "illustration"),
    ("a pink dog runs in the snow", "animation"),
    ("une femme en bleu marche dans la forêt le soir", "photographic"),
    ("a romantic couple strolls in a park at sunset", "cinematic"),
    ("a small yellow bird circles over the mountains", "photographic"),
    ("un robot vert tourne sur place dans l'espace", "animation"),
    ("a huge purple balloon rises in the desert", "illustration"),
    ("a black car drives downtown in the rain at night", "cinematic"),
    ("un chat orange se repose dans le salon", "photographic"),
    ("a goldfish swims in an aquarium, the camera zooms in", "animation"),
    ("un homme en noir danse à la maison", "illustration"),
    ("a white dog jumps in a field of flowers", "photographic"),
    ("une fusée rouge décolle dans la nuit", "cinematic"),
)


def strip(generator: Generator, prompt: str, style: str | None, seed: int) -> Image.Image:
    """One labelled row of evenly spaced frames, and what is heard, low notes at the bottom, the first second left."""
    clip = generator.generate(Ask(prompt, 4, 448, 256, seed, style=style), lambda share: None)
    frames = clip.frames[np.linspace(1, len(clip.frames) - 2, FRAMES).astype(int)]
    row = Image.new("RGB", ((FRAMES + 1) * (WIDE + 2), HIGH + LABEL), "white")
    for place, frame in enumerate((*frames, heard(clip))):
        row.paste(Image.fromarray(frame).resize((WIDE, HIGH), Image.Resampling.LANCZOS), (place * (WIDE + 2), LABEL))
    ImageDraw.Draw(row).text((2, 0), f"{prompt}  [{style or 'any style'}, seed {seed}]", fill="black", font=face())
    return row


def face() -> ImageFont.FreeTypeFont:
    """What labels are set in; raises ModuleNotFoundError where `font-lato` is not installed."""
    with (files("font_lato") / "files" / "Lato-Regular.ttf").open("rb") as file:
        return ImageFont.truetype(file, 12)


def heard(clip: Clip) -> np.ndarray:
    """The log-mel spectrogram as a grey picture uint8 (64,T,3), louder being lighter."""
    mel = audio.mel(torch.from_numpy(clip.sound)[None])[0].numpy()
    mel = mel if mel.shape[0] == audio.MELS else mel.T
    low, high = np.quantile(mel, (0.02, 0.995))
    grey = (np.clip((mel - low) / (high - low + 1e-6), 0, 1) * 255).astype(np.uint8)[::-1]
    return np.repeat(grey[..., None], 3, axis=2)


def sheet(generator: Generator, seed: int, prompts: tuple[tuple[str, str | None], ...] = PROMPTS) -> Image.Image:
    rows = [strip(generator, prompt, style, seed) for prompt, style in prompts]
    wide, high = rows[0].size
    image = Image.new("RGB", (COLUMNS * wide, -(-len(rows) // COLUMNS) * high), "white")
    for place, row in enumerate(rows):
        image.paste(row, (place % COLUMNS * wide, place // COLUMNS * high))
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path, default=Path("inference/weights/generator"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--prompts", type=int, default=len(PROMPTS), help="only the first so many")
    asked = parser.parse_args()
    sheet(Generator.load(asked.weights), asked.seed, PROMPTS[: asked.prompts]).save(asked.out, quality=80)


if __name__ == "__main__":
    main()
