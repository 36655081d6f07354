"""Noise that moves with the camera."""

from __future__ import annotations

import pytest
import torch

from inference.generator.noise import moving
from inference.generator.plan import FRAMES, MOTION

SIZE = (1, 12, 8, 14, 8)


def still() -> torch.Tensor:
    motion = torch.zeros(1, FRAMES, len(MOTION))
    motion[..., MOTION.index("zoom")] = 1
    return motion


def noise(motion: torch.Tensor) -> torch.Tensor:
    return moving(motion, SIZE, torch.Generator().manual_seed(0))[0]


def likeness(one: torch.Tensor, other: torch.Tensor) -> float:
    return torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1].item()


def test_noise_has_unit_spread_at_any_time() -> None:
    for latent in noise(still()):
        assert latent.std().item() == pytest.approx(1, abs=0.1)


def test_half_of_the_noise_of_a_still_camera_stays() -> None:
    made = noise(still())

    assert likeness(made[0], made[11]) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("pan", "rows"), [(0.25, slice(6, 8)), (0.625, slice(0, 5))])
def test_the_ground_moves_with_a_pan_and_the_distance_by_less(pan: float, rows: slice) -> None:
    motion = still()
    motion[..., MOTION.index("pan")] = torch.linspace(-pan / 2, pan / 2, FRAMES)
    made = noise(motion)[:, rows]
    shift = 2

    assert likeness(made[0][:, shift:], made[11][:, :-shift]) == pytest.approx(0.5, abs=0.15)
    assert likeness(made[0], made[11]) == pytest.approx(0, abs=0.15)


def test_a_zoom_of_two_shows_every_place_of_the_world_twice() -> None:
    motion = still()
    motion[..., MOTION.index("zoom")] = 2
    made = noise(motion)[:, :, 1:13]

    assert likeness(made[:, :, ::2], made[:, :, 1::2]) == pytest.approx(0.5, abs=0.1)


def test_the_same_seed_gives_the_same_noise() -> None:
    assert torch.equal(noise(still()), noise(still()))
