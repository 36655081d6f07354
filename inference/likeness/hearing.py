"""Compares the voices in a clip's sound with everybody enrolled and everybody blocked, as matching.py does with faces.

Covered: speech of a second or more, of one person or of several after one another. Not covered: people who speak at
the same time, song, whispers, disguised voices, and who is in no index. One that nobody is like says nothing at all:
unlike a face, a voice without a person is no reason to hold a clip.
"""

from collections.abc import Sequence

import numpy as np

from events.likeness import Sighting
from inference.likeness.matching import Index, kind_of
from inference.likeness.thresholds import VOICE_HOLD, voice_alike
from inference.likeness.voices import Voices, speech

STRIDE = 20  # hundredths of a second between the pieces of 1.6 s that voices are read from
STRETCH = 2  # pieces in a row that are taken for one voice: 1.8 seconds


def heard(sound: np.ndarray, voices: Voices, index: Index) -> tuple[Sighting, ...]:
    """Whom of the index the voices in mono sound at RATE resemble; nobody where nobody speaks."""
    if not any(person.voice is not None for person in index.people):
        return ()
    spans = speech(sound)
    try:
        pieces = voices.pieces(sound, STRIDE)
    except ValueError:
        return ()
    return resembled(pieces, index, (spans[0].start, spans[-1].end))


def resembled(pieces: np.ndarray, index: Index, spoken: tuple[float, float]) -> tuple[Sighting, ...]:
    """A sighting for everybody whose voice is near one of the stretches of speech, each with its best score.

    `pieces` are directions (N, 256) in their order; `spoken` is from when to when there is speech, in seconds.
    """
    stretches = _stretches(pieces)
    found = []
    for person in index.people:
        if person.voice is None:
            continue
        voice = person.voice / max(1e-9, float(np.linalg.norm(person.voice)))
        nearest = float((stretches @ voice).max())
        if nearest >= VOICE_HOLD:
            found.append(_sighting(person.subject, nearest, spoken))
    return tuple(sorted(found, key=lambda each: -each.score))


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
