"""What is heard of whole texts, that numpy computes what torch learned, and what texts are learned from."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.encoder import Encoder, Packed
from inference.safety.packaged import WeightsChanged
from inference.talk import DEPTHS, FILE, KINDS, WAYS, Ear, Talk, places, split, states
from inference.train import chatter
from inference.train import talk as training
from inference.train.hurry import MARKS, Said, hurried
from inference.train.talk_network import Network, Reader, batch_of

WEIGHTS = Path(__file__).parents[2] / "inference" / "weights" / "talk"


@pytest.fixture(scope="module")
def encoder():
    return training.encoder()


@pytest.fixture(scope="module")
def talk(encoder):
    return Talk.load(WEIGHTS, encoder)


@pytest.fixture(scope="module")
def texts():
    return chatter.talks()


def test_words_stand_apart_from_what_french_binds_to_them_and_from_marks():
    text = "j'aime pas l'avion de @zed.b, don't you 🐶!"

    assert [text[start:end] for start, end in places(text)] == [
        "j'", "aime", "pas", "l'", "avion", "de", "@zed.b", ",", "don't", "you", "🐶", "!",
    ]  # fmt: skip


def test_numpy_hears_what_torch_learned():
    torch.manual_seed(0)
    network, seen = Network(12).eval(), np.random.default_rng(0).normal(size=(7, 12)).astype(np.float32)
    named = {name: each.astype(np.float32) for name, each in network.named().items()}
    network.load_state_dict({name: each.half().float() for name, each in network.state_dict().items()})
    ear = Ear({**named, "centre": np.zeros(12, np.float32), "spread": np.ones(12, np.float32)})

    with torch.no_grad():
        kinds, words = network(torch.from_numpy(seen)[None], torch.ones(1, 7, dtype=torch.bool))

    heard = ear.hear(seen)
    assert np.allclose(heard[0], kinds[0].numpy(), atol=1e-4)
    assert np.allclose(heard[1], words[0].numpy(), atol=1e-4)


def test_padding_beside_a_text_changes_nothing_in_it():
    torch.manual_seed(0)
    network, seen = Network(12).eval(), torch.randn(1, 5, 12)
    with torch.no_grad():
        alone = network(seen, torch.ones(1, 5, dtype=torch.bool))
        padded = network(padded_by(seen, 3), torch.arange(8)[None] < 5)

    assert torch.allclose(alone[0], padded[0], atol=1e-5)
    assert torch.allclose(alone[1], padded[1][:, :5], atol=1e-5)


def padded_by(seen: torch.Tensor, by: int) -> torch.Tensor:
    return torch.nn.functional.pad(seen, (0, 0, 0, by))


def test_small_talk_is_told_from_wishes(talk):
    heard = {
        "my aunt says we should keep fewer hens": "noop",
        "ma tante dit qu'on devrait avoir moins de poules": "noop",
        "we should get fewer hens in this feed, please": "steer",
        "pourquoi y a-t-il autant de poules dans mon fil ?": "query",
    }
    found = {text: leading(talk.hear(text).kinds) for text in heard}

    assert found == heard


def test_who_speaks_and_why_is_no_subject(talk):
    heard = talk.hear("my grandson and I would like more glaciers because the dog is asleep")

    assert [heard_text(heard, word) for word in heard.words if sum(word.ways.values()) > 0.5] == ["glaciers"]


def heard_text(heard, word):
    return "my grandson and I would like more glaciers because the dog is asleep"[word.start : word.end]


def leading(shares: dict[str, float]) -> str:
    return max(shares, key=shares.__getitem__)


def test_a_text_is_heard_the_same_each_time_and_an_endless_or_empty_one_is_no_error(talk):
    assert talk.hear("more glaciers") == talk.hear("more glaciers")
    assert talk.hear("\u200d").words == ()
    heard = talk.hear("more glaciers, " * 70)
    assert set(heard.kinds) == set(KINDS)
    assert all(set(word.ways) == set(WAYS) for word in heard.words)


def test_each_word_has_states_of_its_own(encoder):
    text = "moins d'avions, stp"

    assert states(encoder, [text])[0].shape == (len(places(text)), 3 * encoder.shape.width)


def test_numpy_sees_what_torch_learns_from_when_the_encoder_has_changed(encoder):
    torch.manual_seed(0)
    reader, said = Reader(encoder), ["moins d'avions, stp", "more glaciers"]
    for each in reader.changes.up.values():
        torch.nn.init.normal_(each, std=0.05)
    packed = Packed(encoder.shape, encoder.pieces, encoder.tensors)
    changed = Encoder(packed, reader.changes.exported(), layers=max(DEPTHS))
    words = [[text[start:end] for start, end in places(text)] for text in said]

    with torch.no_grad():
        seen = reader.seen(batch_of([split(each, encoder.pieces.split) for each in words])).numpy()

    for row, expected in zip(seen, states(changed, said), strict=True):  # torch multiplies in half precision
        assert np.abs(row[: len(expected)] - expected).max() < 0.1
    assert np.abs(states(encoder, said)[0] - states(changed, said)[0]).max() > 0.2


def test_a_text_typed_in_a_hurry_keeps_what_its_words_are():
    said = Said(["Plus", "de", "châteaux", ",", "pas", "de", "pluie", "!"], [0, 0, 1, 0, 0, 0, 2, 0], 1)
    typed = [hurried(said, np.random.default_rng(seed)) for seed in range(300)]

    assert all(len(each.words) == len(each.ways) and all(each.words) and each.kind == 1 for each in typed)
    assert all([way for way in each.ways if way] == [1, 2] for each in typed)
    assert said in typed
    assert len({" ".join(each.words) for each in typed}) > 40
    assert any(not MARKS & set(each.words) for each in typed)
    assert typed == [hurried(said, np.random.default_rng(seed)) for seed in range(300)]


def test_changed_weights_are_refused(tmp_path, encoder):
    for name in (FILE, "manifest.json"):
        shutil.copy(WEIGHTS / name, tmp_path / name)
    data = bytearray((tmp_path / FILE).read_bytes())
    data[-1] ^= 1
    (tmp_path / FILE).write_bytes(data)

    with pytest.raises(WeightsChanged):
        Talk.load(tmp_path, encoder)


def test_texts_are_drawn_the_same_each_time_and_name_their_subjects(texts):
    assert texts == chatter.talks()
    assert {talk.kind for talk in texts} == set(KINDS)
    for talk in texts:
        assert all(talk.text[start:end].strip() and way in WAYS for start, end, way in talk.subjects), talk
        assert talk.kind in ("steer", "reject", "query", "reset") or not talk.subjects, talk


def test_a_set_can_be_left_out_with_all_that_is_made_from_it(texts):
    line = next(each for each in chatter.opened() if each.sources == {"heldout_ninth"} and len(each.plain) > 30)
    with_it = [talk for talk in texts if line.plain in talk.text]

    assert with_it
    assert all("heldout_ninth" in talk.sources for talk in with_it)
