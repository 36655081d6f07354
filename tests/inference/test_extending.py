"""Extensions judged four seconds at a time, of generators that are known: one lasts, one fades to noise."""

from pathlib import Path

import numpy as np
import pytest

from inference.evaluation import ear
from inference.evaluation.extending import STEP, extended, measure, sharpness, windows
from inference.evaluation.rows import Bench
from inference.generator.asking import Ask, Clip
from inference.train.probe import held_out
from inference.train.render import render
from inference.train.sound import sound
from inference.train.world import draw
from local import extending
from local.cli import main

PROBE = Path(__file__).parents[2] / "inference/weights/probe"
trained = pytest.mark.skipif(not (PROBE / ear.FILE).exists(), reason="no probe weights are in the tree")


class Looper:
    """Draws the scene of the seed over and over; each second beyond the fourth holds so much more noise."""

    def __init__(self, noise: float = 0.0) -> None:
        self.noise = noise
        self.asked: list[Ask] = []

    def generate(self, ask, on_progress):
        self.asked.append(ask)
        pictures, wave = render(draw(ask.seed))[0].numpy(), sound(draw(ask.seed))
        rounds = -(-ask.seconds // 4)
        frames = np.concatenate([self._noised(pictures, place) for place in range(rounds)])[: ask.seconds * 12]
        return Clip(frames, 12, np.tile(wave, rounds)[: ask.seconds * 24000], 24000)

    def _noised(self, pictures: np.ndarray, place: int) -> np.ndarray:
        share = min(1.0, self.noise * 4 * place)
        speckle = np.random.default_rng(place).integers(0, 256, pictures.shape)
        return ((1 - share) * pictures + share * speckle).astype(np.uint8)


def test_a_clip_is_extended_from_what_was_delivered_until_it_is_long_enough():
    looper = Looper()

    clip = extended(looper, held_out(1)[0], 20)

    assert [ask.seconds for ask in looper.asked] == [4, 4 + STEP, 20]
    assert [ask.source and len(ask.source.frames) for ask in looper.asked] == [None, 48, 12 * (4 + STEP)]
    assert all(ask.source.use == "extend" and ask.source.sound is not None for ask in looper.asked[1:])
    assert [len(take.frames) for take in windows(clip)] == [48] * 5
    assert [len(take.sound) for take in windows(clip)] == [96000] * 5


@trained
def test_what_lasts_is_recovered_to_the_end_and_what_drifts_to_noise_is_seen_to():
    bench, kin, said = Bench(PROBE), held_out(6), []

    lasting = measure(Looper(), bench, kin, 12, said.append)
    drifting = measure(Looper(noise=0.125), bench, kin, 12, said.append)

    assert [each.second for each in lasting] == [0, 4, 8] and len(said) == 12
    assert lasting[0].lasting == lasting[-1].lasting and lasting[0].lasting.rate > 0.85
    assert lasting[-1].sharpness == pytest.approx(lasting[0].sharpness)
    assert drifting[-1].lasting.rate < 0.6
    assert drifting[-1].sharpness > 3 * drifting[0].sharpness
    table = list(extending.lines(drifting))
    assert len(table) == 2 + 3 and len({line.count("|") for line in table}) == 1


def test_sharpness_rises_with_noise_and_falls_with_blur():
    ramp = np.broadcast_to(np.linspace(0, 1, 64), (2, 64, 64))
    noise = np.random.default_rng(1).random((2, 64, 64))

    assert sharpness(noise) > sharpness(ramp + 0.1 * noise) > sharpness(ramp)


@pytest.mark.parametrize("wrong", [["--seconds", "4"], ["--seconds", "124"], ["--count", "0"], ["--first", "-1"]])
def test_wrong_lengths_and_counts_are_refused_with_their_value(wrong, capsys):
    assert main(["eval", "extension", *wrong]) != 0
    assert wrong[0] in (said := capsys.readouterr().err) and wrong[1] in said


@trained
def test_a_length_that_is_no_extension_is_refused():
    with pytest.raises(ValueError, match="seconds is 4, not between 8 and 120"):
        measure(Looper(), Bench(PROBE), held_out(1), 4, lambda line: None)
