"""The tracker that ships: what it reads of renders that it never saw, and what it does not claim to know."""

from pathlib import Path

import pytest
import torch

from inference import weights
from inference.generator.plan import MOTION
from inference.generator.tracker import SIDES, Tracker, TrackerShape, looked_at
from inference.train.plans import ATTRIBUTES, attributes
from inference.train.probe import held_out
from inference.train.render import empty, render
from inference.train.tracking import target

SHIPPED = Path(__file__).parents[2] / "inference/weights/generator"
pytestmark = pytest.mark.skipif(
    not (SHIPPED / "tracker.safetensors").exists(), reason="no weights of a tracker are in the tree"
)
SCENES = 40
X, Y, HALF = (MOTION.index(name) for name in ("x", "y", "half"))


@pytest.fixture(scope="module")
def tracker() -> Tracker:
    shape = weights.manifest(SHIPPED)["config"]["tracker"]
    model = Tracker(TrackerShape(**shape)).eval().requires_grad_(False)
    model.load_state_dict(weights.load_safetensors(SHIPPED, "tracker.safetensors"))
    return model


@pytest.fixture(scope="module")
def scenes():
    return held_out(SCENES, 17_000_000)


def units(pictures: torch.Tensor) -> torch.Tensor:
    return pictures.float() / 127.5 - 1


@pytest.mark.parametrize("frames", [1, 16, 48])
def test_the_subject_is_found_where_it_is_or_not_said_to_be_anywhere(tracker, scenes, frames: int) -> None:
    tracks = [tracker(looked_at(units(render(scene, 2, range(24, 24 + frames) if frames < 48 else range(48))[0])))
              for scene in scenes]  # fmt: skip
    truth = torch.stack([target(scene, 24 if frames < 48 else 0, frames) for scene in scenes])

    off = torch.cat([track.motion for track in tracks]) - truth
    sure = torch.cat([track.is_sure() for track in tracks])

    for place, allowed in ((X, 0.03), (Y, 0.03), (HALF, 0.03)):
        assert sure[..., place].float().mean() > 0.75
        assert off[..., place][sure[..., place]].abs().mean() < allowed


def test_what_it_is_certain_of_is_so(tracker, scenes) -> None:
    seen = torch.cat([tracker(looked_at(units(render(scene, 2, [30])[0]))).seen() for scene in scenes])
    what = torch.tensor([attributes(scene) for scene in scenes])

    certain = seen >= 0
    assert (seen == what)[certain].float().mean() > 0.95
    for name in ("subject", "setting", "style"):
        assert certain[:, list(ATTRIBUTES).index(name)].float().mean() > 0.5
    assert certain[:, list(ATTRIBUTES).index("camera")].float().mean() < 0.5  # of one picture nobody knows


def test_nothing_is_known_of_a_subject_that_is_not_there(tracker, scenes) -> None:
    tracks = [tracker(looked_at(units(empty(scene, 2, [30], is_shaded=False)))) for scene in scenes]

    assert torch.cat([track.is_sure()[..., X] for track in tracks]).float().mean() < 0.15
    assert torch.cat([track.seen()[:, 0] for track in tracks]).ge(0).float().mean() < 0.25


def test_a_picture_is_looked_at_in_one_size_whichever_way_it_stands() -> None:
    wide, tall = looked_at(torch.zeros(2, 128, 224, 3)), looked_at(torch.zeros(2, 224, 128, 3))

    assert wide.shape == (1, 2, 3, *SIDES) and tall.shape == (1, 2, 3, *reversed(SIDES))
