"""Measures how often voices in clips are matched to the people who speak, and to others, on recorded speech.

Every speaker of the evaluation data has two parts of one utterance: one part stands for the enrolment, the other is
what a clip lets be heard: alone, cut short, under noise, or before somebody else speaks. Beside them the sounds of the
generator's own world, people's babble among them, which are nobody's. Never in the model server.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from inference.likeness.hearing import heard
from inference.likeness.matching import Index, Person
from inference.likeness.thresholds import VOICE_BLOCK, VOICE_HOLD
from inference.likeness.verification import opened_sound
from inference.likeness.voices import RATE, Voices, at_rate
from inference.rates import wilson

PAUSE = np.zeros(int(0.4 * RATE), np.float32)
NOISE = 10 ** (-10 / 20)  # of the speech's level
BLOCKED_FROM = 0.6  # as the policy has it
OWN = 60  # scenes of our own world, of people and of everything else
FIRST_SCENE = 12_000_000  # no set for training or evaluation begins there
Scene = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def overheard(data: Path, voices: Voices, rng: np.random.Generator, half: int = 1) -> Iterable[dict[str, Any]]:
    """Lines of rates with 95 % intervals for every other speaker; thresholds were chosen with `half` 0."""
    spoken = {path.name[:-7]: (opened_sound(path), opened_sound(other)) for path, other in _pairs(data)}
    people = [_person(name, first, voices) for name, (first, _) in spoken.items()]
    names = sorted(spoken)[half::2]
    for what, scene in SCENES.items():
        held, blocked, strangers, refused = [], [], [], []
        for name in names:
            other = names[(names.index(name) + 1) % len(names)]
            sound = scene(spoken[name][1], spoken[other][1], rng)
            found = {each.subject: each.score for each in heard(sound, voices, Index("all", tuple(people)))}
            held.append(name in found)
            blocked.append(found.get(name, 0.0) >= BLOCKED_FROM)
            speaking = (name, other) if scene is before_another else (name,)
            others = [score for subject, score in found.items() if subject not in speaking]
            strangers.append(bool(others))
            refused.append(max(others, default=0.0) >= BLOCKED_FROM)
        row = {"what": "voices in clips", "scene": what, "enrolled": len(people), "at": [VOICE_HOLD, VOICE_BLOCK]}
        counts = {
            "held_or_blocked": held,
            "blocked": blocked,
            "a_stranger_held": strangers,
            "a_stranger_blocked": refused,
        }
        yield row | {name: asdict(wilson(sum(hits), len(hits))) for name, hits in counts.items()}
    for what, sounds in (("our own people", our_own(True)), ("our own world without people", our_own(False))):
        yield {
            "what": "voices in clips",
            "scene": what,
            "enrolled": len(people),
            **strangers_in(sounds, voices, people),
        }


def our_own(with_people: bool, count: int = OWN) -> Iterable[np.ndarray]:
    """The sound of scenes as the generator is taught it, mono at RATE; its own clips are at best as clear."""
    from inference.train import sound, world  # the corpus' own code, which no server may reach

    scenes = (world.draw(seed) for seed in range(FIRST_SCENE, FIRST_SCENE + 100 * count))
    chosen = (scene for scene in scenes if (world.person(scene) is not None) == with_people)
    for scene in islice(chosen, count):
        yield at_rate(sound.sound(scene), sound.RATE)


def strangers_in(sounds: Iterable[np.ndarray], voices: Voices, people: list[Person]) -> dict[str, Any]:
    """How many of these sounds, in which nobody enrolled speaks, are held and refused all the same."""
    index = Index("all", tuple(people))
    best = [max((each.score for each in heard(sound, voices, index)), default=0.0) for sound in sounds]
    held, refused = (sum(score > line for score in best) for line in (0.0, BLOCKED_FROM))
    return {
        "a_stranger_held": asdict(wilson(held, len(best))),
        "a_stranger_blocked": asdict(wilson(refused, len(best))),
    }


def alone(sound: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return sound[: 4 * RATE]


def short(sound: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return sound[: 2 * RATE]


def noisy(sound: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    part = sound[: 4 * RATE]
    level = float(np.sqrt(np.mean(part**2)))
    return (part + NOISE * level * rng.standard_normal(len(part))).astype(np.float32)


def rumbling(sound: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Under noise whose power falls with the frequency, as that of wind, rain and streets does."""
    part = sound[: 4 * RATE]
    spectrum = np.fft.rfft(rng.standard_normal(len(part)))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), len(part))
    level = float(np.sqrt(np.mean(part**2)))
    return (part + NOISE * level * noise / noise.std()).astype(np.float32)


def before_another(sound: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.concatenate([sound[: 2 * RATE], PAUSE, other[: 2 * RATE]])


SCENES: dict[str, Scene] = {each.__name__: each for each in (alone, short, noisy, rumbling, before_another)}


def _pairs(data: Path) -> list[tuple[Path, Path]]:
    """Both parts of everybody's utterance; files that were not fetched are empty and left out."""
    firsts = sorted((data / "voices").glob("*_a.flac"))
    both = [(path, path.with_name(path.name.replace("_a.", "_b."))) for path in firsts]
    return [pair for pair in both if all(part.exists() and part.stat().st_size for part in pair)]


def _person(name: str, sound: np.ndarray, voices: Voices) -> Person:
    return Person(name, np.zeros((0, 128), np.float32), voices.describe(sound))
