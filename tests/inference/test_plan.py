"""Plans at a tiny size with random weights: what stands stays, and a place knows where on the subject it lies."""

import math
from dataclasses import replace

import pytest
import torch

from inference.generator.enlarger import GAIT, SCALE, Enlarger, EnlargerShape, local
from inference.generator.plan import (
    FRAMES,
    MOTION,
    Hints,
    Plan,
    Planner,
    PlanShape,
    apparent,
    beats,
    centred,
    made,
    places,
    settled,
    units,
)
from inference.train.enlarging import LARGE
from inference.train.plans import ATTRIBUTES, COUNTS, attributes, impacts, motion
from inference.train.render import render, size
from inference.train.world import Scene, draw

SHAPE = PlanShape(width=16, depth=1, heads=2)
KINDS, SPANS = len(COUNTS), 12
ALLOWED = torch.arange(16) < torch.tensor(COUNTS)[:, None]


def hints(**changes: torch.Tensor) -> Hints:
    """Hints that say nothing, with some changed."""
    blank = Hints(
        torch.zeros(1, dtype=torch.long),
        torch.zeros(1, KINDS, dtype=torch.bool),
        torch.zeros(1, FRAMES, len(MOTION), dtype=torch.bool),
    )
    return replace(blank, **changes)


def planned(*scenes: Scene) -> Plan:
    return Plan(torch.tensor([attributes(s) for s in scenes]), torch.stack([motion(s) for s in scenes]))


@pytest.fixture
def planner() -> Planner:
    torch.manual_seed(0)
    model = Planner(SHAPE).eval().requires_grad_(False)
    for weight in model.parameters():
        weight.copy_(0.2 * torch.randn_like(weight))
    return model


def test_a_plan_comes_back_whole_from_its_numbers() -> None:
    plan = planned(*map(draw, range(40)))

    back = settled(*units(plan, 16), ALLOWED)

    assert torch.equal(back.attributes, plan.attributes)
    assert torch.allclose(back.motion, plan.motion, atol=1e-4)


def test_no_value_outside_an_attributes_list_is_ever_planned() -> None:
    bits = torch.zeros(1, KINDS, 16)
    bits[..., 15] = 9.0

    plan = settled(bits, torch.zeros(1, SPANS, 4 * len(MOTION)), ALLOWED)

    assert all(int(place) < count for place, count in zip(plan.attributes[0], COUNTS, strict=True))


def test_what_stands_of_a_plan_stays_as_it_was(planner: Planner) -> None:
    known = planned(draw(4))
    is_set = torch.ones(1, KINDS, dtype=torch.bool)
    is_moved = (torch.arange(FRAMES)[:, None] < 16).expand(1, FRAMES, len(MOTION))

    plan = made(planner, hints(is_set=is_set, is_moved=is_moved), (known, 3), ALLOWED)

    assert torch.equal(plan.attributes, known.attributes)
    assert torch.allclose(plan.motion[0, :16, :6], known.motion[0, :16, :6], atol=1e-4)
    assert not torch.allclose(plan.motion[0, 16:, :2], known.motion[0, 16:, :2], atol=1e-2)


def test_a_single_number_that_stands_stays_and_moves_the_others(planner: Planner) -> None:
    known = planned(draw(4))
    is_moved = torch.zeros(1, FRAMES, len(MOTION), dtype=torch.bool)
    is_moved[:, 0, 0] = True

    free, plan = (made(planner, each, (known, 3), ALLOWED) for each in (hints(), hints(is_moved=is_moved)))

    assert plan.motion[0, 0, 0] == pytest.approx(known.motion[0, 0, 0].item(), abs=1e-4)
    assert free.motion[0, 0, 0] != pytest.approx(known.motion[0, 0, 0].item(), abs=1e-2)
    assert not torch.allclose(plan.motion[0, 1:, :2], free.motion[0, 1:, :2], atol=1e-3)


def test_motion_seen_from_another_stand_shows_the_same_pictures_and_comes_back() -> None:
    moves = planned(replace(draw(3), camera="zoom in"), replace(draw(5), camera="pan left")).motion
    pan, zoom = torch.tensor([0.3, -0.2]), torch.tensor([1.2, 0.8])

    other = apparent(moves, pan, zoom)

    for one, same in zip(places(moves, 8, 14), places(other, 8, 14), strict=True):
        assert torch.allclose(one, same, atol=1e-5)
    assert not torch.allclose(other, moves, atol=0.1)
    assert torch.allclose(apparent(other, -pan * zoom, 1 / zoom), moves, atol=1e-5)
    assert torch.allclose(centred(other)[1, [0, -1], 8].sum(), torch.zeros(()), atol=1e-5)


def test_what_is_set_what_stands_and_seed_each_change_the_plan_and_the_same_ones_do_not(planner: Planner) -> None:
    start = Plan(torch.zeros(1, KINDS, dtype=torch.long), torch.zeros(1, FRAMES, len(MOTION)))
    said = {"is_set": torch.arange(KINDS)[None] < 3}
    moved = {"is_moved": (torch.arange(FRAMES)[:, None] < 8).expand(1, FRAMES, len(MOTION))}

    def motion_of(seed: int, **changes: torch.Tensor) -> torch.Tensor:
        return made(planner, hints(**changes), (start, seed), ALLOWED).motion

    plain = motion_of(1)
    assert torch.equal(plain, motion_of(1))
    assert not torch.allclose(plain, motion_of(2), atol=1e-3)
    assert not torch.allclose(plain, motion_of(1, **said), atol=1e-3)
    assert not torch.allclose(plain, motion_of(1, **moved), atol=1e-3)


def test_a_value_that_is_refused_is_never_planned_and_the_motion_goes_with_the_one_that_is(planner: Planner) -> None:
    start = Plan(torch.zeros(1, KINDS, dtype=torch.long), torch.zeros(1, FRAMES, len(MOTION)))
    free = made(planner, hints(), (start, 5), ALLOWED)
    refused = ALLOWED.clone()
    refused[0, free.attributes[0, 0]] = False

    plan = made(planner, hints(), (start, 5), refused)

    assert plan.attributes[0, 0] != free.attributes[0, 0]
    assert not torch.allclose(plan.motion, free.motion, atol=1e-3)


@pytest.mark.parametrize("seed", [2, 5, 11, 23, 31])
def test_the_subject_is_drawn_where_the_plan_says(seed: int) -> None:
    scene = draw(seed)
    _, cover = render(scene)
    high, wide = size(scene)

    u, v = places(motion(scene), high, wide)
    covered = cover.flatten(1) > 128

    assert covered.any()
    inside = (u.abs() <= 1.12) & (v.abs() <= 1.12)
    assert inside[covered].float().mean() > 0.999


def test_a_subject_that_faces_left_is_mirrored() -> None:
    scene = replace(draw(3), subject="car", setting="city", action="rests", camera="still", portrait=False)
    right, left = (motion(replace(scene, direction=way)) for way in ("right", "left"))

    u_right, _ = places(right[0], 8, 14)
    u_left, _ = places(left[0], 8, 14)

    assert torch.allclose(u_right, u_left.unflatten(0, (8, 14)).flip(1).flatten(), atol=1e-4)


def test_impacts_are_planned_at_the_frames_they_are_heard_in() -> None:
    scene = replace(draw(3), setting="desert")

    found = impacts(scene, (0.5, 1.0 + 1 / 24))

    assert found[6] == 1
    assert found[12] == pytest.approx(0.5) and found[13] == pytest.approx(0.5)
    assert impacts(replace(scene, setting="space"), (0.5,)).sum() == 0


@pytest.mark.parametrize("first", [0, 40, 80])
def test_a_scene_that_goes_on_moves_as_it_did_and_stays_about_the_picture(first: int) -> None:
    for scene in map(draw, range(first, first + 40)):
        early, late, far = motion(scene), motion(scene, 2.0), motion(scene, 9.0)

        if scene.action != "runs":  # who leaves and comes back, at another place once the scene goes on
            assert torch.allclose(early[25:], late[1:24], atol=2e-3)
        assert far[:, 0].abs().max() <= max(*size(scene)) / size(scene)[0] / 2 + far[0, 6] + 1e-4
        assert (far[:, 1].abs() < 1.5).all()


def test_every_audio_latent_is_told_of_its_own_two_frames() -> None:
    moves = torch.zeros(1, FRAMES, len(MOTION))
    moves[0, 20, MOTION.index("impact")] = 1

    told = beats(moves, 24) - beats(torch.zeros_like(moves), 24)

    assert told.shape == (1, 24, 6 * len(MOTION))
    assert told[0, 10].abs().sum() > 0
    assert told[0, [7, 13]].abs().sum() == 0


def test_untaught_enlarger_gives_the_bicubic_picture() -> None:
    model = Enlarger(EnlargerShape(coarse=8, paint=8, blocks=1))
    frames, plan = torch.rand(2, 3, 3, 16, 28) * 2 - 1, planned(draw(1), draw(2))
    moves = plan.motion[:, 5]

    told = torch.cat([local(moves, 8, 14), torch.zeros(2, 4, 8, 14)], dim=1)

    large = model(frames, plan.attributes, moves[:, GAIT], told)

    wanted = torch.nn.functional.interpolate(frames[:, 1], scale_factor=SCALE, mode="bicubic", align_corners=False)
    assert torch.allclose(large, wanted, atol=1e-5)


def test_painter_learns_a_shape_from_the_plan_alone() -> None:
    """Grey beneath, a disc to be painted where the plan puts the subject: only the plan can tell where."""
    torch.manual_seed(0)
    painter = Enlarger(EnlargerShape(coarse=8, paint=24, blocks=1)).painter
    optimiser = torch.optim.Adam(painter.parameters(), 1e-2)
    kinds, gait, nobody = torch.zeros(2, KINDS, dtype=torch.long), torch.zeros(2, 2), torch.zeros(2, 16)

    def drawn() -> tuple[torch.Tensor, torch.Tensor]:
        at = torch.rand(2, 300, 2) * 2 - 1
        return at, (at.square().sum(-1, keepdim=True) < 0.6).float()

    def error() -> float:
        at, disc = drawn()
        grey = torch.zeros(2, 300, 3)
        return (painter(grey, grey, at, gait, painter.told(kinds, nobody)) - disc).abs().mean().item()

    before = error()
    for _ in range(60):
        at, disc = drawn()
        colour, logit = painter.coat(torch.zeros(2, 300, 3), at, gait, painter.told(kinds, nobody))
        wrong = torch.nn.functional.binary_cross_entropy_with_logits(logit, disc) + ((colour - 1).abs() * disc).mean()
        optimiser.zero_grad()
        wrong.backward()
        optimiser.step()
    assert error() < 0.4 * before


def test_nothing_is_painted_beside_the_subject() -> None:
    torch.manual_seed(0)
    model = Enlarger(EnlargerShape(coarse=8, paint=8, blocks=1)).eval()
    scene = replace(draw(2), camera="still", portrait=False, size="small", action="spins")
    pictures, plan = torch.rand(4, 16, 28, 3) * 2 - 1, planned(scene)

    def whole(bias: float) -> torch.Tensor:
        model.painter.leave.bias.data = torch.tensor((1.0, -1.0, 1.0, bias))
        drops, nobody = torch.zeros(4, 4, 8, 14), torch.zeros(4, 16)
        return model.whole(pictures, pictures, (plan.attributes.expand(4, -1), plan.motion[0, :4], drops, nobody))

    differs = (whole(9.0) != whole(-9.0)).any(-1)
    u, v = (part.unflatten(1, (32, 56)) for part in places(plan.motion[0, :4], 32, 56))
    assert differs.any()
    assert not differs[(u.abs() > 1.16) | (v.abs() > 1.16)].any()


def test_paint_covers_what_is_around_in_the_light_of_what_is_beneath() -> None:
    """A painter that repeats what lies beneath, and covers it wholly or not at all."""
    torch.manual_seed(0)
    painter = Enlarger(EnlargerShape(coarse=8, paint=8, blocks=1)).painter
    around, beneath, at = torch.rand(1, 50, 3), torch.rand(1, 50, 3), torch.rand(1, 50, 2) * 2 - 1
    kinds, gait = torch.zeros(1, KINDS, dtype=torch.long), torch.zeros(1, 2)
    told = painter.told(kinds, torch.zeros(1, 16))

    def laid(bias: float) -> torch.Tensor:
        painter.leave.bias.data[3] = bias
        return painter(around, beneath, at, gait, told)

    assert torch.allclose(laid(-30.0), around)
    assert torch.allclose(laid(30.0), painter.coat(beneath, at, gait, told)[0])


def test_a_larger_drawing_is_the_same_picture() -> None:
    scene = draw(7)

    small, large = render(scene)[0], render(scene, LARGE, range(0, FRAMES, 24))[0]

    shrunk = torch.nn.functional.avg_pool2d(large.permute(0, 3, 1, 2).float(), LARGE)
    error = (shrunk - small[::24].permute(0, 3, 1, 2).float()).abs().mean()
    assert error < 12
    assert math.prod(large.shape) == math.prod(small[::24].shape) * LARGE**2


def test_attributes_are_named_as_the_world_names_them() -> None:
    scene = draw(9)

    row = attributes(scene)

    assert [values[place] for values, place in zip(ATTRIBUTES.values(), row, strict=True)] == [
        getattr(scene, name) for name in ATTRIBUTES
    ]
