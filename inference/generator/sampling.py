"""Integrates the learned velocity from noise to latents, with guidance; knows nothing of prompts or pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from inference.generator.transformer import Condition, Transformer


@dataclass(frozen=True)
class Latents:
    """A clip's latents: video (T,H,W,C) and audio (A,C)."""

    video: Tensor
    audio: Tensor


@dataclass(frozen=True)
class Recipe:
    """How to integrate: Euler `steps`, `guidance` away from the negative condition, `shift` of the steps towards noise,
    where the scene is decided, and `compared`: at every how many steps the negative condition is asked, what it differs
    by being reused between. (To reuse whole velocities would be to take fewer steps.)"""

    steps: int = 12
    guidance: float = 2.0
    shift: float = 2.0
    compared: int = 1


@dataclass(frozen=True)
class Start:
    """Where integration begins: `known` latents, of which the given ones are kept clean throughout; the others are
    mixed with `noise` at time `level` (1 is pure noise, so what is known there no longer matters)."""

    known: Latents
    noise: Latents
    level: float


def times(recipe: Recipe, level: float) -> list[float]:
    """Falling times from `level` to 0."""
    steps = max(1, round(recipe.steps * level))
    even = torch.linspace(1, 0, steps + 1)
    return (level * recipe.shift * even / (1 + (recipe.shift - 1) * even)).tolist()


@torch.no_grad()
def denoise(
    model: Transformer,
    wanted: tuple[Condition, Condition],
    start: Start,
    recipe: Recipe,
    on_step: Callable[[float], None],
) -> Latents:
    """Latents of one clip for `wanted` = (condition, negative condition), each of batch 1."""
    guidance = _Guidance(model, wanted)
    keep_video = wanted[0].is_video_given[0][:, None, None, None]
    keep_audio = wanted[0].is_audio_given[0][:, None]
    moments = times(recipe, start.level)
    video = start.known.video.lerp(start.noise.video, moments[0])
    audio = start.known.audio.lerp(start.noise.audio, moments[0])
    for place, (now, then) in enumerate(zip(moments, moments[1:], strict=False)):
        video = torch.where(keep_video, start.known.video, video)
        audio = torch.where(keep_audio, start.known.audio, audio)
        seen, heard = guidance.velocities(Latents(video, audio), now, place % recipe.compared == 0)
        video = video + (then - now) * _guided(seen, recipe.guidance)
        audio = audio + (then - now) * _guided(heard, recipe.guidance)
        on_step((place + 1) / (len(moments) - 1))
    return Latents(torch.where(keep_video, start.known.video, video), torch.where(keep_audio, start.known.audio, audio))


class _Guidance:
    """Asks the transformer for velocities under a condition and its negative, and remembers by how much they differ."""

    def __init__(self, model: Transformer, wanted: tuple[Condition, Condition]) -> None:
        self.model, self.wanted, self.both = model, wanted[0], _stacked(*wanted)
        self._apart: list[Tensor] = []

    def velocities(self, now: Latents, time: float, is_compared: bool) -> list[Tensor]:
        """(2,T,H,W,C) of the video and (2,A,C) of the audio; the second of each is made up unless `is_compared`."""
        count, condition = (2, self.both) if is_compared else (1, self.wanted)
        given = (torch.stack([part] * count) for part in (now.video, now.audio))
        with torch.autocast(now.video.device.type, torch.bfloat16):
            found = [each.float() for each in self.model(*given, torch.tensor([time] * count), condition)]
        if is_compared:
            self._apart = [one - other for one, other in found]
            return found
        return [torch.cat([each, each - apart]) for each, apart in zip(found, self._apart, strict=True)]


def _guided(velocities: Tensor, guidance: float) -> Tensor:
    """Away from the second of the pair; half of what guidance adds to the spread is taken back (Lin 2023, 3.4)."""
    wanted, unwanted = velocities
    pushed = unwanted + guidance * (wanted - unwanted)
    return pushed * (0.5 + 0.5 * wanted.std() / (pushed.std() + 1e-6))


def _stacked(one: Condition, other: Condition) -> Condition:
    fields = {name: torch.cat([getattr(one, name), getattr(other, name)]) for name in vars(one)}
    return replace(one, **fields)
