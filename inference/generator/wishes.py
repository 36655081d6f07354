"""What is to be in a clip: what its prompt says, what was chosen beside it, what is usual where nothing is said, and
what is refused. It decides; it plans and draws nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from inference.generator.asking import Ask
from inference.generator.filling import Said, Scenes, filled
from inference.generator.likeness import PEOPLE

# What a clip is where its prompt says nothing else: nobody who asks for a dog expects snow or a moving camera.
USUAL = {"weather": "clear", "camera": "still"}


class Reads(Protocol):
    """What reads a text: the value of each attribute that it speaks of."""

    def read(self, text: str) -> Said: ...


@dataclass(frozen=True)
class World:
    """The values of each attribute, how many a plan has room for, and the scenes that there are."""

    attributes: dict[str, Sequence[str]]
    values: int
    scenes: Scenes


@dataclass(frozen=True)
class Wish:
    """What a plan is made around, and which values (10,values) bool the rest of it may have."""

    said: Said
    allowed: Tensor


def wish(reader: Reads, world: World, ask: Ask, prompts: tuple[str, str]) -> Wish:
    """What a request whose prompt and negative prompt are read as `prompts` asks for.

    What was chosen beside the words goes before them. Nothing that is said can be refused, and an attribute of which
    all values would be refused keeps them. What a source shows is not made up.
    """
    said = reader.read(prompts[0])
    said |= _chosen(ask, said)
    refused = {pair for part in clauses(prompts[1]) for pair in reader.read(part).items()} - set(said.items())
    if not ask.source:
        usual = {name: value for name, value in USUAL.items() if name in world.attributes}
        said = {name: value for name, value in usual.items() if (name, value) not in refused} | said
        said = filled(said, world.scenes, refused, ask.seed)
    return Wish(said, _allowed(world, refused))


def _chosen(ask: Ask, said: Said) -> Said:
    """The style, and a person where somebody given has to be there."""
    style = {} if ask.style is None else {"style": ask.style}
    is_somebody = not ask.likenesses or said.get("subject") in PEOPLE
    return style if is_somebody else style | {"subject": PEOPLE[0]}


def _allowed(world: World, refused: set[tuple[str, str]]) -> Tensor:
    allowed = torch.zeros(len(world.attributes), world.values, dtype=torch.bool)
    for row, (name, values) in enumerate(world.attributes.items()):
        left = [place for place, value in enumerate(values) if (name, value) not in refused]
        allowed[row, left or range(len(values))] = True
    return allowed


def clauses(text: str) -> list[str]:
    """The parts of a list of things, as negative prompts are written: each of them may say another value."""
    return [part for part in re.split(r"[,;.\n]|\b(?:and|or|et|ou|ni)\b", text) if part.strip()]
