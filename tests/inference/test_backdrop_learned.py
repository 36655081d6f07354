"""What the shipped backdrop has learned, on worlds that it was not taught with, worn by plain arithmetic."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from inference import weights
from inference.generator.backdrop import Backdrop, BackdropShape, Given, drawn
from inference.generator.plate import square
from inference.train.backdrops import crispness
from inference.train.plans import attributes, motion
from inference.train.render import empty, render
from inference.train.world import draw

WEIGHTS = Path(__file__).parents[2] / "inference/weights/generator"
SCENES = [replace(draw(seed), portrait=False) for seed in range(900_000, 900_012)]
FRAME = 20


@pytest.fixture(scope="module")
def model() -> Backdrop:
    made = Backdrop(BackdropShape(**weights.manifest(WEIGHTS)["config"]["backdrop"])).eval()
    made.load_state_dict(weights.load_safetensors(WEIGHTS, "backdrop.safetensors"))
    return made


def pictures(frames: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat(frames).permute(0, 3, 1, 2).float() / 127.5 - 1


def worn(sharp: torch.Tensor) -> torch.Tensor:
    """As coarse as what is decoded: each pixel a mean of many."""
    return F.interpolate(F.avg_pool2d(sharp, 10, 8, 1), sharp.shape[2:], mode="bicubic", align_corners=False).clamp(
        -1, 1
    )


@pytest.fixture(scope="module")
def worlds() -> tuple[torch.Tensor, Given]:
    """Worlds (12,3,128,224) with their shadows, and what is given of them: worn pictures with the subject in them."""
    real = pictures([empty(scene, 2, [FRAME], is_shaded=True) for scene in SCENES])
    seen = worn(pictures([render(scene, 2, [FRAME], is_dry=True)[0] for scene in SCENES]))
    moves = torch.stack([motion(scene)[FRAME] for scene in SCENES])
    hidden = square(moves, real.shape[2:], 1.5)[:, None]
    said = torch.tensor([attributes(scene) for scene in SCENES])
    return real, Given(seen, hidden, torch.zeros_like(real), torch.zeros_like(hidden), said, moves)


def test_what_it_draws_is_crisper_than_what_it_was_given_and_no_more_than_the_world(model, worlds) -> None:
    real, given = worlds
    is_open = given.hidden[:, 0] < 0.01

    made = drawn(model, given, 1)

    before, after = (crispness(one, is_open) / crispness(real, is_open) for one in (given.blurred, made))
    assert before < 0.6
    assert 1.3 * before < after < 1.1


def test_where_the_subject_stood_it_draws_the_world(model, worlds) -> None:
    real, given = worlds

    made = drawn(model, given, 1)

    before, after = (((one - real).abs() * given.hidden).mean() for one in (given.blurred, made))
    assert after < 0.8 * before


def test_it_keeps_what_is_known_and_goes_on_from_it(model, worlds) -> None:
    real, given = worlds
    is_known = torch.zeros_like(given.is_sharp)
    is_known[..., 70:] = 1

    made = drawn(model, replace(given, sharp=real, is_sharp=is_known, hidden=given.hidden * (1 - is_known)), 1)

    assert torch.equal(made[..., 70:], real[..., 70:])
    seam, there = (one[..., 69] - one[..., 70] for one in (made, real))
    assert seam.abs().mean() < 2 * there.abs().mean() + 0.05


def test_from_little_but_colours_it_draws_a_crisp_world(model, worlds) -> None:
    real, given = worlds
    low = F.interpolate(F.avg_pool2d(given.blurred, 16), real.shape[2:], mode="bicubic", align_corners=False)
    is_open = given.hidden[:, 0] < 0.01

    made = drawn(model, replace(given, blurred=low), 1)

    before, after = (crispness(one, is_open) / crispness(real, is_open) for one in (low, made))
    assert before < 0.4
    assert 0.6 < after < 1.2
    assert (made - low).abs().mean() < 0.15  # and colours stay where they were
