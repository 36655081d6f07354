"""Free paraphrases of the evaluation's scenes, each written by hand for its scene by somebody who had seen neither the
captions nor the phrase books; nothing is trained on them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from inference.train.world import Scene

_FILES = {"en": "paraphrases.json", "fr": "paraphrases_fr.json"}


@cache
def paraphrases(language: str) -> dict[int, str]:
    """By scene seed. English holds 300, of the first held-out scenes, French 60."""
    found = json.loads((Path(__file__).parent / _FILES[language]).read_text("utf-8"))
    return {int(seed): prompt for seed, prompt in found.items()}


def paraphrase(scene: Scene) -> str:
    """The English one of a scene; raises KeyError for a scene of which there is none."""
    return paraphrases("en")[scene.seed]
