"""The clips that are judged, each set from the same held-out scenes: renders, generated ones, and two baselines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from inference.evaluation.observation import seen
from inference.evaluation.phrases import paraphrase
from inference.generator.pipeline import Ask, Clip, Generator, SourceClip
from inference.generator.reading import PromptReader, Said
from inference.generator.text import TextEncoder
from inference.train.captions import english_whole, french_whole
from inference.train.corpus import scenes
from inference.train.render import render
from inference.train.sound import RATE as SOUND_RATE
from inference.train.sound import sound
from inference.train.world import Scene

LONG, SHORT = 448, 256  # pixels asked for
SECONDS = 4
WORDINGS: dict[str, Callable[[Scene], str]] = {"en": english_whole, "fr": french_whole, "paraphrase": paraphrase}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Take:
    """What is judged of a clip: frames uint8 (T,H,W,3) at 12 a second, and mono sound (S,) at 24 kHz; and how long it
    took."""

    frames: np.ndarray
    sound: np.ndarray
    timings: dict[str, float] = field(default_factory=dict)  # seconds by part; none of a render


class Silent:
    """A reader that reads nothing in any prompt: the model without text."""

    def __init__(self, reader: PromptReader) -> None:
        self._reader = reader

    def read(self, text: str) -> Said:
        return {}

    def __getattr__(self, name: str) -> object:
        return getattr(self._reader, name)


def ask(scene: Scene, prompt: str) -> Ask:
    """What is asked of the generator: the words alone, in the scene's aspect; the seed is the scene's."""
    size = (SHORT, LONG) if scene.portrait else (LONG, SHORT)
    return Ask(prompt, SECONDS, *size, seed=scene.seed)


def rendered(scene: Scene) -> Take:
    return Take(render(scene)[0].numpy(), sound(scene))


def made(generator: Generator, one: Ask) -> Take:
    """The generator's clip, delivered at the size asked for and seen at the size that the readers look at."""
    clip: Clip = generator.generate(one, lambda share: None)
    return Take((seen(clip.frames).permute(0, 2, 3, 1) * 255).round().byte().numpy(), clip.sound, clip.timings)


def retrieved(encoder: TextEncoder, kin: Sequence[Scene], library: int) -> list[Scene]:
    """For each scene that of the first `library` training scenes whose caption's sentence vector is nearest."""
    drawn = (s for shard in range(10**6) for aspect in scenes(shard).values() for s in aspect)
    known = list(islice(drawn, library))
    vectors = np.concatenate([encoder.sentences([english_whole(s) for s in part]) for part in _parts(known, 64)])
    wanted = np.concatenate([encoder.sentences([english_whole(s) for s in part]) for part in _parts(list(kin), 64)])
    return [known[place] for place in (wanted @ vectors.T).argmax(1)]


def _parts(rows: list[Scene], size: int) -> Iterator[list[Scene]]:
    yield from (rows[start : start + size] for start in range(0, len(rows), size))


def from_reference(scene: Scene, prompt: str, take: Take) -> Ask:
    """The same, with the middle frame of a take as the reference image."""
    middle = len(take.frames) // 2
    source = SourceClip(take.frames[middle : middle + 1], 12, "reference")
    return replace(ask(scene, prompt), source=source)


def is_audible(wave: np.ndarray) -> bool:
    """Whether any tenth of a second is over -50 dB below full scale."""
    parts = wave[: len(wave) // (SOUND_RATE // 10) * (SOUND_RATE // 10)].reshape(-1, SOUND_RATE // 10)
    return bool((parts**2).mean(1).max(initial=0.0) > 1e-5)
