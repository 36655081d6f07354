"""The velocity network: text, video and audio tokens in one sequence, told the time, the sentence and the style.

It knows nothing of pixels, waves or sampling: latents in, velocities out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH = 2  # latent places on each side that make one video token
PAIR = 2  # latents in time that make one video token
TEXT_SPREAD = 512**0.5  # brings unit vectors of 512 numbers to the spread of everything else that comes in


@dataclass(frozen=True)
class TransformerShape:
    """Sizes of the network; `styles` counts the named styles, one more row stands for none."""

    video: int = 8
    audio: int = 24
    text: int = 512
    width: int = 256
    depth: int = 8
    heads: int = 4
    stretch: int = 4
    styles: int = 4
    text_tokens: int = 20
    attributes: int = 10
    values: int = 16
    trace: int = 224
    beats: int = 66
    traits: int = 16


@dataclass(frozen=True)
class Condition:
    """What a batch is conditioned on. `is_video_given` (B,T) and `is_audio_given` (B,A) mark latents that are clean;
    `trace` (B,T/2,H/2*W/2,224) and `beats` (B,A,66) are what the plan says at each token (plan.py)."""

    sentence: Tensor  # (B,512), zeros for none
    tokens: Tensor  # (B,20,512), zeros for none
    style: Tensor  # (B,) long, the last row for none
    is_video_given: Tensor
    is_audio_given: Tensor
    attributes: Tensor  # (B,10) long; of a plan that is not there, whatever
    trace: Tensor
    beats: Tensor
    is_planned: Tensor  # (B,) bool
    likeness: Tensor  # (B,16) of the person shown, zeros for none


def wave_code(positions: Tensor, width: int, longest: float) -> Tensor:
    """Sines and cosines (..., width) of positions, from short waves to `longest`."""
    steps = torch.exp(-math.log(longest) * torch.arange(width // 2, device=positions.device) / (width // 2 - 1))
    angles = positions[..., None].float() * steps
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


class Block(nn.Module):
    """Attention over all tokens and a squared-ReLU layer (So 2021); scale, shift and gate come from outside."""

    def __init__(self, shape: TransformerShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.modulation = nn.Parameter(torch.zeros(6, shape.width))
        self.into = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.out = nn.Linear(shape.width, shape.width, bias=False)
        self.query = nn.Parameter(torch.ones(shape.width // shape.heads))
        self.key = nn.Parameter(torch.ones(shape.width // shape.heads))
        self.up = nn.Linear(shape.width, shape.stretch * shape.width)
        self.down = nn.Linear(shape.stretch * shape.width, shape.width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:  # x (B,N,C), told (B,6,C) -> (B,N,C)
        table = (told + self.modulation).to(torch.bfloat16 if _is_mixed(x) else x.dtype)
        shift, scale, gate, shift2, scale2, gate2 = table.unsqueeze(2).unbind(1)
        x = x + gate * self.attention(torch.addcmul(shift, _norm(x), 1 + scale))
        return x + gate2 * self.down(F.relu(self.up(torch.addcmul(shift2, _norm(x), 1 + scale2))).square())

    def attention(self, x: Tensor) -> Tensor:  # (B,N,C) -> same
        query, key, value = self.into(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        query, key = _unit(query, self.query), _unit(key, self.key)
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.out(mixed.transpose(1, 2).flatten(2))


class _Square(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x).square()


def _into(numbers: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(numbers, width), _Square(), nn.Linear(width, width))


def _unit(x: Tensor, scale: Tensor) -> Tensor:
    return F.rms_norm(x, x.shape[-1:], scale.to(x))


def _is_mixed(x: Tensor) -> bool:
    return torch.is_autocast_enabled(x.device.type)


def _norm(x: Tensor) -> Tensor:
    """Layer norm; halved in precision where autocast would have the next matrix do so, which saves memory traffic."""
    normed = F.layer_norm(x, x.shape[-1:])
    return normed.bfloat16() if _is_mixed(x) else normed


class Transformer(nn.Module):
    """Predicts velocities of video and audio latents at once."""

    def __init__(self, shape: TransformerShape) -> None:
        super().__init__()
        self.shape, width = shape, shape.width
        self.video_in = nn.Linear(PAIR * PATCH * PATCH * shape.video, width)
        self.audio_in = nn.Linear(shape.audio, width)
        self.text_in = nn.Linear(shape.text, width)
        self.sentence_in = nn.Linear(shape.text, width)
        self.style = nn.Embedding(shape.styles + 1, width)
        self.slots = nn.Parameter(0.02 * torch.randn(shape.text_tokens + 2, width))
        self.empty = nn.Parameter(0.02 * torch.randn(width))
        self.given = nn.Parameter(0.02 * torch.randn(PAIR + 1, width))
        self.places = nn.Linear(3 * 64, width)
        self.moments = nn.Linear(64, width)
        self.clock = nn.Sequential(nn.Linear(128, width), nn.SiLU(), nn.Linear(width, width))
        self.attribute = nn.Embedding(shape.attributes * shape.values + 1, width)
        self.whole = nn.Embedding(shape.attributes * shape.values + 1, width)
        self.trace = _into(shape.trace, width)
        self.beats = _into(shape.beats, width)
        self.likeness = nn.Linear(shape.traits, width)
        self.voice = nn.Linear(shape.traits, width, bias=False)
        self.tell = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList([Block(shape) for _ in range(shape.depth)])
        self.last = nn.Linear(width, 2 * width)
        self.video_out = nn.Linear(width, PAIR * PATCH * PATCH * shape.video)
        self.audio_out = nn.Linear(width, shape.audio)
        for zero in (self.tell, self.last, self.video_out, self.audio_out, self.trace[2], self.beats[2]):
            nn.init.zeros_(zero.weight)
            nn.init.zeros_(zero.bias)
        for zero in (self.whole, self.likeness, self.voice):
            nn.init.zeros_(zero.weight)
        nn.init.normal_(self.attribute.weight, std=0.02)
        with torch.no_grad():
            # Gates start open: every block already starts as the identity, by its zeroed last matrices.
            self.tell.bias.view(6, width)[[2, 5]] = 1.0

    def forward(self, video: Tensor, audio: Tensor, time: Tensor, condition: Condition) -> tuple[Tensor, Tensor]:
        # video (B,T,H,W,C), audio (B,A,C), time (B,) 0 clean .. 1 noise -> velocities of the same shapes
        _, frames, high, wide, _ = video.shape
        sentence, style = self.sentence_in(condition.sentence * TEXT_SPREAD), self.style(condition.style)
        rows = self._rows(condition)
        told = F.silu(self.clock(wave_code(time * 1000, 128, 10000)) + sentence + style + self.whole(rows).sum(1))
        text = torch.cat([sentence[:, None], style[:, None], self._words(condition.tokens)], dim=1) + self.slots
        text = torch.cat([text, self.attribute(rows), self.likeness(condition.likeness)[:, None]], dim=1)
        is_planned = condition.is_planned[:, None, None].float()
        grid = (frames // PAIR, high // PATCH, wide // PATCH)
        is_given = condition.is_video_given.float().unflatten(1, (-1, PAIR)) @ self.given[:PAIR]
        seen = (
            self.video_in(_patches(video)) + self._places(*grid) + is_given.repeat_interleave(grid[1] * grid[2], dim=1)
        )
        seen = seen + self.trace(condition.trace.flatten(1, 2)) * is_planned
        heard = self.audio_in(audio) + self.moments(wave_code(torch.arange(audio.shape[1]) + 0.5, 64, 100))
        heard = heard + condition.is_audio_given.float()[..., None] * self.given[PAIR]
        heard = heard + self.beats(condition.beats) * is_planned + self.voice(condition.likeness)[:, None]
        x = torch.cat([text.to(seen), seen, heard.to(seen)], dim=1)
        spans = (text.shape[1], seen.shape[1], heard.shape[1])
        changes = self.tell(told).unflatten(-1, (6, -1))
        for block in self.blocks:
            x = block(x, changes)
        shift, scale = self.last(told)[:, None].chunk(2, dim=-1)
        x = _norm(x) * (1 + scale) + shift
        _, seen, heard = x.split(spans, dim=1)
        return _unpatched(self.video_out(seen), grid), self.audio_out(heard)

    def _rows(self, condition: Condition) -> Tensor:
        """Rows (B,10) of the attribute tables; the last row stands for no plan."""
        places = torch.arange(self.shape.attributes, device=condition.attributes.device) * self.shape.values
        nothing = self.shape.attributes * self.shape.values
        return torch.where(condition.is_planned[:, None], condition.attributes + places, nothing)

    def _words(self, tokens: Tensor) -> Tensor:  # (B,20,512) -> (B,20,C); unused places become `empty`
        is_used = (tokens.abs().sum(-1, keepdim=True) > 0).float()
        return self.text_in(tokens * TEXT_SPREAD) * is_used + self.empty * (1 - is_used)

    def _places(self, frames: int, rows: int, columns: int) -> Tensor:  # -> (T*H*W, C)
        device = self.slots.device
        t = wave_code(2 * PAIR * (torch.arange(frames, device=device) + 0.5), 64, 100)
        y = wave_code(torch.arange(rows, device=device) - (rows - 1) / 2, 64, 20)
        x = wave_code(torch.arange(columns, device=device) - (columns - 1) / 2, 64, 20)
        grid = torch.cat(
            [
                t[:, None, None].expand(frames, rows, columns, 64),
                y[None, :, None].expand(frames, rows, columns, 64),
                x[None, None].expand(frames, rows, columns, 64),
            ],
            dim=-1,
        )
        return self.places(grid.reshape(-1, 192))


def _patches(video: Tensor) -> Tensor:  # (B,T,H,W,C) -> (B,T/2*H/2*W/2,8C)
    b, t, h, w, c = video.shape
    x = video.reshape(b, t // PAIR, PAIR, h // PATCH, PATCH, w // PATCH, PATCH, c).permute(0, 1, 3, 5, 2, 4, 6, 7)
    return x.reshape(b, -1, PAIR * PATCH * PATCH * c)


def _unpatched(x: Tensor, grid: tuple[int, int, int]) -> Tensor:
    t, h, w = grid
    x = x.reshape(x.shape[0], t, h, w, PAIR, PATCH, PATCH, -1).permute(0, 1, 4, 2, 5, 3, 6, 7)
    return x.reshape(x.shape[0], t * PAIR, h * PATCH, w * PATCH, -1)
