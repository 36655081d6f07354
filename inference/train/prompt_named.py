"""Composes prompts that name a group of people from `prompt_named.tsv`; it decides nothing about them.

Hateful training prompts name groups, and too few harmless ones did, so that the classifier took the name itself for
harm. Here both sides of every pair name the same group, and what one person harmlessly does is said of every kind of
person. Frames and scenes are what must stay together when the rows are split: who is named is to be learned, the
sentence around it is not.
"""

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from inference.train.prompt_plain import LANGUAGES

FILE = Path(__file__).parent / "prompt_named.tsv"
SCENES, PAIRS = 12, 7  # how many of those who are listed each scene and each pair is said of, in each language
CARELESS = 1 / 6  # typed without capitals and accents
Kind = Literal["scene", "unsafe", "twin"]


@dataclass(frozen=True)
class Named:
    """One prompt. `frame` numbers its scene or pair and `who` the group in it; twins share both."""

    kind: Kind
    lang: str
    frame: int
    who: int
    text: str


def named() -> list[Named]:
    """Every composed prompt, always the same ones."""
    lines = [line.split("\t") for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [prompt for frame, (kind, *texts) in enumerate(lines) for prompt in _said(lines, frame, kind, texts)]


def _said(lines: list[list[str]], frame: int, kind: str, texts: list[str]) -> Iterator[Named]:
    if kind in {"one", "many"}:
        return
    whos = [line[1:] for line in lines if line[0] == ("many" if kind == "of many" else "one")]
    kinds: tuple[Kind, ...] = ("scene",) if kind == "scene" else ("unsafe", "twin")
    for place, lang in enumerate(("en", "fr")):
        dice = random.Random(f"{frame} {lang}")
        for who in dice.sample(range(len(whos)), SCENES if kind == "scene" else PAIRS):
            how, is_careless = dice.choice(LANGUAGES[lang].how), dice.random() < CARELESS
            for label, text in zip(kinds, texts[place * len(kinds) :], strict=False):
                said = text.replace("{}", whos[who][place]) + how
                yield Named(label, lang, frame, who, _careless(said) if is_careless else said[0].upper() + said[1:])


def _careless(text: str) -> str:
    """Without capitals, accents and what else a hurried thumb leaves out."""
    return "".join(letter for letter in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(letter))
