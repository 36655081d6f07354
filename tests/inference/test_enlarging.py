"""What the enlarger learns from: things without people, and one part of it while the other stays."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from inference.train.enlarging import FRAMES, PARTS, clear, covers, drops, things, train, worn
from inference.train.plans import attributes, motion, traits
from inference.train.render import render
from inference.train.world import draw

PICKS = [4, 20]


def file(*seeds: int) -> dict[str, torch.Tensor]:
    """A file of pairs: two frames of each scene, its small pictures grey."""
    kin = [draw(seed) for seed in seeds]
    return {
        "small": torch.full((2 * len(kin), 3, 128, 224, 3), 128, dtype=torch.uint8),
        "clear": torch.stack([each for scene in kin for each in clear(scene, PICKS, random.Random(1))]),
        "large": torch.cat([render(scene, 4, PICKS)[0] for scene in kin]),
        "motion": torch.cat([motion(scene)[PICKS] for scene in kin]),
        "attributes": torch.tensor([attributes(scene) for scene in kin for _ in PICKS]),
        "falling": torch.cat([drops(scene, torch.tensor(PICKS)) for scene in kin]),
        "traits": torch.stack([traits(scene) for scene in kin for _ in PICKS]),
        "cover": torch.cat([covers(scene, PICKS) for scene in kin]),
    }


def seeds_of(*subjects: str) -> list[int]:
    """A wide scene of each subject."""
    return [
        next(seed for seed in range(10_000) if (scene := draw(seed)).subject == subject and not scene.portrait)
        for subject in subjects
    ]


def test_the_painter_of_things_sees_nobody():
    pair = file(*seeds_of("person", "dog", "couple", "ball"))

    found = things(pair, random.Random(1))

    assert len(found["motion"]) == 4 <= FRAMES
    assert set(found["attributes"][:, 0].tolist()) == set(pair["attributes"][[2, 6], 0].tolist())
    assert {len(part) for part in found.values()} == {4}


@pytest.mark.parametrize("part", PARTS)
def test_one_part_learns_and_the_other_stays(part: str, tmp_path: Path):
    folder, run = tmp_path / "pairs", tmp_path / "run"
    folder.mkdir()
    run.mkdir()
    pair = file(*seeds_of("dog", "ball", "car", "kite", "boat", "fish", "cat", "train"))
    np.savez(folder / "0.npz", **{name: each.numpy() for name, each in pair.items()})
    train(folder, run, 1e-4)
    before = load_file(run / "enlarger.safetensors")

    train(folder, run, 0.15, (part,))

    after = load_file(run / "enlarger.safetensors")
    changed = {name.startswith("painter.") for name in after if not torch.equal(after[name], before[name])}
    assert changed == {part == "things"}


def test_the_convolution_is_shown_weather_without_its_drops():
    """Rain is in the light of a clear picture; where the drops are the convolution is told, and draws them."""
    seed = next(seed for seed in range(10_000) if draw(seed).weather == "snow" and not draw(seed).portrait)
    scene = draw(seed)

    wet, dry = (render(scene, 2, [4, 5], is_dry=is_dry)[0].float() for is_dry in (False, True))

    lighter = (wet - dry).amax(-1)
    assert ((lighter > 30).float().mean() > 0.005) and (lighter.abs().median() <= 1)
    assert len(clear(scene, PICKS, random.Random(1))) == len(PICKS)


def test_wear_softens_and_adds_noise():
    flat = torch.full((1, 32, 32, 3), 100, dtype=torch.uint8)
    edge = flat.clone()
    edge[:, :, 16:] = 200

    assert torch.equal(worn(edge, 0.0, 0.0), edge)
    assert worn(edge, 1.0, 0.0)[0, 5, 15, 0] == 140
    assert 4 < worn(flat, 0.0, 5.0).float().std() < 6
