"""What a plan is made around: words before sight, sight before nothing, and windows that join."""

from dataclasses import replace

import pytest
import torch

from inference.generator import premises
from inference.generator.plan import FRAMES, MOTION, Plan, apparent, places
from inference.generator.tracker import Track
from inference.train.plans import ATTRIBUTES, COUNTS, attributes, motion
from inference.train.world import Scene, draw

NAMES = list(ATTRIBUTES)
ALLOWED = torch.arange(16) < torch.tensor(COUNTS)[:, None]
WALK = replace(draw(1), subject="dog", action="walks", camera="pan right", setting="city", portrait=False)


def planned(scene: Scene) -> Plan:
    return Plan(torch.tensor([attributes(scene)]), motion(scene)[None])


def tracked(scene: Scene, frames: int, unsure: tuple[str, ...] = ()) -> Track:
    """A reading that is right and, but for what is unsure, knows it."""
    moves = motion(scene)[None, :frames]
    stand = moves[:, 0, MOTION.index("pan")], moves[:, 0, MOTION.index("zoom")]
    doubt = torch.full((1, frames, len(MOTION)), -3.0)
    doubt[..., [MOTION.index(name) for name in unsure if name in MOTION]] = 1.0
    logits = torch.full((1, len(NAMES), 16), -9.0)
    for row, (name, value) in enumerate(zip(NAMES, attributes(scene), strict=True)):
        logits[0, row, value] = -9.0 if name in unsure else 9.0
    return Track(apparent(moves, *stand), doubt, logits)


def said(**values: str) -> premises.Premise:
    return premises.said(ATTRIBUTES, values, is_tall=False)


def test_only_what_is_said_stands_and_motion_stays_where_it_is_planned():
    premise = said(subject="cat", camera="zoom in")

    assert premise.start.attributes[0, NAMES.index("subject")] == ATTRIBUTES["subject"].index("cat")
    assert premise.hints.is_set.sum() == 2 and not premise.hints.is_moved.any()
    assert torch.equal(premise.placed(motion(WALK)[None]), motion(WALK)[None])


def test_what_is_seen_stands_where_nothing_was_said_and_only_where_it_is_sure():
    track = tracked(WALK, 16, unsure=("gait sin", "gait cos", "weather"))

    premise = premises.shows(said(subject="cat"), track, NAMES, ALLOWED)

    wanted = attributes(replace(WALK, subject="cat"))
    known = premise.hints.is_set[0]
    assert [NAMES[row] for row in range(10) if not known[row]] == ["weather"]
    assert premise.start.attributes[0, known].tolist() == torch.tensor(wanted)[known].tolist()
    moved = premise.hints.is_moved[0]
    assert moved[:16].sum(0).tolist() == [0 if name.startswith("gait") else 16 for name in MOTION]
    assert not moved[16:].any()
    assert torch.equal(premise.start.motion[0, :16][moved[:16]], track.motion[0][moved[:16]])


def test_a_value_that_is_refused_is_not_taken_from_what_is_seen():
    refused = ALLOWED.clone()
    refused[NAMES.index("weather"), ATTRIBUTES["weather"].index(WALK.weather)] = False

    premise = premises.shows(said(), tracked(WALK, 1), NAMES, refused)

    assert not premise.hints.is_set[0, NAMES.index("weather")]


def test_another_deed_that_is_said_keeps_only_where_the_seen_motion_begins():
    same, other = (premises.shows(said(action=deed), tracked(WALK, 48), NAMES, ALLOWED) for deed in ("walks", "jumps"))

    assert same.hints.is_moved[0, 47].all()
    assert other.hints.is_moved[0, 0].all() and not other.hints.is_moved[0, 1:].any()


@pytest.mark.parametrize("camera", ["still", "pan right", "zoom in"])
def test_a_window_that_goes_on_shows_the_same_pictures_where_they_overlap(camera: str):
    before = planned(replace(WALK, camera=camera))

    premise = premises.goes_on(said(subject="cat"), before, 4)

    assert torch.equal(premise.start.attributes, before.attributes)
    assert premise.start.motion[0, 0, MOTION.index("pan")] == 0
    placed = premise.placed(premise.start.motion)
    assert torch.allclose(placed[:, :16], before.motion[:, -16:], atol=1e-5)
    assert premise.is_free[0].tolist() == [False] * 16 + [True] * 32


def test_a_window_that_follows_begins_one_frame_on_and_sees_from_there():
    before, track = planned(WALK), tracked(WALK, 48)

    premise = premises.shows(premises.follows(said(), before), track, NAMES, ALLOWED)

    first = premise.placed(premise.start.motion)[0, 0]
    last, step = before.motion[0, -1], before.motion[0, -1] - before.motion[0, -2]
    for name in ("x", "pan"):
        place = MOTION.index(name)
        assert first[place] == pytest.approx((last + step)[place].item(), abs=1e-5)
    assert premise.hints.is_moved[0, 1:].all()


def test_a_seen_pan_lies_about_the_middle_where_worlds_are_learned():
    premise = premises.shows(said(), tracked(WALK, 48), NAMES, ALLOWED)

    placed = premise.placed(premise.start.motion)

    pans = placed[0, :, MOTION.index("pan")]
    assert pans[0] == pytest.approx(-pans[-1].item(), abs=1e-5) and pans[-1] > 0.2
    for one, same in zip(places(placed, 8, 14), places(premise.start.motion, 8, 14), strict=True):
        assert torch.allclose(one, same, atol=1e-5)


def test_nothing_is_known_of_frames_that_a_tracker_doubts():
    premise = premises.shows(said(), tracked(WALK, 8, unsure=(*MOTION, *NAMES)), NAMES, ALLOWED)

    assert not premise.hints.is_set.any() and not premise.hints.is_moved.any()
    assert premise.start.motion.shape == (1, FRAMES, len(MOTION))
