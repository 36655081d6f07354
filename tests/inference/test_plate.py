"""What is behind the subject: looked up in frames where it is elsewhere, and left alone where none shows it."""

from dataclasses import replace

import torch

from inference.generator.plan import MOTION, places
from inference.generator.plate import cleaned
from inference.train.plans import motion
from inference.train.render import render, size
from inference.train.world import draw

CROSSING = replace(
    draw(3), subject="ball", colour="red", size="small", setting="meadow", action="flies", weather="clear",
    camera="still", portrait=False, time="day",
)  # fmt: skip


def smeared(scene, strength: float = 0.8):
    """A scene's frames in -1..1, the same with red smeared around the subject, and where its ring lies."""
    moves = motion(scene)
    pictures = render(scene)[0].float() / 127.5 - 1
    u, v = (part.unflatten(1, size(scene)) for part in places(moves, *size(scene)))
    far = torch.maximum(u.abs(), v.abs())
    ring = (far > 1.3) & (far < 2.0)
    red = torch.tensor([1.0, -0.6, -0.6])
    return pictures, torch.where(ring[..., None], pictures.lerp(red, strength), pictures), ring, far


def error(one: torch.Tensor, other: torch.Tensor, where: torch.Tensor) -> float:
    return (one - other).abs().mean(-1)[where].mean().item()


def test_smear_around_a_subject_that_crosses_is_replaced_by_what_stands_there() -> None:
    pictures, dirty, ring, far = smeared(CROSSING)

    clean = cleaned(dirty, motion(CROSSING))

    assert error(clean, pictures, ring) < 0.4 * error(dirty, pictures, ring)
    assert error(clean, dirty, far > 6) < 0.01  # and what is far from it


def test_a_subject_that_crosses_is_gone_from_its_own_plate() -> None:
    pictures, dirty, _, far = smeared(CROSSING)

    clean = cleaned(dirty, motion(CROSSING))

    is_red = (pictures[..., 0] - pictures[..., 1:].amax(-1)) > 0.5
    inside = is_red & (far < 1)
    left = ((clean[..., 0] - clean[..., 1:].amax(-1)) > 0.5) & inside
    assert inside.sum() > 500
    assert left.sum() < 0.2 * inside.sum()


def test_it_is_looked_up_where_the_camera_has_moved_it_to() -> None:
    scene = replace(CROSSING, camera="pan left")
    pictures, dirty, ring, _ = smeared(scene)
    moves = motion(scene)
    assert (moves[-1] - moves[0])[MOTION.index("pan")].abs() > 0.1

    clean = cleaned(dirty, moves)
    without = cleaned(dirty, torch.cat([moves[:, :8], torch.zeros(48, 1), moves[:, 9:]], 1))

    assert error(clean, pictures, ring) < 0.6 * error(dirty, pictures, ring)
    assert error(clean, pictures, ring) < error(without, pictures, ring)


def test_nothing_is_changed_around_a_subject_that_stays() -> None:
    scene = replace(CROSSING, action="spins")
    _, dirty, ring, far = smeared(scene)

    clean = cleaned(dirty, motion(scene))

    assert error(clean, dirty, far < 1.2) < 0.01
    assert error(clean, dirty, ring & (far < 1.5)) < 0.05


def test_the_subjects_shadow_on_the_ground_stays() -> None:
    pictures, dark, ring, _ = smeared(CROSSING)
    down = torch.arange(size(CROSSING)[0])[None, :, None] > 0.75 * size(CROSSING)[0]
    shadow = ring & down
    dark = torch.where(shadow[..., None], pictures - 0.4, pictures)

    clean = cleaned(dark, motion(CROSSING))

    assert shadow.any()
    assert error(clean, dark, shadow) < 0.25 * error(pictures, dark, shadow)
