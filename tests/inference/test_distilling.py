"""The pupil's long step against its teacher's two short ones."""

from __future__ import annotations

import random

import pytest
import torch
from torch import Tensor, nn

from inference.generator.plan import FRAMES, MOTION
from inference.generator.transformer import Condition
from inference.train.distilling import FEW, loss, spans
from inference.train.flow import Batch


class Field(nn.Module):
    """A velocity that is `slope` times the state, plus one: straight where the slope is zero. One slope cannot make
    steps of every length land exactly, only nearer."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, video: Tensor, audio: Tensor, time: Tensor, condition: Condition) -> tuple[Tensor, Tensor]:
        return self.slope * video + 1, self.slope * audio + 1


def a_batch(is_given: bool = False) -> Batch:
    torch.manual_seed(0)
    seen = torch.full((2, 12), is_given)
    nothing = torch.zeros(2, 1)
    condition = Condition(*[nothing] * 3, seen, torch.full((2, 24), is_given), *[nothing] * 5)
    motion = torch.zeros(2, FRAMES, len(MOTION))
    motion[..., MOTION.index("zoom")] = 1
    return Batch(torch.randn(2, 12, 4, 6, 8), torch.randn(2, 24, 24), torch.ones(2, 12, 4, 6, 1), motion, condition)


def differs(pupil: Field, teacher: Field, made: Batch) -> float:
    return sum(part.item() for part in loss(pupil, teacher, made, random.Random(1)))


def test_along_straight_lines_one_step_is_two() -> None:
    assert differs(Field(0.0), Field(0.0), a_batch()) == pytest.approx(0, abs=1e-9)


def test_along_bent_lines_the_pupil_has_to_learn() -> None:
    pupil, teacher, made = Field(2.0), Field(2.0), a_batch()
    before = differs(pupil, teacher, made)
    optimiser = torch.optim.Adam(pupil.parameters(), 0.1)
    for _ in range(30):
        optimiser.zero_grad()
        sum(loss(pupil, teacher, made, random.Random(1))).backward()
        optimiser.step()

    assert before > 0.01
    assert differs(pupil, teacher, made) < 0.6 * before


def test_what_is_given_is_not_learned_from() -> None:
    assert differs(Field(0.0), Field(3.0), a_batch(is_given=True)) == 0


def test_steps_are_those_the_few_step_recipe_takes() -> None:
    begin, end = spans(random.Random(0), 400)

    assert (begin > end).all()
    assert begin.max() == 1
    assert end.min() == 0
    assert len(set(begin[begin > 0.999].tolist())) == 1
    assert FEW.steps == 4
