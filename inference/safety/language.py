"""Says which language a text is in, and how sure it is that we can judge it; it translates nothing.

Only English and French are judged: their figures are in docs/model-card-safety.md. Every other language is
reported, so that the policy holds it. A byte-statistics model is sure of whole sentences and guesses at short ones,
so the share of words known from the English and French training texts decides where it is unsure.
"""

from collections.abc import Set
from dataclasses import dataclass

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from inference.safety.features import word_code, words

JUDGED = frozenset({"en", "fr"})
CANDIDATES = (
    "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja", "ko",
    "nl", "no", "pl", "pt", "ro", "ru", "sv", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip

SHORT = 6
KNOWN_SHORT = 0.6
KNOWN_LONG = 0.85


@dataclass(frozen=True)
class Language:
    """The likeliest language, and the score of `unsupported_language` in [0, 1]."""

    code: str
    unsupported: float


class LanguageDetector:
    """Naive Bayes over byte n-grams (py3langid), restricted to `CANDIDATES`, and a set of known words.

    `vocabulary` holds `features.word_code` of every known word.
    """

    def __init__(self, vocabulary: Set[int]) -> None:
        self.vocabulary = vocabulary
        self.identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        self.identifier.set_languages(list(CANDIDATES))

    def detect(self, text: str) -> Language:
        """The language of a text. Known words outweigh a guess at a short text, never a sure verdict on a long one."""
        codes = [word_code(word) for word in words(text)]
        if not codes:
            return Language("und", 0.0)
        ranked = dict(self.identifier.rank(text))
        foreign = min(1.0, max(0.0, 1 - sum(ranked[code] for code in JUDGED)))
        known = sum(code in self.vocabulary for code in codes) / len(codes)
        if known >= (KNOWN_SHORT if len(codes) < SHORT else KNOWN_LONG):
            foreign = min(foreign, 0.4)
        candidates = JUDGED if foreign < 0.5 else set(CANDIDATES)
        return Language(max(sorted(candidates), key=lambda code: ranked[code]), foreign)
