"""Planned motion made even: a tremble goes, the renderer's own motion stays, and impacts are where the ground is."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from inference.generator.plan import FRAMES, MOTION
from inference.generator.steadying import LANDS, STEPS, steadied
from inference.train.plans import motion
from inference.train.world import SETTINGS, SUBJECTS, Scene, draw

FREE = torch.ones(1, FRAMES, dtype=torch.bool)
IMPACT, Y, PAN = (MOTION.index(name) for name in ("impact", "y", "pan"))
GAIT = [MOTION.index("gait sin"), MOTION.index("gait cos")]
MARGIN = 1  # frames at both ends, where half of an impact is cut off


def steady(path: Tensor, scene: Scene, free: Tensor = FREE) -> Tensor:
    return steadied(path, free, {"action": scene.action, "setting": scene.setting})


def scenes(deed: str, count: int) -> list[Scene]:
    """Scenes of a deed above ground."""
    able = [name for name, (_, deeds) in SUBJECTS.items() if deed in deeds]
    drawn = [
        replace(draw(seed), subject=able[seed % len(able)], action=deed, setting="meadow") for seed in range(count)
    ]
    return [replace(scene, camera="still") for scene in drawn]


def moments(column: Tensor) -> list[float]:
    """Frames of the impacts in a column (48,), those shared by two frames between them."""
    found, place = [], 0
    while place < len(column):
        weight = column[place].item()
        if weight > 0.02:
            after = column[place + 1].item() if place + 1 < len(column) and weight < 0.999 else 0.0
            found.append(place + after / (weight + after))
            place += after > 0
        place += 1
    return found


def inside(moments: list[float]) -> list[float]:
    return [at for at in moments if MARGIN <= at <= FRAMES - 1 - MARGIN]


@pytest.mark.parametrize("deed", [*STEPS, *LANDS])
def test_impacts_of_drawn_motion_are_found_where_the_renderer_has_them(deed: str) -> None:
    for scene in scenes(deed, 40):
        path = motion(scene)[None]

        wanted, found = moments(path[0, :, IMPACT]), moments(steady(path, scene)[0, :, IMPACT])

        assert inside(wanted)
        assert all(min(abs(one - other) for other in found) < 0.5 for one in inside(wanted)), scene
        assert all(min(abs(one - other) for other in wanted) < 0.5 for one in inside(found)), scene


@pytest.mark.parametrize("deed", STEPS)
def test_feet_of_a_trembling_gait_are_set_down_evenly_and_lowest(deed: str) -> None:
    for scene in scenes(deed, 10):
        path = motion(scene)[None]
        path[..., GAIT] += 0.3 * torch.randn(path[..., GAIT].shape, generator=torch.Generator().manual_seed(scene.seed))
        path[..., IMPACT] = torch.rand(1, FRAMES, generator=torch.Generator().manual_seed(scene.seed))

        made = steady(path, scene)
        heard = inside(moments(made[0, :, IMPACT]))
        apart = torch.tensor(heard).diff()

        assert (apart - apart.mean()).abs().max() < 0.3
        assert made[0, [round(at) for at in heard], Y].mean() > made[0, :, Y].mean()  # y grows downward
        wanted = inside(moments(motion(scene)[:, IMPACT]))
        assert sum(min(abs(one - other) for other in heard) < 1 for one in wanted) > 0.8 * len(wanted)


@pytest.mark.parametrize("setting", ["space", "underwater"])
def test_nothing_is_struck_where_nothing_could_be_heard(setting: str) -> None:
    assert setting in SETTINGS
    scene = replace(scenes("bounces", 1)[0], setting=setting)
    path = motion(scenes("bounces", 1)[0])[None]
    path[..., IMPACT] = 0

    assert not steady(path, scene)[..., IMPACT].any()


def test_a_path_that_hardly_falls_does_not_land() -> None:
    scene = scenes("bounces", 1)[0]
    path = motion(scene)[None]
    path[..., Y] = path[..., Y].mean() + 0.01 * torch.randn(1, FRAMES, generator=torch.Generator().manual_seed(2))

    assert not steady(path, scene)[..., IMPACT].any()


@pytest.mark.parametrize("deed", sorted({deed for _, deeds in SUBJECTS.values() for deed in deeds}))
def test_drawn_motion_stays_as_it_is(deed: str) -> None:
    for scene in scenes(deed, 5):
        path = motion(scene)[None]

        off = (steady(path, scene) - path).abs()

        assert off[..., :9].max() < 0.1, scene
        assert off[..., :9].mean() < 0.01, scene


def test_a_tremble_of_path_and_camera_goes_and_a_straight_path_stays() -> None:
    straight = torch.zeros(1, FRAMES, len(MOTION))
    straight[0, :, 0], straight[0, :, PAN] = torch.linspace(-1, 1, FRAMES), torch.linspace(0, 0.3, FRAMES)
    straight[..., [MOTION.index("turn cos"), MOTION.index("gait cos")]] = 1
    trembling = straight + 0.02 * torch.randn(straight.shape, generator=torch.Generator().manual_seed(1))
    scene = replace(draw(3), action="sails")

    calm = steady(trembling, scene)

    assert torch.allclose(steady(straight, scene), straight, atol=1e-3)
    for column in (0, PAN):
        assert (calm - straight)[..., column].std() < 0.5 * (trembling - straight)[..., column].std()


@pytest.mark.parametrize("deed", ["walks", "bounces", "sails"])
def test_what_stands_is_not_touched_and_gait_goes_on_from_it(deed: str) -> None:
    scene = scenes(deed, 4)[3]
    path = motion(scene)[None]
    trembling = path + 0.05 * torch.randn(path.shape, generator=torch.Generator().manual_seed(1))
    free = torch.arange(FRAMES)[None] >= 16
    standing = torch.where(free[..., None], trembling, path)

    made = steady(standing, scene, free)

    assert torch.equal(made[:, :16], path[:, :16])
    assert (made[0, 16, GAIT] - path[0, 16, GAIT]).norm() < 0.25


@pytest.mark.parametrize("deed", ["flies", "circles", "bounces"])
def test_a_path_planned_elsewhere_begins_where_what_stands_ended(deed: str) -> None:
    (scene,), count = scenes(deed, 1), 16
    path, free = motion(scene)[None], FREE.clone()
    free[:, :count] = False
    away = path.clone()
    away[:, count:, 0] += 0.3

    made = steady(away, scene, free)[0, :, 0]

    straight = 2 * made[count - 1] - made[count - 2]
    assert abs(made[count] - straight) < 0.03
    assert made[-1] == pytest.approx(away[0, -1, 0].item(), abs=0.02)
