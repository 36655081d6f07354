"""The judges of the generator: plain arithmetic by known answers, and the trained readers by renders never seen."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from volary.errors import Invalid

from inference import weights
from inference.evaluation import adherence, ear, identity, phrases, picture, proxies, report, rows, speed, sync
from inference.evaluation.clips import Take
from inference.evaluation.distance import frechet
from inference.evaluation.making import Wanted, make, makers, tasks
from inference.evaluation.observation import mirrored, observe, seen
from inference.evaluation.rates import gaps, is_sayable, recovered
from inference.generator.asking import Clip
from inference.generator.sampling import Recipe
from inference.rates import wilson
from inference.train import captions
from inference.train.probe import held_out, impacts, near
from inference.train.render import render
from inference.train.sound import sound
from inference.train.world import draw, is_held_out
from local.bench.generation import bench

PROBE = Path(__file__).parents[2] / "inference/weights/probe"
trained = pytest.mark.skipif(not (PROBE / ear.FILE).exists(), reason="no probe weights are in the tree")


class Painter:
    """Draws the scene whose seed is asked for: a generator that can do no better. `shift` delays its sound."""

    model, recipe = "painter", Recipe()

    def __init__(self, shift: float = 0.0) -> None:
        self.shift, self.made, self.asked, self.reader = shift, 0, [], self

    def read(self, prompt):
        """Hears only whether a prompt is French."""
        return {"language": "fr"} if {"un", "une", "la", "le"} & set(prompt.lower().split()) else {}

    def generate(self, ask, on_progress):
        self.made += 1
        self.asked.append(self.recipe)
        scene = draw(ask.seed)
        wave = np.roll(sound(scene), round(24000 * self.shift))
        return Clip(render(scene)[0].numpy(), 12, wave, 24000, timings={"denoise": 0.0})


def test_wilson_interval_is_the_published_one():
    found = wilson(9, 10)

    assert (round(found.low, 3), round(found.high, 3)) == (0.596, 0.982)  # Newcombe 1998 gives 0.5958 and 0.9821
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    with pytest.raises(ValueError, match="11 hits of 10"):
        wilson(11, 10)


def test_frechet_distance_of_normal_sets_is_the_formula_s():
    """Of N(0, 1) and N(3, 4) in each of two dimensions: 2 * (9 + 1 + 4 - 2 * 2) = 20."""
    random = np.random.default_rng(0)
    one, other = random.normal(0, 1, (20000, 2)), random.normal(3, 2, (20000, 2))

    assert frechet(one, one) == pytest.approx(0, abs=1e-6)
    assert frechet(one, other) == pytest.approx(20, rel=0.03)
    with pytest.raises(ValueError, match="at least 2"):
        frechet(one[:1], other)


def test_attributes_that_a_scene_cannot_show_are_not_counted():
    kin = [replace(draw(1), setting="space", weather="clear"), replace(draw(1), setting="city", weather="rain")]

    found = recovered({"weather": ["snow", "rain"]}, kin)

    assert (found["weather"].hits, found["weather"].of) == (1, 1)
    assert not is_sayable(kin[0], "time") and is_sayable(kin[0], "colour")


def test_every_scene_of_the_evaluation_has_a_paraphrase_of_its_own():
    kin = held_out(300)
    said = [phrases.paraphrase(scene) for scene in kin]

    assert len(set(said)) == 300
    assert len(phrases.paraphrases("fr")) == 60
    assert not {*map(captions.english_whole, kin)} & set(said)


def test_held_out_scenes_are_of_combinations_never_trained_on():
    assert all(is_held_out(scene) for scene in held_out(30))


def test_impacts_of_peaks_lie_between_frames():
    likelihood = near((1.0, 2.04), 12, 48).numpy()

    found = sync.moments(likelihood, 12, 0.3)

    assert np.abs(found - [1.0, 2.04]).max() < 0.03
    assert len(sync.moments(likelihood * 0.2, 12, 0.3)) == 0


def test_sound_a_frame_late_is_on_time_and_two_frames_late_is_not():
    causes = [np.array([1.0, 2.0, 3.0]), np.array([])]

    assert sync.compare(causes, [causes[0] + 0.07, np.array([1.0])]).on_time.hits == 1
    late = sync.compare(causes, [causes[0] + 0.17, np.array([1.0])])
    assert (late.on_time.hits, late.on_time.of, late.seen.hits) == (0, 1, 1)
    assert late.lag_ms["median"] == pytest.approx(170)
    assert sync.compare(causes, [np.array([]), np.array([])]).on_time.hits == 0


def test_proxies_tell_a_moving_picture_from_a_flickering_one():
    random = np.random.default_rng(0)
    base = torch.nn.functional.avg_pool2d(torch.tensor(random.random((1, 1, 72, 140))), 5, 1)[0, 0].numpy()
    moving = np.stack([base[:64, k : k + 112] for k in range(8)])
    flickering = random.random((8, 64, 112))

    assert proxies.flow(moving)[:, 1:-1, 1:-1].reshape(-1, 2).mean(0) == pytest.approx([0, -1], abs=0.05)
    assert proxies.jerk(moving) < 0.3 < 1.5 < proxies.jerk(flickering)
    assert proxies.consistency(moving) > 0.5 > 0.1 > proxies.consistency(flickering)


@trained
def test_loudness_and_clipping_are_found():
    tone = 0.1 * np.sin(np.arange(96000) * 0.1).astype(np.float32)
    bench = rows.Bench(PROBE)
    clip = np.zeros((48, 64, 112, 3), np.uint8)
    found = rows.together([bench.row(Take(clip, wave)) for wave in (tone, 0 * tone, np.clip(60 * tone, -1, 1))])

    said = adherence.soundness(found)

    assert (said["audible"]["hits"], said["unclipped"]["hits"]) == (2, 2)
    assert said["loudness"]["hits"] == 0


def test_cosines_part_same_from_different():
    likeness = identity.compare(np.array([0.9, 0.8]), np.array([0.1, 0.85]))

    assert likeness.auc == 0.75
    one = np.array([[1.0, 0.0], [0.0, 2.0]])
    assert identity.cosines(one, np.array([[3.0, 0.0], [4.0, 0.0]]), np.zeros(2)) == pytest.approx([1, 0])
    with pytest.raises(ValueError, match="0 pairs"):
        identity.compare(np.array([]), np.array([1.0]))


def test_anything_but_frames_of_four_seconds_is_refused():
    with pytest.raises(ValueError, match=r"float64 \(48, 8, 8, 3\)"):
        seen(np.zeros((48, 8, 8, 3)))
    with pytest.raises(ValueError, match="at least 48"):
        seen(np.zeros((47, 64, 112, 3), np.uint8))


def test_observation_follows_the_subject_and_its_mirror_image():
    scene = next(s for s in map(draw, range(200)) if s.action == "rolls" and not s.portrait and s.camera == "still")
    frames, cover = render(scene)
    pictures, covers = frames.permute(0, 3, 1, 2).float() / 255, cover.float() / 255

    found = observe(pictures, covers)
    turned = observe(pictures.flip(3), covers.flip(2))

    went = (found.track[-1, 0] - found.track[0, 0]).item()
    assert went * {"left": -1, "right": 1}[scene.direction] > 0.5
    there = mirrored(picture.together([found]))
    assert torch.allclose(there.track[0], turned.track, atol=0.06)
    assert torch.allclose(there.whole[0], turned.whole, atol=0.02)
    assert (there.slices[0] - turned.slices).abs().mean() < 0.05
    assert found.cuts.shape == (8, 4, 40, 40)


def test_slices_of_a_pan_slope_and_those_of_a_still_camera_do_not():
    def change(camera):
        scene = replace(draw(3), setting="city", camera=camera, portrait=False, weather="clear")
        frames, cover = render(scene)
        slices = observe(frames.permute(0, 3, 1, 2).float() / 255, cover.float() / 255).slices[4:6]
        return [(slices[:, 0] - slices[:, 12].roll(by, 1)).abs().mean().item() for by in (0, 6, -6)]

    still, left, right = (change(camera) for camera in ("still", "pan left", "pan right"))

    assert still[0] < 0.1
    assert left[0] > 2 * still[0] and right[0] > 2 * still[0]
    assert left[2] < left[1] and right[1] < right[2]


def test_weights_changed_by_a_byte_are_refused(tmp_path):
    reader = picture.PictureReader({"subject": ("ball", "cat")})
    files = {picture.FILE: weights.write(tmp_path, picture.FILE, reader.state_dict())}
    manifest = {"model": "probe", "files": files, "config": {"classes": reader.classes}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert picture.load(tmp_path).classes == reader.classes

    data = bytearray((tmp_path / picture.FILE).read_bytes())
    data[-1] ^= 1
    (tmp_path / picture.FILE).write_bytes(bytes(data))

    with pytest.raises(weights.WeightsError, match="sha256"):
        picture.load(tmp_path)


@trained
def test_reader_of_pictures_knows_unseen_renders_and_not_other_scenes():
    kin = held_out(16, 12_000_000)
    reader = picture.load(PROBE)
    found = picture.read(reader, [render(scene)[0].numpy() for scene in kin]).values(reader.classes)

    right, shuffled = recovered(found, kin), recovered(found, [*kin[1:], kin[0]])

    for name in ("subject", "colour", "setting", "style"):
        assert right[name].rate > shuffled[name].rate + 0.3, name
    assert right["setting"].rate > 0.75


@trained
def test_ear_hears_the_impacts_of_a_bouncing_ball():
    kin = [s for s in held_out(200, 12_000_000) if s.action == "bounces" and impacts(s)][:4]
    heard = ear.hear(ear.load(PROBE), [sound(scene) for scene in kin])
    found = [sync.moments(each, ear.FRAME_RATE, sync.HEARD) for each in heard.impacts]

    assert sync.shares_found([impacts(s) for s in kin], found)["recall"].rate > 0.7


def test_sound_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="24000 samples"):
        ear.hear(ear.SoundReader({"style": ("a", "b")}), [np.zeros(24000, np.float32)])


@trained
def test_options_of_a_recipe_are_compared_beside_renders():
    painter, wanted = Painter(), speed.Wanted(Path(), PROBE, 2)

    lines = list(speed.compared(wanted, Recipe(steps=8, guidance=3.0, shift=1.0), painter))

    assert [line["name"] for line in lines[:3]] == ["generation: renders", "generation: shipped", "generation: 2 steps"]
    assert len({line["adherence"] for line in lines}) == 1  # the painter draws alike whatever its recipe
    assert len(painter.asked) == 2 * (1 + 5 + 2 + 2)
    assert {recipe.steps for recipe in painter.asked} == {2, 4, 6, 8, 12, 24}
    times = {"text": 0.1, "denoise": 1.0, "decode": 2.0, "sound": 0.3}
    clip = {"seconds": 3.1, "spread": [3, 4], "threads": 2, "load": 0.1, "model": "painter", **times}
    assert "| 2 steps | 2 | 3.0 |" in speed.card([clip, *lines])


@trained
def test_perfect_generator_reaches_the_renders_own_figures_and_other_captions_do_not(tmp_path):
    said: list[str] = []
    painter, wanted = Painter(), Wanted(4, ("en",), Path(), PROBE, tmp_path / "rows", library=0, references=1)

    found = adherence.measure(wanted, said.append, painter)

    rates = found["recovered"]
    assert rates["en"] == rates["renders"]
    assert rates["shuffled"]["picture"]["subject"]["hits"] < rates["en"]["picture"]["subject"]["hits"]
    assert found["frechet"][0]["sets"]["en"] == found["frechet"][0]["sets"]["renders"]
    assert found["sound"]["en"]["loudness"]["rate"] == 1
    assert "English" in report.summary(found)
    adherence.write(found, tmp_path / "found.json")
    assert json.loads((tmp_path / "found.json").read_text())["count"] == 4

    _cut_short(tmp_path / "rows/0.jsonl")
    before = painter.made
    adherence.write(adherence.measure(wanted, said.append, painter), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (tmp_path / "found.json").read_text()
    assert painter.made - before <= 1  # only the row that was cut short is made again
    card = tmp_path / "card.md"
    card.write_text("a\n<!-- adherence -->\nSTALE\n<!-- /adherence -->\nb\n")
    report.insert(card, "adherence", report.card(found))
    assert "STALE" not in card.read_text() and card.read_text().startswith("a\n") and card.read_text().endswith("b\n")


def test_a_scene_of_which_other_words_are_read_the_same_is_not_made_again(tmp_path):
    painter = Painter()
    wanted = Wanted(4, ("en", "paraphrase", "fr"), Path(), PROBE, tmp_path, library=0, references=0, wordless=0)

    found, _ = make(wanted, lambda line: None, painter)

    assert painter.made == 4 * 2  # English and French, not paraphrases
    for place in range(4):
        assert found["en", place]["reading"] == found["paraphrase", place]["reading"]
    assert len(found) == 4 * 5


def _cut_short(path):
    text = path.read_text()
    path.write_text(text[: len(text) - 40])


def test_rows_of_other_weights_are_not_taken(tmp_path):
    wanted = Wanted(4, ("en",), Path(), PROBE, tmp_path, library=0, references=0)
    rows.write(tasks(wanted)[:3], tmp_path / "0.jsonl", makers(wanted, Painter()), lambda key: {"said": key[0]})
    other = Painter()
    other.model = "another"

    assert len(rows.found(tmp_path, makers(wanted, Painter()))) == 3
    assert {name for name, _ in rows.found(tmp_path, makers(wanted, other))} == {"renders", "reference"}


def test_too_few_finished_scenes_give_no_figures(tmp_path):
    wanted = Wanted(3, ("en",), Path(), PROBE, tmp_path, library=0, references=0, minutes=0)

    with pytest.raises(ValueError, match="0 scenes have a clip in every set"):
        adherence.measure(wanted, lambda line: None, Painter())


def test_gap_is_the_share_lost_scene_by_scene():
    kin = held_out(40)
    right = {"colour": [scene.colour for scene in kin]}
    worse = {"colour": ["none"] * 4 + right["colour"][4:]}

    found = gaps(right, worse, kin)

    assert found["colour"]["gap"] == pytest.approx(0.1)
    assert found["mean"]["low"] < 0.1 < found["mean"]["high"]
    assert gaps(right, right, kin)["mean"]["gap"] == 0


def test_quality_of_a_single_clip_is_refused_before_anything_is_made() -> None:
    with pytest.raises(Invalid, match="--clips is 1"):
        next(bench(clips=1))
