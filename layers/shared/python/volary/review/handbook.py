"""The policy in words for those who review, and what they tell authors, in English and French; it decides nothing."""

import json
from functools import cache
from importlib import resources
from typing import Literal

Language = Literal["en", "fr"]
Entry = dict[str, str]
LANGUAGES: tuple[Language, ...] = ("en", "fr")


@cache
def handbook() -> dict[str, Entry]:
    """By category, "none" without one: `title`, `text`, the same as `title_fr`, `text_fr`, and the template of an
    explanation in each language as `en` and `fr`.
    """
    text = resources.files("volary.review").joinpath("handbook.json").read_text("utf-8")
    told: dict[str, Entry] = json.loads(text)
    return told


def title(category: str, language: Language) -> str:
    """What a ground is called."""
    entry = handbook()[category]
    return entry["title" if language == "en" else f"title_{language}"]


def explained(words: str) -> dict[Language, str]:
    """A reviewer's explanation by the language it is read in: a template in each, words of their own as they are."""
    words = words.strip()
    for entry in handbook().values():
        if words in (entry[language] for language in LANGUAGES):
            return {language: entry[language] for language in LANGUAGES}
    return dict.fromkeys(LANGUAGES, words)
