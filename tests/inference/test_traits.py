"""Likeness: who a person is as traits, read off a reference and painted; and that nobody else changes by it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inference import weights
from inference.evaluation.recognition import IdentityReader, cut_out
from inference.generator.asking import AskError, Reference, check
from inference.generator.enlarger import Enlarger, EnlargerShape
from inference.generator.likeness import (
    FACE,
    PEOPLE,
    TRAITS,
    VOICE,
    LikenessEncoder,
    LikenessShape,
    settled,
    somebody,
)
from inference.train import speech
from inference.train.likeness import HELD_OUT, photograph
from inference.train.plans import ATTRIBUTES, attributes, motion, traits
from inference.train.render import render
from inference.train.world import draw
from tests.inference.test_generator import ASK, SHIPPED, restless, silent
from tests.inference.test_generator import folder as folder  # noqa: F401

READER = Path(__file__).parents[2] / "inference/weights/identity"
PERSON = next(scene for scene in map(draw, range(999)) if scene.subject == "person" and scene.action == "rests")


def painter() -> Enlarger:
    torch.manual_seed(2)
    return restless(Enlarger(EnlargerShape(coarse=8, paint=16, blocks=1, traits=16))).eval()


def whole(model: Enlarger, subject: str, who: torch.Tensor) -> torch.Tensor:
    what = torch.tensor(attributes(replace(PERSON, subject=subject)))
    pictures = torch.zeros(2, 32, 56, 3)
    plan = (what.expand(2, -1), motion(PERSON)[:2], torch.zeros(2, 4, 16, 28), who.expand(2, -1))
    return model.whole(pictures, pictures, plan)


def test_a_scene_has_the_same_person_each_time_and_only_people_have_traits() -> None:
    kin = [draw(seed) for seed in range(60)]

    for scene in kin:
        assert torch.equal(traits(scene), traits(scene))
        assert bool(traits(scene).any()) == (scene.subject in PEOPLE)
    assert len({tuple(traits(scene).tolist()) for scene in kin if scene.subject in PEOPLE}) > 1
    assert ATTRIBUTES["subject"].count("person") == 1


def test_two_people_are_drawn_differently_and_the_scene_around_them_alike() -> None:
    one, two = (render(PERSON, 1, [5], somebody(seed)) for seed in (1, 2))

    differs = (one[0] != two[0]).any(-1)
    either = torch.nn.functional.max_pool2d(torch.maximum(one[1], two[1])[:, None].float(), 9, 1, 4)[:, 0] > 0
    assert differs[either].float().mean() > 0.1
    assert PERSON.style == "illustration" or not differs[~either].any()


def test_painted_people_differ_by_their_traits_and_the_same_traits_give_the_same_picture() -> None:
    model, one, two = painter(), torch.tensor(somebody(1)), torch.tensor(somebody(2))

    assert torch.equal(whole(model, "person", one), whole(model, "person", one))
    assert not torch.equal(whole(model, "person", one), whole(model, "person", two))


def test_other_subjects_are_painted_as_without_a_painter_of_people() -> None:
    model = painter()
    plain = Enlarger(EnlargerShape(coarse=8, paint=16, blocks=1)).eval()
    plain.load_state_dict({name: value for name, value in model.state_dict().items() if not name.startswith("people.")})

    assert torch.equal(whole(model, "ball", torch.zeros(16)), whole(plain, "ball", torch.zeros(16)))


def test_a_higher_voice_has_a_higher_pitch_and_a_quicker_one_shorter_syllables() -> None:
    low, high = [0.0] * 16, [0.0] * 16
    high[TRAITS.index("voice high")] = high[TRAITS.index("voice quick")] = 1.0

    assert speech.pitch(tuple(high)) > 1.5 * speech.pitch(tuple(low))
    assert speech.syllable_seconds(tuple(high)) < speech.syllable_seconds(tuple(low))
    wave = speech.line(tuple(high), 3, 1.0)
    assert wave.dtype == np.float32 and np.abs(wave).max() < 1


def test_what_no_reference_shows_stays_in_the_middle() -> None:
    encoder = restless(LikenessEncoder(LikenessShape(width=8, deep=16))).eval()
    given = photograph(somebody(5), 5)

    face_only = encoder.read(replace(given, voice=None, figure=None))
    both = encoder.read(replace(given, figure=None))

    assert not face_only[FACE.stop :].any()
    assert both[VOICE].any() and not both[FACE.stop : VOICE.start].any()
    assert torch.equal(face_only[FACE], both[FACE])


def test_traits_are_brought_within_what_people_have() -> None:
    made = settled(torch.full((16,), 0.2).index_fill(0, torch.tensor([0]), 9.0))

    assert made[0] == 1
    assert made[TRAITS.index("glasses")] == 1
    assert settled(torch.full((16,), -0.6))[TRAITS.index("beard")] == -1


def test_more_likenesses_than_the_engine_shows_are_refused(folder: Path) -> None:  # noqa: F811
    from inference.generator.pipeline import Generator

    given = photograph(somebody(5), 5)
    with pytest.raises(AskError, match="2 likenesses"):
        Generator.load(folder).generate(replace(ASK, likenesses=(given, given)), silent)


def test_weights_that_know_no_people_refuse_a_likeness(folder: Path) -> None:  # noqa: F811
    from inference.generator.pipeline import Generator

    with pytest.raises(AskError, match="no likeness"):
        Generator.load(folder).generate(replace(ASK, likenesses=(photograph(somebody(5), 5),)), silent)


@pytest.mark.parametrize(
    "bad",
    [
        Reference(np.zeros((64, 64), np.uint8)),
        Reference(np.zeros((64, 64, 3), np.float32)),
        Reference(np.zeros((64, 64, 3), np.uint8), voice=np.full(24000, np.nan, np.float32)),
        Reference(np.zeros((64, 64, 3), np.uint8), figure=np.zeros((8, 64, 3), np.uint8)),
    ],
    ids=["grey", "float", "NaN in the voice", "a low figure"],
)
def test_a_reference_of_the_wrong_shape_is_refused(bad: Reference) -> None:
    with pytest.raises(AskError, match="likeness 0"):
        check(replace(ASK, likenesses=(bad,)), ("plain",))


def test_the_square_of_the_subject_is_cut_out_upright() -> None:
    """Somebody drawn in the middle of their square is found there, wherever the plan has put them."""
    frames, cover = render(PERSON, 1, [5])
    marked = torch.where(cover[..., None] > 128, 255, 0).to(torch.uint8).expand(-1, -1, -1, 3)

    seen = cut_out(marked, motion(PERSON)[[5]])[0, 0] > 0
    assert 0.05 < seen.float().mean() < 0.5
    assert seen[:, 20:44].sum() > 0.8 * seen.sum()


@pytest.fixture(scope="module")
def shipped() -> LikenessEncoder:
    if "likeness" not in weights.manifest(SHIPPED)["config"]:
        pytest.skip("the published weights have no likeness encoder yet")
    model = LikenessEncoder(LikenessShape(**weights.manifest(SHIPPED)["config"]["likeness"]))
    model.load_state_dict(weights.load_safetensors(SHIPPED, "likeness.safetensors"))
    return model.eval()


def test_traits_of_unseen_people_are_recovered_better_than_by_guessing_the_middle(shipped: LikenessEncoder) -> None:
    people = [somebody(HELD_OUT + place) for place in range(500, 540)]
    real = torch.tensor(people)
    read = torch.stack([shipped.read(photograph(who, place)) for place, who in enumerate(people)])

    wrong, guessed = (read - real).square().mean(0), (real - real.mean(0)).square().mean(0)
    assert (wrong[FACE] < 0.6 * guessed[FACE]).all()
    assert wrong[VOICE].mean() < 0.5 * guessed[VOICE].mean()


def test_the_reader_of_identity_tells_unseen_people_apart() -> None:
    reader = IdentityReader.load(READER)
    seen = []
    for seed in (HELD_OUT + 900, HELD_OUT + 901):
        kin = [replace(PERSON, colour=colour) for colour in ("red", "blue")]
        seen.append(torch.cat([reader(cut_out(render(s, 2, [5], somebody(seed))[0], motion(s)[[5]])) for s in kin]))
    one, two = seen
    assert one[0] @ one[1] > max(one[0] @ two[1], two[0] @ one[1])
