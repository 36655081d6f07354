"""A photographed likeness: told from a drawn one, and its face measured."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from inference import weights
from inference.generator.asking import Reference
from inference.generator.glasses import edges
from inference.generator.likeness import FACE, FIGURE, TRAITS, LikenessEncoder, somebody
from inference.generator.photograph import straightened
from inference.generator.portrait import Photographs, beside
from inference.train import photographs
from inference.train.glasses import altered, learned, spectacled
from inference.train.likeness import HELD_OUT, photograph
from tests.inference.painted_faces import Look, painted

SHIPPED = Path(__file__).parents[2] / "inference" / "weights" / "generator"
MEDIA = Path(os.environ.get("VOLARY_DATA") or Path(__file__).parents[3] / "shared" / "data") / "media"
PLAIN = Look()
PALE, DARK = Look(skin=(235, 200, 180)), Look(skin=(105, 70, 50))
BLOND, BLACK, COPPER = Look(hair=(215, 185, 120)), Look(hair=(20, 16, 14)), Look(hair=(160, 70, 25))


@pytest.fixture(scope="module")
def encoder() -> LikenessEncoder:
    model = LikenessEncoder.beside(SHIPPED, weights.manifest(SHIPPED)["config"]["likeness"])
    model.load_state_dict(weights.load_safetensors(SHIPPED, "likeness.safetensors"))
    return model.eval()


@pytest.fixture(scope="module")
def seeing(encoder: LikenessEncoder) -> Photographs:
    assert encoder.photographs is not None
    return encoder.photographs


def trait(encoder: LikenessEncoder, look: Look, name: str) -> float:
    """As the generator reads it."""
    return float(encoder.read(Reference(painted(look)))[TRAITS.index(name)])


def test_drawn_portraits_are_not_taken_for_photographs(seeing: Photographs) -> None:
    drawn = [photograph(somebody(HELD_OUT + place), place).portrait for place in range(8)]

    assert seeing.mesh(painted(PLAIN)) is not None
    assert [portrait for portrait in drawn if seeing.mesh(portrait) is not None] == []


def test_a_generator_without_face_models_beside_it_takes_every_portrait_for_a_drawing(tmp_path: Path) -> None:
    assert beside(tmp_path / "generator") is None


@pytest.mark.parametrize(
    ("name", "looks", "least"),
    [
        ("skin", (DARK, PLAIN, PALE), 0.3),
        ("hair light", (BLACK, COPPER, BLOND), 0.3),
        ("hair red", (Look(hair=(190, 190, 190)), PLAIN, COPPER), 0.3),
        ("hair long", (PLAIN, Look(is_long=True)), 0.8),
        ("beard", (PLAIN, Look(beard=True)), 1.0),
        ("glasses", (PLAIN, Look(glasses=True)), 2.0),
    ],
    ids=["skin", "hair light", "hair red", "hair long", "beard", "glasses"],
)
def test_a_trait_follows_what_a_face_shows(
    encoder: LikenessEncoder, name: str, looks: tuple[Look, ...], least: float
) -> None:
    read = [trait(encoder, look, name) for look in looks]

    assert (np.diff(read) >= least).all(), f"{name}: {read}"


def test_another_light_moves_a_face_less_than_another_face_does(encoder: LikenessEncoder) -> None:
    still = painted(PLAIN)
    dimmed = np.clip(still * np.array([0.84, 0.8, 0.74]), 0, 255).astype(np.uint8)

    lit, other = (encoder.read(Reference(each))[FACE] for each in (dimmed, painted(DARK)))
    here = encoder.read(Reference(still))[FACE]
    assert float((lit - here).norm()) < 0.5 * float((other - here).norm())


def test_a_photograph_in_greys_says_nothing_of_red_hair(encoder: LikenessEncoder) -> None:
    grey = np.repeat(painted(COPPER).mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)

    assert encoder.read(Reference(grey))[TRAITS.index("hair red")] == 0


def test_hair_outside_the_picture_stays_in_the_middle(encoder: LikenessEncoder) -> None:
    """Also where the portrait is continued with its last rows and columns, as an enrolment's is."""
    close = painted(Look(is_long=True))[66:218, 66:190]
    continued = np.pad(close, ((60, 60), (60, 60), (0, 0)), mode="edge")

    for picture in (close, continued):
        read = encoder.read(Reference(picture))
        assert read[TRAITS.index("hair long")] == 0
        assert read[TRAITS.index("hair full")] == 0


def test_the_figure_in_a_photograph_says_nothing(encoder: LikenessEncoder) -> None:
    given = Reference(painted(PLAIN), figure=painted(PLAIN))

    assert not encoder.read(given)[FIGURE].any()
    assert encoder.read(photograph(somebody(HELD_OUT), 1))[FIGURE].any()


def test_a_head_is_straightened_whatever_its_size_and_tilt(seeing: Photographs) -> None:
    from PIL import Image

    picture = Image.fromarray(painted(PLAIN))
    turned = np.asarray(picture.resize((400, 400)).rotate(12, fillcolor=(150, 160, 170)))
    heads = []
    for each in (np.asarray(picture), turned):
        mesh = seeing.mesh(each)
        assert mesh is not None
        heads.append(straightened(each, mesh))

    assert np.abs(heads[0].points[[33, 263, 152]] - heads[1].points[[33, 263, 152]]).max() < 4
    assert all(torch.isfinite(torch.tensor(head.colours)).all() for head in heads)


def test_glasses_are_learned_from_painted_ones(seeing: Photographs) -> None:
    rng, rows, worn = np.random.default_rng(3), [], []
    for look in (PLAIN, PALE, DARK, BLOND):
        mesh = seeing.mesh(painted(look))
        assert mesh is not None
        head = straightened(painted(look), mesh)
        for _ in range(5):
            rows += [edges(altered(head, rng)), edges(altered(spectacled(head, rng), rng))]
            worn += [False, True]

    found = learned(np.array(rows[:30]), np.array(worn[:30]))
    told = np.array(rows[30:]) @ found.weight + found.bias > 0
    assert (told == np.array(worn[30:])).mean() >= 0.8


@pytest.mark.skipif(not MEDIA.exists(), reason="the evaluation data is not here: set $VOLARY_DATA")
def test_photographs_of_one_person_are_nearer_than_those_of_two(encoder: LikenessEncoder) -> None:
    """A small instance of `python -m inference.train.photographs`."""
    kept = photographs.photos(MEDIA / "faces" / "public_figures", encoder)
    read = np.array([photographs.face(encoder, photo.picture) for photo in kept])
    people = np.array([photo.person for photo in kept])
    one, other = np.triu_indices(len(kept), 1)
    gaps = -np.linalg.norm(read[one] - read[other], axis=1)
    same = people[one] == people[other]

    assert all(photo.mesh is not None for photo in kept)
    assert photographs.ahead(gaps[same], gaps[~same]) > 0.65
