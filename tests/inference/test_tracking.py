"""What the tracker is taught with: mirrored twins, scenes without a subject, and places that were mixed up."""

import random
from dataclasses import replace

import pytest
import torch

from inference.generator.tracker import Track
from inference.train import tracking
from inference.train.plans import COUNTS, attributes
from inference.train.world import draw

OTHER = {"left": "right", "right": "left", "pan left": "pan right", "pan right": "pan left"}


@pytest.mark.parametrize("first", range(0, 300, 60))
def test_a_mirrored_clip_moves_as_the_scene_that_goes_the_other_way(first: int) -> None:
    kin = [draw(seed) for seed in range(first, first + 60)]
    twins = [
        replace(scene, direction=OTHER[scene.direction], camera=OTHER.get(scene.camera, scene.camera)) for scene in kin
    ]
    moves, other = (torch.stack([tracking.target(scene, 5, 20) for scene in some]) for some in (kin, twins))
    what, turned = (torch.tensor([attributes(scene) for scene in some]) for some in (kin, twins))

    both, named = tracking.with_mirrored(moves, what)

    assert torch.equal(both[0], moves) and torch.allclose(both[1], other, atol=1e-5)
    assert torch.equal(named[0], what) and torch.equal(named[1], turned)


def test_mixed_pictures_hold_the_same_blocks_in_other_places_in_every_frame() -> None:
    picture = torch.rand(1, 3, 64, 112).expand(3, -1, -1, -1)

    mixed = tracking.mixed(picture, random.Random(1))

    assert not torch.equal(mixed, picture) and torch.equal(mixed[0], mixed[2])
    assert torch.equal(mixed.flatten(2).sort(-1).values, picture.flatten(2).sort(-1).values)


def test_to_be_wrong_costs_least_where_it_was_doubted_and_to_be_right_where_it_was_not() -> None:
    scene = draw(3)
    moves, what = tracking.target(scene, 0, 4)[None], torch.tensor([attributes(scene)])

    def cost(off: float, doubt: float) -> float:
        track = Track(moves + off, torch.full(moves.shape, doubt), torch.zeros(1, len(COUNTS), 16))
        return tracking.loss(lambda shown: track, torch.zeros(1), moves, what).item()

    assert cost(0.0, -3.0) < cost(0.0, 0.0)
    assert cost(0.5, 0.0) < cost(0.5, -3.0)
