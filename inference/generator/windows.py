"""How a clip that is longer than the transformer's four seconds is made of windows, each of which sees the end of the
one before."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from inference.generator.autoencoder import TEMPORAL
from inference.generator.plan import Plan
from inference.generator.sampling import Latents
from inference.generator.tracker import Track

WINDOW = 12  # latents of video in four seconds
PREFIX = 4  # latents a later window is shown of the one before
SOUNDS = 2  # audio latents for each of video


@dataclass(frozen=True)
class Known:
    """Latents there are already, (T,H,W,C) and (2T,C); `has_sound` is False where the audio is only filler. `plan` is
    what they were made to; where they come from outside, `track` is what was read of their frames."""

    latents: Latents
    has_sound: bool
    plan: Plan | None = None
    track: Track | None = None


def rounds(length: int, known: int) -> int:
    """How many windows make `length` latents when some are known."""
    first = WINDOW - min(known, PREFIX)
    return 1 + max(0, -(-(length - known - first) // (WINDOW - PREFIX)))


def joined(before: Plan | None, window: Plan, keep: int) -> Plan:
    """The plan so far with that of a window after it, of which the first `keep` latents were known."""
    if before is None:
        return window
    return Plan(window.attributes, torch.cat([before.motion, window.motion[:, TEMPORAL * keep :]], dim=1))


def tail(known: Known) -> Known:
    keep = min(PREFIX, len(known.latents.video))
    latents = Latents(known.latents.video[-keep:], known.latents.audio[-SOUNDS * keep :])
    return Known(latents, known.has_sound, known.plan, known.track)


def window_of(latents: Latents, first: int) -> Latents:
    """A window from `first` on, held on its last latent where the source ends."""
    video, sound = latents.video[first : first + WINDOW], latents.audio[SOUNDS * first : SOUNDS * (first + WINDOW)]
    spare = WINDOW - len(video)
    return Latents(
        torch.cat([video, video[-1:].expand(spare, -1, -1, -1)]),
        torch.cat([sound, sound[-1:].expand(SOUNDS * spare, -1)]),
    )
