"""What is behind the subject: looked up in frames where it is elsewhere, as far off as its setting recedes, and in the
subject's shadow."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from inference.generator.plan import Ground
from inference.generator.plate import behind, looked_up, shade, square
from inference.train.plans import ATTRIBUTES, motion
from inference.train.render import empty, render, size
from inference.train.scenery import GROUNDS
from inference.train.world import draw

CROSSING = replace(
    draw(3), subject="ball", colour="red", size="small", setting="meadow", action="flies", weather="clear",
    camera="still", portrait=False, time="day", style="photographic",
)  # fmt: skip
MEADOW = Ground(*GROUNDS["meadow"])
FRAME = 20


def units(pictures: torch.Tensor) -> torch.Tensor:
    return pictures.float() / 127.5 - 1


def on_subject(scene, reach: float) -> torch.Tensor:
    return square(motion(scene), size(scene), reach)[FRAME] > 0.5


@pytest.mark.parametrize("camera", ["still", "pan left", "zoom in"])
def test_behind_a_subject_that_crosses_stands_what_other_frames_show_there(camera: str) -> None:
    scene = replace(CROSSING, camera=camera)
    pictures, truth = units(render(scene)[0]), units(empty(scene, 1, [FRAME], is_shaded=False))[0]

    world, seen = behind(pictures, motion(scene), MEADOW, FRAME)

    is_on = on_subject(scene, 0.8)
    after, before = ((one - truth).abs().mean(-1)[is_on].mean() for one in (world.permute(1, 2, 0), pictures[FRAME]))
    assert is_on.sum() > 200
    assert after < 0.2 * before
    assert seen[is_on].min() >= 1


def test_behind_a_subject_that_crosses_lies_no_shadow_of_it() -> None:
    bare, shaded = (units(empty(CROSSING, 1, [FRAME], is_shaded=which))[0].mean(-1) for which in (False, True))

    world, _ = behind(units(render(CROSSING)[0]), motion(CROSSING), MEADOW, FRAME)

    is_shadow = bare - shaded > 0.2
    assert is_shadow.sum() > 30
    assert (bare - world.mean(0))[is_shadow].mean() < 0.15 * (bare - shaded)[is_shadow].mean()


def test_of_what_a_subject_hides_that_stays_nothing_is_known() -> None:
    scene = replace(CROSSING, action="spins")
    pictures = units(render(scene)[0])

    world, seen = behind(pictures, motion(scene), MEADOW, FRAME)

    is_on = on_subject(scene, 0.8)
    assert seen[is_on].max() < 0.1
    assert torch.allclose(world.permute(1, 2, 0)[is_on], pictures[FRAME][is_on], atol=1e-3)


def panned(scene, ground: Ground) -> float:
    """How far the last frame of an empty world is from what the first shows of it."""
    moves = motion(scene)
    world = units(empty(scene, 1, [0, 47], is_shaded=False)).permute(0, 3, 1, 2)
    at = looked_up(moves[47:], moves[0], size(scene), ground)
    found = F.grid_sample(world[:1], at, align_corners=False)
    is_seen = (at.abs() < 0.98).all(-1)[0]
    assert is_seen.sum() > 1000
    return (found - world[1:]).abs().mean(1)[0][is_seen].mean().item()


@pytest.mark.parametrize("setting", ATTRIBUTES["setting"])
def test_what_a_pan_saw_of_a_setting_is_found_where_that_setting_recedes_to(setting: str) -> None:
    # Photographs have darker corners, which stay where they are.
    scene = replace(CROSSING, setting=setting, camera="pan left", style="animation")

    true, common = panned(scene, Ground(*GROUNDS[setting])), panned(scene, Ground())

    assert true < (0.1 if setting in ("room", "space") else 0.8) * common


def test_a_shadow_is_the_light_that_the_ground_lacks_below_the_subject() -> None:
    scene = replace(CROSSING, action="spins")
    bare, shaded = (units(empty(scene, 1, [FRAME], is_shaded=which)) for which in (False, True))
    moves = motion(scene)[FRAME : FRAME + 1]

    found = shade(shaded, bare, moves)[0]

    truth = 1 - ((shaded + 1).mean(-1) / (bare + 1).mean(-1))[0]
    is_shadow = truth > 0.25
    assert is_shadow.sum() > 50
    assert found[is_shadow].mean() > 0.5 * truth[is_shadow].mean()
    assert found[truth < 0.01].mean() < 0.01
    elsewhere = bare.clone()
    elsewhere[:, :, :10] -= 0.6  # dark, and not below the subject
    assert shade(elsewhere, bare, moves)[0].max() < 0.01
    assert shade(bare, shaded, moves)[0].max() < 0.01  # light is no shadow
