"""A voice-like line without words: voiced pulses through the resonances of a throat, as a person's traits say."""

from __future__ import annotations

import numpy as np

from inference.generator.likeness import TRAITS

RATE = 24000
# The three lowest resonances in Hz of some vowels (Peterson and Barney 1952, rounded), for a throat of middle length.
_VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (570, 840, 2410))
_WIDTHS = (90, 110, 170)
# Of the couple's other one, whom no likeness names: a middling voice.
MIDDLING = (0.0,) * len(TRAITS)
Wave = np.ndarray


def pitch(traits: tuple[float, ...]) -> float:
    """The voice's middle pitch in Hz, 85 to 300."""
    return 160.0 * 1.88 ** traits[TRAITS.index("voice high")]


def syllable_seconds(traits: tuple[float, ...]) -> float:
    return 0.24 * 0.65 ** traits[TRAITS.index("voice quick")]


def syllable(traits: tuple[float, ...], rng: np.random.Generator) -> Wave:
    """One syllable at about unit level: a vowel whose pitch glides a little."""
    count = int(RATE * syllable_seconds(traits))
    share = np.arange(count) / count
    hertz = pitch(traits) * (rng.uniform(0.96, 1.04) + rng.uniform(-0.08, 0.08) * share)
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    resonances = np.array(_VOWELS[rng.integers(len(_VOWELS))]) * 1.22 ** traits[TRAITS.index("voice bright")]
    wave = np.zeros(count)
    for harmonic in range(1, int(5000 / hertz.mean())):
        wave += _strength(harmonic * hertz.mean(), resonances) / harmonic**0.6 * np.sin(harmonic * phase)
    return wave / (wave.std() + 1e-9) * np.sin(np.pi * share) ** 0.5


def _strength(hertz: float, resonances: np.ndarray) -> float:
    return float(sum(1 / (1 + ((hertz - at) / wide) ** 2) for at, wide in zip(resonances, _WIDTHS, strict=True)))


def line(traits: tuple[float, ...], seed: int, seconds: float) -> Wave:
    """Syllable after syllable with short rests, float32 (S,): how somebody sounds who is recorded alone."""
    rng = np.random.default_rng(seed)
    parts: list[Wave] = []
    while sum(map(len, parts)) < seconds * RATE:
        rest = syllable_seconds(traits) * (0.25 if rng.random() < 0.75 else 1.2)
        parts += [syllable(traits, rng), np.zeros(int(RATE * rest))]
    return (0.1 * np.concatenate(parts)[: int(seconds * RATE)]).astype(np.float32)
