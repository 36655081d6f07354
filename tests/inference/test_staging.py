"""Backdrops behind frames: when one is drawn, where it stands before what was decoded, and where it does not."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from inference.generator.asking import SourceClip
from inference.generator.backdrop import Backdrop, BackdropShape, Given, drawn
from inference.generator.plan import MOTION, Ground
from inference.generator.plate import looked_up, square
from inference.generator.staging import SPAN, Hung, Scenery, continued, hung, staged, stands
from inference.train.plans import attributes, motion
from inference.train.render import empty, render, size
from inference.train.scenery import GROUNDS
from inference.train.world import draw

SCENE = replace(
    draw(3), subject="ball", colour="red", size="small", setting="city", action="flies", weather="clear",
    camera="still", portrait=False, time="day", style="photographic",
)  # fmt: skip
PAN = MOTION.index("pan")
CITY = Ground(*GROUNDS["city"])


def blurred(pictures: torch.Tensor) -> torch.Tensor:
    """Frames (T,H,W,3), each pixel the mean of those around it."""
    return F.avg_pool2d(pictures.permute(0, 3, 1, 2), 5, 1, 2, count_include_pad=False).permute(0, 2, 3, 1)


def units(pictures: torch.Tensor) -> torch.Tensor:
    return pictures.float() / 127.5 - 1


def painted(scene, frame: int, is_shaded: bool = False) -> Hung:
    """The backdrop that a perfect network would draw."""
    fine = units(empty(scene, 1, [frame], is_shaded))
    rough = blurred(units(empty(scene, 1, [frame], is_shaded=False)))
    everywhere = torch.ones(rough.shape[1:3])
    return Hung(fine[0].permute(2, 0, 1), rough[0].permute(2, 0, 1), motion(scene)[frame], CITY, frame, everywhere)


def error(one: torch.Tensor, other: torch.Tensor) -> float:
    return (one - other).abs().mean().item()


def test_a_still_camera_needs_one_backdrop_for_four_seconds_and_one_that_moves_more() -> None:
    still = motion(SCENE)
    panned, zoomed = (motion(replace(SCENE, camera=camera)) for camera in ("pan left", "zoom in"))

    assert stands(still) == [23] or stands(still) == [24]
    assert len(stands(torch.cat([still] * 3))) == 3
    assert len(stands(panned)) >= 3
    assert len(stands(zoomed)) >= 3
    assert all(0 <= frame < SPAN for frame in stands(panned))


@pytest.mark.parametrize("camera", ["still", "pan left", "zoom in"])
def test_what_was_decoded_gives_way_to_what_was_drawn(camera: str) -> None:
    scene = replace(SCENE, camera=camera)
    moves = motion(scene)
    world = units(empty(scene, 1, range(48), is_shaded=False))
    soft = blurred(world)

    made = staged(soft, moves, [painted(scene, frame) for frame in stands(moves)])

    middle = slice(2, -2), slice(4, -4)
    assert error(made[:, *middle], world[:, *middle]) < 0.6 * error(soft[:, *middle], world[:, *middle])


def marked(scene) -> tuple[torch.Tensor, torch.Tensor]:
    """Soft frames (48,H,W,3) of an empty scene with something bright on the ground in the tenth, and where it is."""
    soft = blurred(units(empty(scene, 1, range(48), is_shaded=False)))
    high, wide = size(scene)
    far = square(motion(scene), (high, wide), 3.0)[10] < 0.01
    place = torch.zeros(high, wide, dtype=torch.bool)
    place[-12:-4, 2:22] = True
    place &= far
    assert place.sum() > 60
    soft[10][place] = torch.tensor([1.0, -1.0, 1.0])
    return soft, place


def test_the_world_is_the_backdrops_whatever_was_decoded_there() -> None:
    soft, place = marked(SCENE)

    made = staged(soft, motion(SCENE), [painted(SCENE, 24)])

    world = units(empty(SCENE, 1, [10], is_shaded=False))[0]
    assert error(made[10][place], world[place]) < 0.05


def crested(speed: float) -> tuple[torch.Tensor, Hung]:
    """Soft frames (48,H,W,3) of an empty sea, and a backdrop of it with one bright crest on water of that speed."""
    sea = replace(SCENE, setting="sea")
    moves, soft = motion(sea), blurred(units(empty(sea, 1, range(48), is_shaded=False)))
    fine = soft[0].permute(2, 0, 1).clone()
    fine[:, 52:54, 40:46] += 0.5
    ground = Ground(*GROUNDS["sea"][:2], (speed, speed))
    return soft, Hung(fine, soft[0].permute(2, 0, 1), moves[0], ground, 0, torch.ones(fine.shape[1:]))


def test_water_flows_on_in_a_backdrop_and_never_leaves() -> None:
    sea, speed = motion(replace(SCENE, setting="sea")), 0.4
    soft, one = crested(speed)

    made = staged(soft, sea, [one])

    extra = (made - staged(soft, sea, [replace(one, drawn=soft[0].permute(2, 0, 1))])).mean(-1)[:, 50:56].sum(1)
    assert extra[3].argmax() - extra[0].argmax() == pytest.approx(speed * 3 / 12 * 64, abs=2)
    assert (extra.argmax(1) - extra[0].argmax()).abs().max() < 0.5 * speed * 2 * 64  # it fades before it is far
    assert extra.amax(1).min() > 0.5 * extra[0].max()
    assert torch.equal(made[:, :40], staged(soft, sea, [replace(one, ground=Ground(*GROUNDS["sea"][:2]))])[:, :40])


def test_water_is_as_it_was_drawn_where_a_clip_goes_on_and_stands_where_nothing_flows() -> None:
    sea = motion(replace(SCENE, setting="sea"))
    soft, one = crested(0.2)
    drawn_at, still = staged(soft, sea, [one], drawn_at=15), staged(soft, sea, [crested(0.0)[1]])

    assert error(drawn_at[15], still[15]) < 1e-4
    assert error(drawn_at[15], drawn_at[21]) > 1e-3


def test_a_rim_does_not_flow() -> None:
    sea = motion(replace(SCENE, setting="sea"))
    soft, one = crested(0.2)
    one.drawn[:, :, :6] = 1.0

    made = staged(soft, sea, [replace(one, rim=0.84)])

    still = staged(soft, sea, [replace(one, rim=0.84, ground=Ground(*GROUNDS["sea"][:2]))])
    assert torch.equal(made[:, :, :4], still[:, :, :4])
    assert made[:, 46:, 12:30].amax() < 0.9


def test_a_remix_keeps_what_differs_from_its_backdrop() -> None:
    soft, place = marked(SCENE)

    half = staged(soft, motion(SCENE), [painted(SCENE, 24)], 0.5)

    inner = F.avg_pool2d(place[None, None].float(), 5, 1, 2)[0, 0] > 0.99
    assert error(half[10][inner], soft[10][inner]) < 0.02


def test_a_pan_shows_one_world_even_where_what_was_decoded_is_another() -> None:
    """Decoded frames that do not pan at all: what the first backdrop shows still goes by as the camera does."""
    scene = replace(SCENE, setting="room", camera="pan left")
    moves, ground = motion(scene), Ground(*GROUNDS["room"])
    standing = blurred(units(empty(scene, 1, [0], is_shaded=False))).expand(48, -1, -1, -1)

    done = hung(Backdrop(BackdropShape()), standing, Scenery(torch.tensor([attributes(scene)]), moves, ground), 1, None)

    assert [one.frame for one in done] == stands(moves)
    for one, other in pairwise(done):
        at = looked_up(other.motion[None], one.motion, size(scene), ground)
        found = F.grid_sample(one.drawn[None], at, align_corners=False)[0]
        is_seen = (at.abs() < 0.97).all(-1)[0]
        assert error(found[:, is_seen], other.drawn[:, is_seen]) < 1e-3


def test_the_subject_as_it_was_decoded_is_gone_and_its_shadow_stays() -> None:
    scene = replace(SCENE, action="spins")
    moves = motion(scene)
    decoded, truth = units(render(scene)[0]), units(empty(scene, 1, range(48), is_shaded=True))

    made = staged(decoded, moves, [replace(painted(scene, 24, is_shaded=True), blurred=decoded[24].permute(2, 0, 1))])

    on = square(moves, size(scene), 1.0)[5] > 0.9
    is_red = made[5][..., 0] - made[5][..., 1:].amax(-1) > 0.5
    assert (is_red & on).sum() < 0.1 * on.sum()
    near = square(moves, size(scene), 1.4)[5] > 0.9
    assert error(made[5][near], truth[5][near]) < 0.4 * error(decoded[5][near], truth[5][near])


def test_a_share_lays_on_no_more_than_that() -> None:
    moves = motion(SCENE)
    soft = blurred(units(empty(SCENE, 1, range(4), is_shaded=False)))

    nothing, half, whole = (staged(soft, moves[:4], [painted(SCENE, 2)], share) for share in (0.0, 0.5, 1.0))

    assert torch.equal(nothing, soft)
    assert error(half, (soft + whole) / 2) < 0.2 * error(soft, whole)


@pytest.mark.parametrize("use", ["extend", "reference"])
def test_a_clip_goes_on_from_the_picture_it_is_given(use) -> None:
    scene = replace(SCENE, style="animation")
    moves = motion(scene)
    fine = empty(scene, 1, range(16), is_shaded=False).numpy()
    soft = blurred(units(empty(scene, 1, range(48), is_shaded=False)))
    source = SourceClip(fine if use == "extend" else fine[-1:], 12, use)

    scenery = Scenery(torch.tensor([attributes(scene)]), moves, CITY)
    before = continued(source, soft, scenery)

    assert before is not None
    assert before.frame == (15 if use == "extend" else 0)
    assert error(before.drawn, units(torch.from_numpy(fine[-1])).permute(2, 0, 1)) < 1e-6
    assert before.is_world[32, 2] > 0.9 or before.is_world[2, 2] > 0.9
    model = Backdrop(BackdropShape())
    with_it, without = (hung(model, soft, scenery, 1, one)[0].drawn for one in (before, None))
    is_far = (square(moves[24:25], size(scene), 2.5) < 0.01)[0]
    assert error(with_it[:, is_far], before.drawn[:, is_far]) < 0.9 * error(without[:, is_far], before.drawn[:, is_far])


def gone_on(use: str, decoded: torch.Tensor) -> torch.Tensor:
    """Where (H,W) the first backdrop of decoded frames (48,H,W,3) is what a film or an image of a room showed."""
    there = empty(replace(SCENE, setting="room"), 1, range(16), is_shaded=False).numpy()
    scenery = Scenery(torch.tensor([attributes(SCENE)]), motion(SCENE), CITY)
    begun = units(torch.from_numpy(there[:1])).expand(48, -1, -1, -1)
    before = continued(SourceClip(there if use == "extend" else there[:1], 12, use), begun, scenery)
    assert before is not None
    made = hung(Backdrop(BackdropShape()), decoded, scenery, 1, before)[0]
    return (made.drawn - before.drawn).abs().mean(0) < 1e-6


def test_an_image_that_was_lost_lasts_and_a_film_may_go_elsewhere() -> None:
    elsewhere = torch.ones(48, *size(SCENE), 3)  # nothing but white
    is_free = (square(motion(SCENE)[:1], size(SCENE), 1.5) < 0.01)[0]

    assert gone_on("reference", elsewhere)[is_free].float().mean() > 0.95
    assert gone_on("extend", elsewhere)[is_free].float().mean() < 0.3


@pytest.mark.parametrize("use", ["extend", "reference"])
def test_what_left_a_picture_that_is_known_is_not_in_its_backdrop(use) -> None:
    """The subject of an image that stood elsewhere than was planned, say."""
    high, wide = size(SCENE)
    decoded = units(empty(replace(SCENE, setting="room"), 1, [0], is_shaded=False)).repeat(48, 1, 1, 1)
    place = (square(motion(SCENE)[:1], (high, wide), 1.5) < 0.01)[0]
    place[:, : wide // 2] = False
    place[: high // 2] = False
    assert place.sum() > 100
    decoded[:, place] = torch.tensor([1.0, -1.0, 1.0])

    is_kept = gone_on(use, decoded)

    inner = F.avg_pool2d(place[None, None].float(), 5, 1, 2)[0, 0] > 0.99
    assert not is_kept[inner].any()
    is_far = (
        F.max_pool2d(place[None, None].float(), 9, 1, 4)[0, 0] + square(motion(SCENE)[:1], (high, wide), 1.5)[0] < 0.01
    )
    assert is_kept[is_far].float().mean() > 0.85


def test_a_rim_stays_at_the_screens_edge_while_the_camera_moves() -> None:
    scene = replace(SCENE, setting="room", camera="pan left")
    moves, ground = motion(scene), Ground(*GROUNDS["room"])
    high, wide = size(scene)
    world = units(empty(scene, 1, [24], is_shaded=False))[0].permute(2, 0, 1).clone()
    world[:, :, -3:] = 1.0  # bare paper on the right
    one = Hung(world, world, moves[24], ground, 24, torch.ones(high, wide), rim=0.94)
    bright = torch.full((48, high, wide, 3), 1.5)  # so that nothing is taken for a shadow

    made = staged(bright, moves, [one])

    assert (made[:, :, -2:] > 0.99).all()
    assert (made[10:40, 8:-8, 20:-20] < 0.99).float().mean() > 0.95  # and has not come into the world


def test_remixes_and_clips_from_nothing_go_on_from_no_picture() -> None:
    frames, pictures = np.zeros((16, 32, 32, 3), np.uint8), torch.zeros(48, 64, 112, 3)
    scenery = Scenery(torch.tensor([attributes(SCENE)]), motion(SCENE), CITY)

    assert continued(None, pictures, scenery) is None
    assert continued(SourceClip(frames, 12, "remix"), pictures, scenery) is None


def given(is_sharp: float) -> Given:
    return Given(
        torch.zeros(1, 3, 32, 56), torch.zeros(1, 1, 32, 56), torch.full((1, 3, 32, 56), 0.5),
        torch.full((1, 1, 32, 56), is_sharp), torch.tensor([attributes(SCENE)]), motion(SCENE)[:1],
    )  # fmt: skip


def test_what_is_known_to_be_sharp_stays_as_it_is() -> None:
    assert torch.equal(drawn(Backdrop(BackdropShape()), given(1.0), 1), given(1.0).sharp)


def test_every_cell_is_told_whether_its_subject_hides_it_and_where_it_lies() -> None:
    model, open_world = Backdrop(BackdropShape()), given(0.0)
    hidden = replace(open_world, hidden=torch.ones_like(open_world.hidden))
    panned = replace(open_world, motion=open_world.motion + torch.eye(len(MOTION))[PAN])

    told = [model.told(one) for one in (open_world, hidden, panned)]

    assert told[0].shape == (1, 4 * 7, 3 * 64 + 16 + 2 + 30)
    assert not torch.allclose(told[0], told[1])
    assert not torch.allclose(told[0], told[2])


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    model = Backdrop(BackdropShape())

    first, again, other = (drawn(model, given(0.0), seed) for seed in (1, 1, 2))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (1, 3, 32, 56)
