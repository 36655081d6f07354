"""What falls in a clip, before the enlarger draws it."""

from __future__ import annotations

import pytest
import torch

from inference.generator.falling import FALLS, KINDS, falling, weather_of
from inference.train.enlarging import drops
from inference.train.render import render
from inference.train.world import draw

SIZE = (64, 112)


def maps(what: str | None) -> torch.Tensor:
    return falling(what, torch.arange(8), SIZE, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("what", FALLS)
def test_each_drop_moves_as_its_weather_does(what: str) -> None:
    made = maps(what)

    for channel, (name, place) in enumerate(KINDS):
        if name == what:
            fall = FALLS[name][place]
            assert made[0, channel].any()
            moved = made[0, channel].roll((3 * fall.down, 3 * fall.across), (0, 1))
            assert torch.equal(made[3, channel], moved)
        else:
            assert not made[:, channel].any()


@pytest.mark.parametrize("what", [None, "clear", "fog"])
def test_nothing_falls_in_other_weather(what: str | None) -> None:
    assert not maps(what).any()


def test_the_deep_has_bubbles_whatever_the_weather() -> None:
    assert weather_of({"weather": "clear", "setting": "underwater"}) == "underwater"
    assert weather_of({"weather": "rain", "setting": "city"}) == "rain"
    assert weather_of({"weather": "clear", "setting": "city"}) is None


def test_the_maps_of_a_scene_are_where_it_is_drawn() -> None:
    rainy = (scene for scene in map(draw, range(4000)) if scene.weather == "rain" and scene.style == "photographic")
    scene = next(scene for scene in rainy if scene.setting == "forest")
    grey = render(scene, 1, [7])[0][0].float().mean(-1)
    rows, columns = torch.nonzero(drops(scene, torch.tensor([7]))[0, 0], as_tuple=True)
    inside = grey[(rows + 3) % grey.shape[0], columns]
    beside = grey[(rows + 3) % grey.shape[0], (columns + 4) % grey.shape[1]]

    assert inside.mean() > beside.mean() + 10
