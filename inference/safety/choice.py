"""Whether a home's owner brings a second classifier of texts, and where from; its module is imported only then."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inference.engines.choice import CACHE

if TYPE_CHECKING:
    from inference.safety.second import SecondClassifier


@dataclass(frozen=True)
class SecondChoice:
    """`weights` is a folder or `s3://bucket/prefix`, `digest` the sha256 of its manifest; both are empty for none.

    `seconds` is how long it may take over one text. `cache` is where weights from S3 are kept.
    """

    weights: str = ""
    digest: str = ""
    seconds: float = 2.0
    cache: Path = CACHE


NO_SECOND = SecondChoice()


def load_second(choice: SecondChoice) -> SecondClassifier | None:
    """The chosen classifier, None where none is chosen.

    Raises ValueError for half a choice, OSError where S3 refuses, WeightsError for what is not as pinned or fits not.
    """
    if not choice.weights and not choice.digest:
        return None
    if not choice.weights or not choice.digest:
        raise ValueError("a second classifier needs its weights and the digest of their manifest, both")
    from inference.engines.source import brought
    from inference.safety.second import SecondClassifier

    return SecondClassifier.load(brought(choice.weights, choice.digest, choice.cache), choice.digest, choice.seconds)
