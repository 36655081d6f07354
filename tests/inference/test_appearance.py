"""How somebody is described: what the words say, who is drawn by it, and what the shipped model makes of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.generator.appearance import described
from inference.generator.asking import Ask, Clip, Reference
from inference.generator.likeness import TRAITS, somebody
from inference.generator.pipeline import Generator

SHIPPED = Path(__file__).parents[2] / "inference/weights/generator"
ASK = Ask("a man with red hair walks in the park by day", seconds=4, width=112, height=64, seed=3)


@pytest.mark.parametrize(
    ("text", "name", "low", "high"),
    [
        ("a woman in red walks", "beard", -1, -1),
        ("une vieille dame marche", "beard", -1, -1),
        ("a bearded man in a coat", "beard", 0.6, 1),
        ("a man without a beard", "beard", -1, -1),
        ("un homme barbu", "beard", 0.6, 1),
        ("a girl with glasses", "glasses", 1, 1),
        ("une femme sans lunettes", "glasses", -1, -1),
        ("a red-haired boy", "hair red", 0.8, 1),
        ("une femme aux cheveux longs et roux", "hair red", 0.8, 1),
        ("une femme aux cheveux longs et roux", "hair long", 0.5, 1),
        ("an old man feeds birds", "hair red", -1, -0.8),
        ("a Black man in a white shirt", "skin", -1, -0.6),
        ("un homme noir en rouge", "skin", -1, -0.6),
        ("a tall and quiet woman", "tall", 0.6, 1),
        ("a man with a mustache", "beard", 0.6, 1),
        ("un homme sans barbe ni lunettes", "glasses", -1, -1),
        ("UN ENFANT COURT", "tall", -1, -0.5),
    ],
)
def test_looks_are_read_in_both_languages(text: str, name: str, low: float, high: float) -> None:
    assert described(text).looks[name] == (low, high)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a woman in red with long hair", "hair red"),
        ("a person in black", "skin"),
        ("un homme en noir", "skin"),
        ("a black dog and a man", "skin"),
        ("a Japanese person walks", "hair light"),
        ("somebody walks through golden light", "hair light"),
        ("il pleut sur une personne", "voice high"),
        ("a person drinks two glasses of milk", "glasses"),
    ],
)
def test_what_is_not_said_of_looks_says_nothing_of_them(text: str, name: str) -> None:
    assert name not in described(text).looks


def test_the_colour_of_hair_and_skin_is_not_left_for_clothes() -> None:
    assert described("a Black woman with short red hair in a green coat").rest == "a woman with hair in a green coat"
    assert described("a person in a black coat").rest == "a person in a black coat"


def test_who_comes_first_is_whom_it_is_about() -> None:
    assert described("a woman waits for her brother").looks["beard"] == (-1, -1)
    assert "beard" not in described("a man waits for his sister").looks


@pytest.mark.parametrize("seed", range(12))
def test_somebody_is_drawn_within_what_is_said_and_else_as_before(seed: int) -> None:
    looks = {"beard": (-1.0, -1.0), "hair red": (0.8, 1.0)}
    drawn, free = (dict(zip(TRAITS, somebody(seed, said), strict=True)) for said in (looks, {}))

    assert drawn["beard"] == -1 and 0.8 <= drawn["hair red"] <= 1
    assert all(drawn[name] == free[name] for name in TRAITS if name not in looks)


@pytest.fixture(scope="module")
def shipped() -> Generator:
    return Generator.load(SHIPPED)


def _made(shipped: Generator, prompt: str, *likenesses: Reference) -> Clip:
    return shipped.generate(replace(ASK, prompt=prompt, likenesses=likenesses), lambda share: None)


def test_hair_is_drawn_as_it_is_described(shipped: Generator) -> None:
    red, white = (_made(shipped, ASK.prompt.replace("red", colour)) for colour in ("red", "white"))
    off = red.frames.astype(int) - white.frames.astype(int)
    changed = np.abs(off).sum(-1) > 90

    assert 0 < changed.mean() < 0.05  # somebody's head and nothing else
    assert off[changed][:, 2].mean() < off[changed][:, 0].mean() - 40
    assert "hair" not in red.not_rendered


def test_a_lent_likeness_is_not_redrawn_by_words(shipped: Generator) -> None:
    face = Reference(np.full((64, 64, 3), 128, np.uint8))
    one, other = (
        _made(shipped, prompt, face)
        for prompt in ("a man walks in the park by day", "a blond man walks in the park by day")
    )

    assert np.array_equal(one.frames, other.frames)
