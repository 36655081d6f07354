"""The model of ways: what it reads of sentences that are no example, and that changed weights are refused."""

import json
import shutil
from pathlib import Path

import pytest

from inference.safety.classifier import PromptClassifier
from inference.safety.packaged import WeightsChanged
from inference.train import ways as training
from inference.ways import FILE, Ways

WEIGHTS = Path(__file__).parents[2] / "inference" / "weights"
UNSEEN = {
    "it would be wonderful if {} came up every single day": "more",
    "these days I simply have no patience for {}": "less",
    "there is nobody here who complained about the {}": "keep",
    "j'aimerais tellement tomber sur des {} plus fréquemment": "more",
    "franchement je n'ai plus aucune patience pour les {}": "less",
    "my aunt baked a cake for the neighbours": "noop",
    "explain to me how these clips are picked": "query",
}


@pytest.fixture(scope="module")
def encoders():
    classifier = PromptClassifier.load(WEIGHTS / "safety")
    return classifier.encoder, classifier.sentences


@pytest.fixture(scope="module")
def ways(encoders):
    return Ways.load(WEIGHTS / "ways", *encoders)


def leading(scores: dict[str, float]) -> str:
    return max(scores, key=scores.__getitem__)


def test_most_sentences_that_are_no_example_are_read(ways):
    known = {frame for _, frame in training.examples()}
    assert not known & set(UNSEEN)

    hits = [leading(found) == way for found, way in zip(ways.scores(list(UNSEEN)), UNSEEN.values(), strict=True)]

    assert sum(hits) >= len(UNSEEN) - 2, list(zip(UNSEEN, hits, strict=True))


@pytest.mark.parametrize(
    ("frames", "wanted"),
    [
        (("I would gladly give up {} for []", "I would gladly give up [] for {}"), ("less", "more")),
        (("plutôt que {} mets-moi []", "plutôt que [] mets-moi {}"), ("less", "more")),
    ],
)
def test_of_two_subjects_each_goes_its_own_way(ways, frames, wanted):
    assert not {frame for _, frame in training.examples()} & set(frames)

    first, second = ways.scores(frames)

    assert first[wanted[0]] - first[wanted[1]] > second[wanted[0]] - second[wanted[1]] + 0.2


def test_an_example_of_several_subjects_is_one_of_each():
    assert training.each(["less", "more"], "{} out, {} in") == [("less", "{} out, [] in"), ("more", "[] out, {} in")]
    assert training.each(["less", "more"], "room for {1} and not {0}") == [
        ("less", "room for [] and not {}"), ("more", "room for {} and not []")
    ]  # fmt: skip


def test_a_sentence_reads_the_same_alone_and_among_others(ways):
    sentences = list(UNSEEN)

    assert ways.scores(sentences)[2] == ways.scores([sentences[2]])[0] == ways.scores([sentences[2]])[0]
    assert ways.scores([]) == []


def test_every_way_has_a_score_and_an_empty_or_endless_sentence_is_no_error(ways):
    for found in ways.scores(["", "{}", "more {} " * 500]):
        assert set(found) == {way for way, _ in training.examples()}


def test_changed_weights_are_refused(tmp_path, encoders):
    for name in (FILE, "manifest.json"):
        shutil.copy(WEIGHTS / "ways" / name, tmp_path / name)
    data = bytearray((tmp_path / FILE).read_bytes())
    data[-1] ^= 1
    (tmp_path / FILE).write_bytes(data)

    with pytest.raises(WeightsChanged):
        Ways.load(tmp_path, *encoders)


def test_the_examples_name_no_way_that_the_grammar_does_not_know():
    from volary.steering.composition import Op

    manifest = json.loads((WEIGHTS / "ways" / "manifest.json").read_text())
    assert set(manifest["files"][FILE]["ways"]) == {way for way, _ in training.examples()} <= set(Op.__args__)
