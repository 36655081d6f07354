"""Brings a source clip to the generator's rates, and a new part after it; encodes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from inference.generator import audio, frames
from inference.generator.asking import Ask, Clip, SourceClip
from inference.generator.autoencoder import TEMPORAL
from inference.generator.loudness import normalised

_SEAM = audio.RATE // 20


def fitted(source: SourceClip, seconds: int) -> SourceClip:
    """The source at our rates, cut to the seconds asked; an extension begins on a whole latent."""
    pictures = frames.resampled(source.frames, source.frame_rate)[: seconds * frames.RATE]
    if source.use == "extend" and len(pictures) >= TEMPORAL:
        pictures = pictures[: len(pictures) // TEMPORAL * TEMPORAL]
    elif source.use == "extend":
        pictures = np.concatenate([pictures, np.repeat(pictures[-1:], TEMPORAL - len(pictures), axis=0)])
    sound = source.sound
    if sound is not None:
        count = round(len(sound) * audio.RATE / source.sample_rate)
        sound = np.interp(np.arange(count) * source.sample_rate / audio.RATE, np.arange(len(sound)), sound)
        want = len(pictures) * audio.RATE // frames.RATE
        sound = np.pad(sound[:want], (0, max(0, want - len(sound)))).astype(np.float32)
    return replace(source, frames=pictures, frame_rate=frames.RATE, sound=sound, sample_rate=audio.RATE)


def overlapping(pictures: np.ndarray) -> Iterator[np.ndarray]:
    """The frames in pieces of ten seconds: the encoder looks back less than one second, pieces may differ there."""
    for start in range(0, len(pictures), 10 * frames.RATE):
        yield pictures[start : start + 10 * frames.RATE]


def cover(source: SourceClip | None) -> float:
    """How much the subject is painted anew: of a remix that keeps most of its source, hardly."""
    is_changed = source is not None and source.use in ("remix", "edit")
    return min(1.0, 2 * source.strength) if source and is_changed else 1.0


def finished(ask: Ask, source: SourceClip | None, pictures: np.ndarray, sound: np.ndarray) -> Clip:
    """Enlarges, and puts an extension after its source with a short cross-fade of the sound."""
    if source is None or source.use != "extend":
        pictures, sound = pictures[: ask.seconds * frames.RATE], sound[: ask.seconds * audio.RATE]
        return _clip(frames.resized(pictures, ask.height, ask.width), sound)
    fresh = ask.seconds * frames.RATE - len(source.frames)
    before = frames.resized(source.frames, ask.height, ask.width)
    after = frames.resized(pictures[len(pictures) - fresh :], ask.height, ask.width)
    heard = (
        np.zeros(len(source.frames) * audio.RATE // frames.RATE, np.float32) if source.sound is None else source.sound
    )
    new = normalised(sound, audio.RATE)[-fresh * audio.RATE // frames.RATE - _SEAM :]
    fade = np.linspace(0, 1, _SEAM, dtype=np.float32)
    seam = heard[-_SEAM:] * (1 - fade) + new[:_SEAM] * fade
    return _clip(np.concatenate([before, after]), np.concatenate([heard[:-_SEAM], seam, new[_SEAM:]]))


def _clip(pictures: np.ndarray, sound: np.ndarray) -> Clip:
    return Clip(pictures, frames.RATE, normalised(sound, audio.RATE), audio.RATE)
