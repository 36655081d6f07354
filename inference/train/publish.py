"""Packs a training run into the folder the server loads: 8-bit rows, digests, sizes, words and recipe.

python -m inference.train.publish RUN FOLDER
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from safetensors.torch import load_file

from events.engines import SMALL
from inference import weights
from inference.generator.audio import AudioShape
from inference.generator.autoencoder import VideoShape
from inference.generator.backdrop import BackdropShape
from inference.generator.enlarger import EnlargerShape
from inference.generator.likeness import TRAITS, LikenessShape
from inference.generator.plan import PlanShape
from inference.generator.reading import ReaderShape, packaged
from inference.generator.sampling import Recipe
from inference.generator.text import content_words
from inference.generator.tracker import TrackerShape
from inference.generator.transformer import TransformerShape
from inference.train import captions
from inference.train.plans import ATTRIBUTES
from inference.train.sayings import phrase_words
from inference.train.scenery import GROUNDS, RIMS
from inference.train.world import STYLES, SUBJECTS, WEIGHTLESS

NAME = SMALL  # what the policy of screening knows its clips by
THRESHOLD = 0.62  # see `python -m inference.train.lexicon`


def taught_words() -> list[str]:
    """Content words and whole phrases of the captions."""
    phrases = captions.lexicon()
    return sorted({word for phrase in phrases for word in content_words(phrase)} | set(phrases))


def plain_words() -> dict[str, dict[str, str]]:
    """How the captions say each value first, in English: what `telling` tells the transformer."""
    tables = {
        "subject": captions.SUBJECT_EN, "colour": captions.COLOUR_EN, "size": captions.SIZE_EN,
        "action": captions.ACTION_EN, "setting": captions.SETTING_EN, "time": captions.TIME_EN,
        "weather": captions.WEATHER_EN, "camera": captions.CAMERA_EN, "style": captions.STYLE_EN,
    }  # fmt: skip
    return {
        name: {value: next(filter(None, phrases)) for value, phrases in table.items()} for name, table in tables.items()
    }


def scenes() -> dict[str, dict[str, list[str]]]:
    """What each subject does in each setting that the corpus has it in."""
    return {
        subject: {place: list(WEIGHTLESS if place == "space" else deeds) for place in dict.fromkeys(places)}
        for subject, (places, deeds) in SUBJECTS.items()
    }


def publish(run: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # A run from before people had traits has no likeness encoder, and its painter is told none.
    encodes = (run / "likeness.safetensors").exists()
    kept = (
        "autoencoder",
        "audio",
        "tracker",
        "planner",
        "enlarger",
        "backdrop",
        "reader",
        *(("likeness",) if encodes else ()),
    )
    sources = {"transformer": "average", **{name: name for name in kept}}
    files = {
        f"{name}.safetensors": weights.write(folder, f"{name}.safetensors", load_file(run / f"{source}.safetensors"))
        for name, source in sources.items()
    }
    config = {
        "styles": STYLES,
        "video": asdict(VideoShape()),
        "audio": asdict(AudioShape()),
        "transformer": asdict(TransformerShape()),
        "tracker": asdict(TrackerShape()),
        "planner": asdict(PlanShape()),
        "enlarger": asdict(EnlargerShape(traits=len(TRAITS) if encodes else 0)),
        "backdrop": asdict(BackdropShape()),
        "reader": asdict(ReaderShape()),
        "encoder": hashlib.sha256(packaged()).hexdigest(),
        **({"likeness": asdict(LikenessShape())} if encodes else {}),
        "attributes": ATTRIBUTES,
        "recipe": asdict(Recipe()),
        "threshold": THRESHOLD,
        "lexicon": taught_words(),
        "words": plain_words(),
        "scenes": scenes(),
        "grounds": GROUNDS,
        "rims": RIMS,
        "taught": " ".join(sorted(phrase_words())),
    }
    text = json.dumps({"model": NAME, "files": files, "config": config}, indent=1, ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    publish(asked.run, asked.folder)


if __name__ == "__main__":
    main()
