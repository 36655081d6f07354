"""Draws the autoencoder's frames twice as large: a convolution sharpens the whole and draws what falls, then every fine
pixel of the subject is painted from where the plan says it lies on the subject. It invents no motion."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inference.generator.falling import KINDS
from inference.generator.plan import near, places

SCALE = 2
FOLD = 2  # pixels on a side that the convolution takes as one: it works in places, of which the picture has many
GAIT = slice(4, 6)  # of plan.MOTION
EDGE = 1.15  # how far from its middle the subject's square is painted
_WAVES = (0.5, 1.0, 2.0, 4.0, 8.0)  # the last is an eye's width
_SQUARES = 3
CHUNK = 6  # frames enlarged at once: what bounds the memory
_STROKE = 2048  # pixels of each frame painted at once: what stays in the processor's cache


@dataclass(frozen=True)
class EnlargerShape:
    """Widths of the convolution and of the painters; `attributes` and `values` are the plan's. `traits` counts the
    numbers that say who a person is, 0 where there is no painter of people."""

    coarse: int = 64
    blocks: int = 5
    paint: int = 96
    layers: int = 3
    attributes: int = 10
    values: int = 16
    traits: int = 0


class _Told(nn.Module):
    """Scale and shift of channels, by what is told (B,E)."""

    def __init__(self, told: int, width: int) -> None:
        super().__init__()
        self.change = nn.Linear(told, 2 * width)
        nn.init.zeros_(self.change.weight)
        nn.init.zeros_(self.change.bias)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:  # (B,C,H,W), (B,E) -> (B,C,H,W)
        scale, shift = self.change(told)[:, :, None, None].to(x.dtype).chunk(2, dim=1)
        return torch.addcmul(shift, x, 1 + scale)


class _Coarse(nn.Module):
    def __init__(self, width: int, told: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
        self.told = _Told(told, width)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        return x + self.second(F.silu(self.told(self.first(F.silu(x)), told)))


Told = tuple[Tensor, Tensor | None]  # what a subject is (B,128), and who (B,128), of somebody only


class _Person(nn.Module):
    """What a painter of people makes of traits: squares of the person's own, moved and sized as their head and limbs
    are, and a change to every layer."""

    def __init__(self, shape: EnlargerShape) -> None:
        super().__init__()
        self.enter = nn.Linear(shape.traits, 128, bias=False)
        self.squares = nn.Linear(128, 4 * _SQUARES, bias=False)
        self.places = nn.Linear(_SQUARES * (2 + 4 * len(_WAVES)), shape.paint, bias=False)
        widths = [2 * shape.paint] * (shape.layers + 1)
        self.change = nn.ModuleList([nn.Linear(128, width, bias=False) for width in widths])
        nn.init.normal_(self.enter.weight, std=0.5)
        for zero in (self.squares, self.places, *self.change):
            nn.init.zeros_(zero.weight)

    def known(self, traits: Tensor) -> Tensor:  # (B,16) -> (B,128)
        return F.silu(self.enter(traits))

    def forward(self, at: Tensor, known: Tensor) -> Tensor:  # (B,P,2), (B,128) -> (B,P,C)
        size, move = self.squares(known).unflatten(1, (_SQUARES, 1, 4)).to(at.dtype).split(2, dim=-1)
        own = at[:, None] * (1 + size) + move  # (B,2,P,2)
        return self.places(_waved(own).transpose(1, 2).flatten(2))


class Painter(nn.Module):
    """The colour of a pixel of the subject, from its place on the subject's square, what the subject is, and the
    colour that lies there already; one of people is also told who they are. A coordinate network: it knows no
    neighbours."""

    def __init__(self, shape: EnlargerShape, is_of_people: bool = False) -> None:
        super().__init__()
        self.attribute = nn.Embedding(shape.attributes * shape.values, 96)
        self.tell = nn.Linear(96, 128)
        self.enter = nn.Linear(2 + 4 * len(_WAVES) + 2 + 3, shape.paint)
        self.hidden = nn.ModuleList([nn.Linear(shape.paint, shape.paint) for _ in range(shape.layers)])
        self.change = nn.ModuleList([nn.Linear(128, 2 * shape.paint) for _ in range(shape.layers + 1)])
        self.leave = nn.Linear(shape.paint, 4)
        self.kinds = shape.values
        self.person = _Person(shape) if is_of_people else None

    def told(self, attributes: Tensor, traits: Tensor) -> Told:
        """What every pixel is told: (B,10) attributes, and (B,16) traits, which only a painter of people hears."""
        rows = torch.arange(attributes.shape[1], device=attributes.device) * self.kinds
        what = F.silu(self.tell(F.silu(self.attribute(attributes + rows).sum(1))))
        return what, self.person.known(traits) if self.person else None

    def forward(self, around: Tensor, under: Tensor, at: Tensor, gait: Tensor, told: Told) -> Tensor:
        """Colours `around` (B,P,3) painted over, with colours `under` (B,P,3) to see the light by, places `at` (B,P,2),
        gait (B,2) and what is `told`: (B,P,3)."""
        colour, cover = self.coat(under, at, gait, told)
        return around.lerp(colour, torch.sigmoid(cover))

    def coat(self, under: Tensor, at: Tensor, gait: Tensor, told: Told) -> tuple[Tensor, Tensor]:
        """The colour (B,P,3) to lay over `under` and the logit (B,P,1) of how much it covers."""
        given = torch.cat([_waved(at), gait[:, None].expand(-1, at.shape[1], -1), under], dim=-1)
        x = self.enter(given)
        if self.person and told[1] is not None:
            x = x + self.person(at, told[1])
        x = self._changed(x, 0, told)
        for place, layer in enumerate(self.hidden, start=1):
            x = x + self._changed(layer(x), place, told)
        colour, cover = self.leave(x).float().split((3, 1), dim=-1)
        return colour, cover

    def _changed(self, x: Tensor, place: int, told: Told) -> Tensor:
        change = self.change[place](told[0])
        if self.person and told[1] is not None:
            change = change + self.person.change[place](told[1])
        scale, shift = change[:, None].chunk(2, dim=-1)
        return F.silu(torch.addcmul(shift, x, 1 + scale))


def _waved(at: Tensor) -> Tensor:
    """Places (B,P,2) with their sines and cosines (B,P,18)."""
    return torch.cat([at, *(f(math.pi * k * at) for k in _WAVES for f in (torch.sin, torch.cos))], dim=-1)


class Enlarger(nn.Module):
    """Adds to the bicubic picture what it lacks, and paints the subject."""

    def __init__(self, shape: EnlargerShape) -> None:
        super().__init__()
        self.shape, told = shape, 64
        self.attribute = nn.Embedding(shape.attributes * shape.values, told)
        self.gait = nn.Linear(2, told)
        self.enter = nn.Conv2d(9 * FOLD * FOLD + 11 + len(KINDS), shape.coarse, 3, padding=1)
        self.blocks = nn.ModuleList([_Coarse(shape.coarse, told) for _ in range(shape.blocks)])
        self.spread = nn.Conv2d(shape.coarse, (FOLD * SCALE) ** 2 * 3, 3, padding=1)
        self.painter = Painter(shape)
        self.people = Painter(shape, is_of_people=True) if shape.traits else None
        nn.init.zeros_(self.spread.weight)
        nn.init.zeros_(self.spread.bias)

    def forward(self, frames: Tensor, attributes: Tensor, gait: Tensor, local: Tensor) -> Tensor:
        """Frames (B,3,3,H,W) in -1..1, each between its neighbours, attributes (B,10), the gait's sine and cosine
        (B,2), and what `local` and `falling` say of places (B,15,H/2,W/2), to (B,3,2H,2W), not yet painted."""
        rows = torch.arange(self.shape.attributes, device=attributes.device) * self.shape.values
        told = F.silu(self.attribute(attributes + rows).sum(1) + self.gait(gait))
        given = torch.cat([F.pixel_unshuffle(frames.flatten(1, 2), FOLD), local.to(frames)], dim=1)
        x = self.enter(given.contiguous(memory_format=torch.channels_last))  # a third less time on a processor
        for block in self.blocks:
            x = block(x, told)
        base = F.interpolate(frames[:, 1], scale_factor=SCALE, mode="bicubic", align_corners=False)
        return base + F.pixel_shuffle(self.spread(F.silu(x)), FOLD * SCALE).float()

    @torch.inference_mode()
    def whole(
        self, pictures: Tensor, beneath: Tensor, plan: tuple[Tensor, Tensor, Tensor, Tensor], cover: float = 1.0
    ) -> Tensor:
        """A clip (T,H,W,3) in -1..1 to uint8 (T,2H,2W,3), with what each frame is told: the plan's attributes (T,10)
        and motion (T,11), what is `falling` (T,4,H/2,W/2), and the person's traits (T,16), zeros for nobody.

        `beneath`, of the same shape, is the clip with its subject as the transformer drew it, which tells the painter
        how it is lit; `pictures` may be without. `cover` is how much of its paint is laid on: 0 leaves what is there.
        """
        still = pictures.permute(0, 3, 1, 2)
        around = torch.stack([torch.cat([still[:1], still[:-1]]), still, torch.cat([still[1:], still[-1:]])], dim=1)
        made = []
        below = beneath.permute(0, 3, 1, 2)
        for part, under, what, move, drops, who in zip(*(x.split(CHUNK) for x in (around, below, *plan)), strict=True):
            with torch.autocast(pictures.device.type, torch.bfloat16):
                around_it = torch.cat([local(move, *drops.shape[2:]), drops], dim=1)
                large = self(part, what, move[:, GAIT], around_it).permute(0, 2, 3, 1)
                if cover:
                    large = large.lerp(self._painted(large.contiguous(), under, (what, move, who)), cover)
            made.append(((large + 1) * 127.5).round().clamp(0, 255).to(torch.uint8))
        return torch.cat(made)

    def _painted(self, large: Tensor, beneath: Tensor, plan: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Frames (B,2H,2W,3) with the pixels on the subject's square painted, in the light of small ones (B,3,H,W), of
        which only what is coarse is shown; frames with fewer repeat their first."""
        attributes, motion, traits = plan
        flat = large.flatten(1, 2)
        u, v = places(motion, *large.shape[1:3])
        is_on = (u.abs() < EDGE) & (v.abs() < EDGE)
        most = int(is_on.sum(1).max())
        if most == 0:
            return large
        picks = torch.topk(is_on.to(torch.uint8), most, dim=1).indices
        at = torch.stack([u.gather(1, picks), v.gather(1, picks)], dim=-1)
        light = F.avg_pool2d(beneath.float(), FOLD)
        rough = F.interpolate(light, large.shape[1:3], mode="bicubic", align_corners=False)
        under, around = (
            part.gather(1, picks[..., None].expand(-1, -1, 3))
            for part in (rough.permute(0, 2, 3, 1).flatten(1, 2).to(flat), flat)
        )
        painter = self.people if self.people and traits.any() else self.painter
        gait, told = motion[:, GAIT], painter.told(attributes, traits)
        strokes = zip(*(part.split(_STROKE, 1) for part in (around, under, at)), strict=True)
        made = torch.cat([painter(part, below, place, gait, told) for part, below, place in strokes], 1)
        made = torch.where(is_on.gather(1, picks)[..., None], made, around)
        return flat.scatter(1, picks[..., None].expand(-1, -1, 3), made).view_as(large)


def local(motion: Tensor, high: int, wide: int) -> Tensor:
    """What the plan (B,11) says of every pixel: (B,11,H,W)."""
    u, v = (part.unflatten(1, (high, wide)) for part in places(motion, high, wide))
    close = near(u, v, 1.4)
    waves = [close * f(math.pi * k * w) for w in (u, v) for k in (0.5, 1.5) for f in (torch.sin, torch.cos)]
    return torch.stack([u.clamp(-1.5, 1.5) * close, v.clamp(-1.5, 1.5) * close, close, *waves], dim=1)
