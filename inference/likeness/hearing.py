"""Compares the voices in a clip's sound with everybody enrolled and everybody blocked, as matching.py does with faces.

Covered: speech of a second or more, of one person or of several after one another, some of it in steady noise. Not
covered: people who speak at the same time, song, whispers, disguised voices, and who is in no index. One that nobody is
like says nothing at all: unlike a face, a voice without a person is no reason to hold a clip.
"""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import istft, stft

from events.likeness import Sighting
from inference.likeness.matching import Index, kind_of
from inference.likeness.thresholds import VOICE_HOLD, voice_alike
from inference.likeness.voices import RATE, Voices, speech

STRIDE = 20  # hundredths of a second between the pieces of 1.6 s that voices are read from
WINDOW = 512  # samples, 32 ms
STEADY = 15  # percentile of a band's power that counts as noise
OVER, FLOOR = 3.0, 0.05  # how much of it is taken away, and what is left of a band at least
STRETCH = 2  # pieces in a row that are taken for one voice: 1.8 seconds


def heard(sound: np.ndarray, voices: Voices, index: Index) -> tuple[Sighting, ...]:
    """Whom of the index the voices in mono sound at RATE resemble; nobody where nobody speaks."""
    if not any(person.voice is not None for person in index.people):
        return ()
    spans, readings = speech(sound), []
    for each in (sound, quieted(sound)):  # the second finds voices in noise, and loses some that are clean
        try:
            readings.append(voices.pieces(each, STRIDE))
        except ValueError:
            continue
    if not spans or not readings:
        return ()
    return resembled(readings, index, (spans[0].start, spans[-1].end))


def resembled(readings: Sequence[np.ndarray], index: Index, spoken: tuple[float, float]) -> tuple[Sighting, ...]:
    """A sighting for everybody whose voice is near one of the stretches of speech, each with its best score.

    `readings` hold directions (N, 256) in their order; `spoken` is from when to when there is speech, in seconds.
    """
    stretches = np.concatenate([_stretches(pieces) for pieces in readings])
    found = []
    for person in index.people:
        if person.voice is None:
            continue
        voice = person.voice / max(1e-9, float(np.linalg.norm(person.voice)))
        nearest = float((stretches @ voice).max())
        if nearest >= VOICE_HOLD:
            found.append(_sighting(person.subject, nearest, spoken))
    return tuple(sorted(found, key=lambda each: -each.score))


def quieted(sound: np.ndarray) -> np.ndarray:
    """The sound less its steadiest part: what is there in nearly every moment of a band is noise, not speech."""
    _, _, spectrum = stft(sound, RATE, nperseg=WINDOW, noverlap=WINDOW * 3 // 4)
    power = uniform_filter1d(np.abs(spectrum) ** 2, 5, axis=1)
    noise = np.percentile(power, STEADY, axis=1, keepdims=True)
    gain = np.sqrt(np.clip(1 - OVER * noise / np.maximum(power, 1e-12), FLOOR**2, 1))
    _, left = istft(spectrum * gain, RATE, nperseg=WINDOW, noverlap=WINDOW * 3 // 4)
    return np.asarray(left[: len(sound)], np.float32)


def _sighting(subject: str, nearest: float, spoken: Sequence[float]) -> Sighting:
    return Sighting(
        subject=subject, listed=kind_of(subject), sense="voice", score=voice_alike(nearest), start=spoken[0],
        end=spoken[1],
    )  # fmt: skip


def _stretches(pieces: np.ndarray) -> np.ndarray:
    """The voice of the whole and of every few pieces in a row (M, 256): a second speaker is not averaged away."""
    count = max(1, len(pieces) - STRETCH + 1)
    parts = [pieces.mean(axis=0), *(pieces[at : at + STRETCH].mean(axis=0) for at in range(count))]
    found = np.array(parts)
    return np.asarray(found / np.maximum(1e-9, np.linalg.norm(found, axis=1, keepdims=True)))
