"""A second classifier that a home's owner brings: what it says, what it is refused for, and what it cannot judge."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from events.moderation import Category, Signal
from inference.engines.folder import MANIFEST, digest_of, pin
from inference.manifest import WeightsError
from inference.safety.choice import NO_SECOND, SecondChoice, load_second
from inference.safety.prompts import PromptScreen
from inference.safety.second import SecondClassifier
from inference.serve import options_from
from tests.inference.tiny_onnx import WORDS, classifier, endless, weights, write

LABELS: dict[str, Any] = {
    "neutral": None,
    "toxic": {"category": "harassment", "hold": 0.3, "refuse": 0.9},
    "insult": {"category": "harassment", "hold": 0.4},
    "grim": {"category": "gore", "hold": 0.5},
}
NETWORK = weights(len(LABELS))
SHORT = "the dog sings loudly"
LONG = " ".join(["a cat walks on the wall"] * 9 + ["grim cruel dog"])


def pinned(folder: Path) -> SecondChoice:
    return SecondChoice(str(folder), pin(folder, "tiny-toxic"))


def loaded(choice: SecondChoice) -> SecondClassifier:
    found = load_second(choice)
    assert found is not None
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "second", LABELS, classifier(NETWORK))


def logits(words: Sequence[str]) -> np.ndarray:
    """What the graph must answer, by its definition."""
    numbers = [WORDS.index(word) if word in WORDS else WORDS.index("[UNK]") for word in words]
    return np.asarray(NETWORK["words"][numbers].mean(axis=0) @ NETWORK["linear"] + NETWORK["bias"])


def shares(words: Sequence[str]) -> np.ndarray:
    raised = np.exp(logits(words))
    return np.asarray(raised / raised.sum())


def by_category(signals: Sequence[Signal]) -> dict[Category, float]:
    return {signal.category: signal.score for signal in signals}


def test_its_scores_are_signals_by_category_with_its_own_version(folder: Path):
    choice = pinned(folder)
    signals = loaded(choice).judge([SHORT], "prompt")
    _, toxic, insult, grim = shares(SHORT.split())
    harassment = max(
        np.interp(toxic, [0, 0.3, 0.9, 1], [0, 0.5, 0.85, 1]), np.interp(insult, [0, 0.4, 1], [0, 0.5, 0.59])
    )

    assert {signal.model for signal in signals} == {f"tiny-toxic@{choice.digest[:12]}"}
    assert {signal.stage for signal in signals} == {"prompt"}
    assert by_category(signals) == pytest.approx(
        {Category.HARASSMENT: harassment, Category.GORE: np.interp(grim, [0, 0.5, 1], [0, 0.5, 0.59])}, abs=1e-5
    )


def test_labels_that_may_be_true_together_are_judged_alone(tmp_path: Path):
    place = write(tmp_path / "many", LABELS, classifier(NETWORK), problem="multi_label_classification")
    found = by_category(loaded(pinned(place)).judge([SHORT], "prompt"))
    grim = 1 / (1 + np.exp(-logits(SHORT.split())[3]))

    assert found[Category.GORE] == pytest.approx(np.interp(grim, [0, 0.5, 1], [0, 0.5, 0.59]), abs=1e-5)


def test_no_word_of_a_long_text_is_skipped_and_the_worst_stretch_counts(folder: Path):
    second, said = loaded(pinned(folder)), LONG.split()
    stretches = [said[at : at + 16] for at in range(0, len(said) - 4, 12)]
    worst = max(shares(words)[3] for words in stretches)

    assert len(said) > 3 * 16
    assert by_category(second.judge([LONG], "prompt"))[Category.GORE] == pytest.approx(
        np.interp(worst, [0, 0.5, 1], [0, 0.5, 0.59]), abs=1e-5
    )


def test_what_is_judged_beside_a_text_does_not_change_its_score(folder: Path):
    second = loaded(pinned(folder))
    together = by_category(second.judge([SHORT, LONG, "cat"], "prompt"))
    alone = [by_category(second.judge([text], "prompt")) for text in (SHORT, LONG, "cat")]

    assert together == pytest.approx({each: max(found[each] for found in alone) for each in together}, abs=1e-5)


def test_a_classifier_that_takes_too_long_is_stopped_and_the_text_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    place = write(tmp_path / "slow", LABELS, classifier(NETWORK, endless(8)))
    second = SecondClassifier.load(place, pin(place, "slow"), 0.3)
    assert second.judge([SHORT], "prompt")[0].category != Category.UNREADABLE
    started = time.monotonic()
    (signal,) = second.judge([LONG], "prompt")

    assert time.monotonic() - started < 5
    assert (signal.category, signal.score) == (Category.UNREADABLE, 1)
    assert "more than 0.3 seconds" in signal.reason


def test_a_classifier_that_never_answers_stops_the_server_from_starting(tmp_path: Path):
    place = write(tmp_path / "slow", LABELS, classifier(NETWORK, endless(1)))

    with pytest.raises(WeightsError, match="cannot judge a text: more than"):
        SecondClassifier.load(place, pin(place, "slow"), 0.3)


def test_a_classifier_that_answers_no_number_holds_the_text(tmp_path: Path):
    broken = {**NETWORK, "bias": np.full(len(LABELS), np.nan, np.float32)}
    second = loaded(pinned(write(tmp_path / "nan", LABELS, classifier(broken))))

    assert by_category(second.judge([SHORT], "writing")) == {Category.UNREADABLE: 1}


def test_a_run_that_fails_holds_the_text(folder: Path):
    """A tokenizer that knows more words than the network has rows for."""
    second = loaded(pinned(folder))
    more = Tokenizer.from_str(second.tokenizer.to_str())
    more.add_tokens(["volary"])
    object.__setattr__(second, "tokenizer", more)

    assert by_category(second.judge([SHORT], "prompt")).keys() == {Category.HARASSMENT, Category.GORE}
    assert by_category(second.judge(["a volary"], "prompt")) == {Category.UNREADABLE: 1}


def rewritten(name: str, text: str) -> Any:
    return lambda folder: (folder / name).write_text(text)


SPOILT: dict[str, tuple[Any, str]] = {
    "no model": (lambda folder: (folder / "model.onnx").unlink(), "cannot load"),
    "no graph": (rewritten("model.onnx", "no graph"), "cannot load"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json"),
    "no labels": (lambda folder: (folder / "labels.json").unlink(), "cannot read"),
    "a label nobody mapped": (rewritten("labels.json", json.dumps({"neutral": None})), "differ in .*toxic"),
    "a category we do not have": (
        rewritten("labels.json", json.dumps({**LABELS, "grim": {"category": "sad"}})), "no map of labels"
    ),
    "lines in the wrong order": (
        rewritten("labels.json", json.dumps({**LABELS, "grim": {"category": "gore", "hold": 0.9, "refuse": 0.5}})),
        "refuses from 0.5",
    ),
    "labels without numbers": (rewritten("config.json", "{}"), "names no labels"),
    "fewer outputs than labels": (
        lambda folder: (folder / "model.onnx").write_bytes(classifier(weights(2))), "answers"
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", SPOILT)
def test_a_folder_that_is_not_whole_stops_the_server_from_starting(folder: Path, fault: str):
    spoil, says = SPOILT[fault]
    spoil(folder)

    with pytest.raises(WeightsError, match=says):
        load_second(pinned(folder))


def test_a_file_that_was_changed_after_it_was_pinned_is_refused(folder: Path):
    choice = pinned(folder)
    (folder / "labels.json").write_text(json.dumps({**LABELS, "toxic": None}))

    with pytest.raises(WeightsError, match=r"labels\.json has sha256"):
        load_second(choice)
    with pytest.raises(WeightsError, match="was asked for"):
        load_second(SecondChoice(str(folder), "0" * 64))


def test_half_a_choice_is_refused_and_none_is_none(folder: Path):
    assert load_second(NO_SECOND) is None
    with pytest.raises(ValueError, match="both"):
        load_second(SecondChoice(str(folder)))
    with pytest.raises(ValueError, match="both"):
        load_second(SecondChoice(digest=digest_of(Path(pinned(folder).weights) / MANIFEST)))


def test_it_runs_without_torch():
    """So that it fits into the image of the text role, which has none."""
    told = "import inference.safety.second, inference.text_role, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout == "False\n"


def test_it_is_chosen_by_arguments_or_by_the_environment():
    environment = {"VOLARY_SECOND_WEIGHTS": "s3://b/p", "VOLARY_SECOND_DIGEST": "f" * 64}

    assert options_from(["--role", "text"], environment).second == SecondChoice("s3://b/p", "f" * 64)
    assert options_from([], {}).second == NO_SECOND


def test_a_prompt_is_judged_by_both_and_disguises_are_undone_for_both(folder: Path):
    """A label that says yes to everything holds a prompt that ours lets pass, and never takes a signal of ours away."""
    eager = {label: {"category": "violence", "hold": 0.01} for label in LABELS}
    (folder / "labels.json").write_text(json.dumps(eager))
    screen = PromptScreen.load(Path(__file__).parents[2] / "inference" / "weights" / "safety")
    alone = screen.screen("A cat walks on a wall.")
    screen.second = loaded(pinned(folder))
    both = screen.screen("A cat walks on a wall.")
    added = both.signals[len(alone.signals) - 1 : -1]

    assert [signal for signal in both.signals if signal not in added] == list(alone.signals)
    assert max(signal.score for signal in alone.signals) < 0.5
    assert [(signal.category, signal.model) for signal in added] == [(Category.VIOLENCE, screen.second.version)]
    assert 0.5 <= added[0].score < 0.6
