"""What a clip is asked with and what comes back; no model here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

SourceUse = Literal["reference", "remix", "edit", "extend"]
LONGEST = 120  # seconds


class AskError(ValueError):
    """A request the generator cannot answer; the message says which value and why."""


@dataclass(frozen=True)
class SourceClip:
    """What the new clip starts from: frames uint8 (T,H,W,3) (T is 1 for an image) and mono sound float32 or None.

    `strength` counts for remix and edit: 0 keeps the source, 1 replaces it.
    """

    frames: np.ndarray
    frame_rate: float
    use: SourceUse
    sound: np.ndarray | None = None
    sample_rate: int = 24000
    strength: float = 0.7


@dataclass(frozen=True)
class Reference:
    """A person to show: a portrait uint8 (H,W,3), the face in its middle, and, where given, their voice, mono float32
    (S,) in -1..1 at `sample_rate`, and their whole figure standing, uint8 (H,W,3), for posture."""

    portrait: np.ndarray
    voice: np.ndarray | None = None
    sample_rate: int = 24000
    figure: np.ndarray | None = None


@dataclass(frozen=True)
class Ask:
    """One clip to make. `seconds` is its whole length, for an extension the source's own seconds included."""

    prompt: str
    seconds: int
    width: int
    height: int
    seed: int
    negative_prompt: str = ""
    style: str | None = None
    source: SourceClip | None = None
    likenesses: tuple[Reference, ...] = ()


@dataclass(frozen=True)
class Clip:
    """Frames uint8 (T,H,W,3) at `frame_rate`, mono sound float32 (S,) in -1..1 at `sample_rate`, the prompt's words
    outside the learned world, and the seconds spent on `text`, `denoise` and `decode`.

    `warnings` are sentences on what was done otherwise than asked, for instance a prompt that was cut.
    """

    frames: np.ndarray
    frame_rate: int
    sound: np.ndarray
    sample_rate: int
    not_rendered: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def check(ask: Ask, styles: tuple[str, ...]) -> None:
    """Raises AskError for what no clip can be made of."""
    if not ask.prompt.strip():
        raise AskError("the prompt is empty")
    if not 1 <= ask.seconds <= LONGEST:
        raise AskError(f"seconds is {ask.seconds}, not between 1 and {LONGEST}")
    if ask.width < 64 or ask.height < 64 or ask.width * ask.height > 4096 * 4096:
        raise AskError(f"size {ask.width}x{ask.height} is outside 64x64 to 4096x4096")
    if ask.style is not None and ask.style not in styles:
        raise AskError(f"style {ask.style!r} is not one of {', '.join(styles)}")
    if ask.source is not None:
        _check_source(ask.source, ask.seconds)
    for place, reference in enumerate(ask.likenesses):
        _check_reference(reference, f"likeness {place}")


def _check_source(source: SourceClip, seconds: int) -> None:
    shape = source.frames.shape
    if source.frames.dtype != np.uint8 or len(shape) != 4 or shape[3] != 3 or not min(shape):
        raise AskError(f"source frames are {source.frames.dtype} {shape}, not uint8 (T,H,W,3)")
    if not source.frame_rate > 0:
        raise AskError(f"source frame rate is {source.frame_rate}")
    if not 0 <= source.strength <= 1:
        raise AskError(f"strength is {source.strength}, not between 0 and 1")
    length = shape[0] / source.frame_rate
    if source.use == "extend" and length >= seconds:
        raise AskError(f"the source lasts {length:.2f} s, so {seconds} s in all leave nothing to extend")


def _check_reference(reference: Reference, name: str) -> None:
    pictures = {"portrait": reference.portrait} | ({} if reference.figure is None else {"figure": reference.figure})
    for part, picture in pictures.items():
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or min(picture.shape) < 3:
            raise AskError(f"{name}: the {part} is {picture.dtype} {picture.shape}, not uint8 (H,W,3)")
        if min(picture.shape[:2]) < 32:
            raise AskError(f"{name}: the {part} is {picture.shape[1]}x{picture.shape[0]}, under 32 pixels on a side")
    voice = reference.voice
    if voice is None:
        return
    if voice.dtype != np.float32 or voice.ndim != 1 or not np.isfinite(voice).all():
        raise AskError(f"{name}: the voice is {voice.dtype} {voice.shape}, not finite float32 (S,)")
    if not 8000 <= reference.sample_rate <= 96000 or len(voice) < reference.sample_rate // 2:
        raise AskError(f"{name}: the voice is {len(voice)} samples at {reference.sample_rate} Hz, under half a second")
