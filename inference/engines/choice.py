"""Which engine a model server runs, and where its weights come from; the engine's own module is imported only then."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from events.engines import LARGE, LIMITS, SMALL

if TYPE_CHECKING:  # the text role reads this module too, and never loads torch or numpy for it
    from inference.generator.engine import Engine

CACHE = Path(tempfile.gettempdir()) / "volary-engines"


@dataclass(frozen=True)
class EngineChoice:
    """`weights` is a folder or `s3://bucket/prefix`, `digest` the sha256 of its manifest, `options` a JSON object of
    `EngineOptions`; all three are for a large engine only. `cache` is where weights from S3 are kept."""

    name: str = SMALL
    weights: str = ""
    digest: str = ""
    options: str = ""
    cache: Path = CACHE


def load_engine(choice: EngineChoice, shipped: Path) -> Engine:
    """The engine, loaded: ours from the folder `shipped`, or the large one from where the choice says.

    Raises ValueError for a choice that makes no sense, WeightsError for weights that are not as they should be.
    """
    if choice.name == SMALL:
        if choice.weights or choice.digest or choice.options:
            raise ValueError(f"engine {SMALL!r} runs on the weights it is shipped with; it takes none and no options")
        from inference.generator.pipeline import Generator

        return Generator.load(shipped)
    if choice.name != LARGE:
        raise ValueError(f"engine {choice.name!r} is not one of {', '.join(LIMITS)}")
    from inference.engines.options import options_of

    options = options_of(choice.options)
    folder = weights_folder(choice)
    from inference.engines.large import LargeEngine

    return LargeEngine.load(folder, choice.digest, options)


def weights_folder(choice: EngineChoice) -> Path:
    """The folder with the weights, fetched from S3 if that is where they are."""
    if not choice.weights or not choice.digest:
        raise ValueError(f"engine {choice.name!r} needs its weights and the digest of their manifest, both")
    from inference.engines.source import brought

    return brought(choice.weights, choice.digest, choice.cache)
