"""The model of topics: names that are no example fall under theirs, others under none; changed weights are refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from inference.safety.classifier import PromptClassifier
from inference.safety.packaged import WeightsChanged
from inference.topics import FILE, NONE, Topics
from inference.train import topics as training

WEIGHTS = Path(__file__).parents[2] / "inference" / "weights"
UNSEEN = {
    "albino crocodiles": "insects_reptiles", "young orangutans": "wild_animals", "the women's football cup": "sports",
    "electric guitars": "music", "strawberry cheesecake": "cooking_food", "steamboats": "boats",
    "des guitares électriques": "music", "tartes aux fraises": "cooking_food", "les petits lionceaux": "wild_animals",
    "vieilles locomotives à charbon": "trains", "iced coffee": "drinks", "des orages d'été": "rain_storm",
    "bitcoin prices": NONE, "mortgage rates": NONE, "les taux d'intérêt": NONE, "lipstick tutorials": NONE,
}  # fmt: skip


@pytest.fixture(scope="module")
def sentences():
    return PromptClassifier.load(WEIGHTS / "safety").sentences


@pytest.fixture(scope="module")
def topics():
    return Topics.load(WEIGHTS / "topics")


def test_most_names_that_are_no_example_fall_under_their_topic_or_under_none(topics, sentences):
    assert not {name for _, name in training.examples()} & set(UNSEEN)

    found = topics.scores(sentences.encode(list(UNSEEN)).astype(np.float32))
    read = {name: max(scores, key=scores.__getitem__) for name, scores in zip(UNSEEN, found, strict=True)}

    wrong = {name: topic for name, topic in read.items() if topic != UNSEEN[name]}
    assert len(wrong) <= 3, wrong


def test_a_name_scores_the_same_alone_and_among_others(topics, sentences):
    vectors = sentences.encode(list(UNSEEN)).astype(np.float32)

    assert topics.scores(vectors)[3] == topics.scores(vectors[3:4])[0]
    assert topics.scores(vectors[:0]) == []


def test_the_examples_name_every_topic_of_the_catalogue_and_none_other():
    catalogue = set(json.loads(training.CATALOGUE.read_text("utf-8")))
    manifest = json.loads((WEIGHTS / "topics" / "manifest.json").read_text("utf-8"))

    assert {topic for topic, _ in training.examples()} == catalogue | {NONE}
    assert set(manifest["files"][FILE]["topics"]) == catalogue | {NONE}
    written = training.EXAMPLES.read_text("utf-8").splitlines()
    assert {line.split(" | ")[0] for line in written if not line.startswith("#")} == catalogue | {NONE}


def test_changed_weights_are_refused(tmp_path):
    for name in (FILE, "manifest.json"):
        shutil.copy(WEIGHTS / "topics" / name, tmp_path / name)
    data = bytearray((tmp_path / FILE).read_bytes())
    data[-1] ^= 1
    (tmp_path / FILE).write_bytes(data)

    with pytest.raises(WeightsChanged):
        Topics.load(tmp_path)
