"""Judges a prompt before anything is made from it: harms, minors, public figures, language, test texts.

What is covered: docs/model-card-safety.md has the figures per category. Every score is the highest over the text
as written, the text with disguises removed (`disguise`), every stretch of a long text, and the text joined to
the prompts of the clips it builds on.
What is not covered: pictures, other languages than English and French (they are reported, so that they are held),
names that are not on the list of public figures, and whatever a moderator would have to look up.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from events.inference import PromptScreened
from events.moderation import ALWAYS_BLOCKED_TEXT, ALWAYS_HELD_TEXT, Category, Signal, Stage
from inference.safety.classifier import PromptClassifier
from inference.safety.disguise import readings
from inference.safety.features import sentences, windows
from inference.safety.language import LanguageDetector
from inference.safety.names import public_figure, sexual_minors

if TYPE_CHECKING:  # most homes bring none, and its libraries are not read for nothing
    from inference.safety.second import SecondClassifier

RULES = "rules-1"
COVERED = frozenset(
    {
        Category.SEXUAL, Category.SEXUAL_MINORS, Category.VIOLENCE, Category.GORE, Category.SELF_HARM, Category.HATE,
        Category.HARASSMENT, Category.EXTREMISM, Category.ILLICIT, Category.WEAPONS, Category.DECEPTION,
        Category.PUBLIC_FIGURE, Category.UNSUPPORTED_LANGUAGE, Category.UNREADABLE, Category.TEST_STRING,
    }
)  # fmt: skip
_TEST_TEXTS = ((ALWAYS_BLOCKED_TEXT, 1.0), (ALWAYS_HELD_TEXT, 0.5))
_UNBROKEN = re.compile(r"[!-~]{120,}")


class PromptScreen:
    """The whole prompt stage, torch-free."""

    def __init__(
        self, classifier: PromptClassifier, languages: LanguageDetector, second: "SecondClassifier | None" = None
    ) -> None:
        self.classifier = classifier
        self.languages = languages
        self.second = second

    @classmethod
    def load(cls, folder: Path, second: "SecondClassifier | None" = None) -> "PromptScreen":
        """Read the weights, refuse them if their digest is wrong, and run once so that the first prompt is fast."""
        classifier = PromptClassifier.load(folder)
        screen = cls(classifier, LanguageDetector(classifier.vocabulary), second)
        screen.screen("A cat walks on a wall.")
        return screen

    def screen(self, text: str, context: Sequence[str] = ()) -> PromptScreened:
        """Signals of the prompt stage; `context` holds the prompts of the clips this one builds on."""
        language = self.languages.detect(text)
        signals = (
            *self.judge(text, "prompt", context),
            self._rule("prompt", Category.UNSUPPORTED_LANGUAGE, language.unsupported, f"reads like {language.code}"),
        )
        return PromptScreened(language=language.code, signals=signals)

    def judge(self, text: str, stage: Stage, context: Sequence[str] = ()) -> tuple[Signal, ...]:
        """Signals for a text found anywhere: a prompt, a transcript, writing in a picture. Language is not judged."""
        read = readings(text)
        chain = " ".join([*context[-4:], text]) if context else ""
        whole = dict.fromkeys(reading for reading in (text, *read, chain) if reading.strip())
        texts = [part for reading in whole for part in (*windows(reading), *sentences(reading))]
        scores = self.classifier.scores(texts).max(axis=0) if texts else np.zeros(len(self.classifier.categories))
        scored = zip(self.classifier.categories, scores.tolist(), strict=True)
        sexual = float(scores[self.classifier.categories.index(Category.SEXUAL)])
        return (
            *(self._scored(stage, category, score) for category, score in scored),
            *self._composed(stage, [*read, chain], sexual),
            *self._unreadable(stage, text, read),
            *(self.second.judge([part for each in whole for part in windows(each)], stage) if self.second else ()),
        )

    def _scored(self, stage: Stage, category: Category, score: float) -> Signal:
        reason = f"the wording resembles {category.value.replace('_', ' ')}" if score >= 0.5 else ""
        return Signal(stage=stage, category=category, score=score, model=self.classifier.version, reason=reason)

    def _composed(self, stage: Stage, texts: Sequence[str], sexual: float) -> list[Signal]:
        found = [
            self._rule(
                stage,
                Category.SEXUAL_MINORS,
                max(sexual_minors(text, sexual) for text in texts),
                "words for a minor near a sexual context",
            )
        ]
        named = max(map(public_figure, texts))
        if named:
            reason = "names a listed public figure" if named == 1 else "may name a listed public figure"
            found.append(self._rule(stage, Category.PUBLIC_FIGURE, named, reason))
        for test_text, score in _TEST_TEXTS:
            if any(test_text in text for text in texts):
                found.append(self._rule(stage, Category.TEST_STRING, score, "holds a screening test text"))
        return found

    def _unreadable(self, stage: Stage, text: str, read: Sequence[str]) -> list[Signal]:
        """A text without letters, or with a long run that is no word and decodes to nothing we can read."""
        counts = str.isalpha if stage == "prompt" else str.isalnum  # "3, 2, 1" is something people say and signs show
        letters = sum(counts(letter) for letter in text)
        if text.strip() and letters < 2:
            return [self._rule(stage, Category.UNREADABLE, 1.0, "holds no words")]
        if _UNBROKEN.search(text):
            return [self._rule(stage, Category.UNREADABLE, 1.0, "holds a long run that is no word")]
        return []

    def _rule(self, stage: Stage, category: Category, score: float, reason: str) -> Signal:
        return Signal(stage=stage, category=category, score=score, model=RULES, reason=reason if score >= 0.1 else "")
