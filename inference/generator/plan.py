"""The plan of a clip: what is in it and how subject and camera move. It is made first, around what the words say;
picture and sound then follow it, which is what keeps a step and its sound together. It draws nothing itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inference.generator.transformer import Block, wave_code

FRAMES = 48  # of a window of four seconds
# Of every frame: the subject's place in frame heights, its turn and its gait's phase as sine and cosine, half the
# side of its square, which way it faces, the camera's place and zoom, and how much it strikes the ground.
MOTION = ("x", "y", "turn sin", "turn cos", "gait sin", "gait cos", "half", "facing", "pan", "zoom", "impact")
STEPS = 24
HORIZON = 0.66  # where the ground begins, in frame heights of the world
DEPTHS = (0.4, 1.0)  # how far what is far and what is near follows the camera, as the transformer is told of any world
_CENTRE = (0.0, 0.5, 0.0, 0.85, 0.0, 0.15, 0.24, 0.0, 0.0, 1.05, 0.05)
_SPREAD = (0.25, 0.15, 0.35, 0.4, 0.7, 0.7, 0.07, 1.0, 0.14, 0.12, 0.17)


class Ground(NamedTuple):
    """How a setting recedes: the share of the camera's way that each band of it moves by, from the top down, and the
    `edges` between them in frame heights of the world. What lies below the last flows of itself, `pace` frame heights
    a second there and at the bottom, 0 where it stands."""

    edges: tuple[float, ...] = (HORIZON,)
    depths: tuple[float, ...] = DEPTHS
    pace: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def read(cls, edges: list[float], depths: list[float], pace: list[float] | None = None) -> Ground:
        """One as a manifest's JSON holds it."""
        first, last = pace or (0.0, 0.0)
        return cls(tuple(edges), tuple(depths), (first, last))

    @property
    def flows(self) -> bool:
        return self.pace != (0.0, 0.0)

    def drift(self, down: Tensor) -> Tensor:
        """How fast what lies so far down flows to the right, in frame heights a second, of any shape."""
        first, last = self.pace
        share = (down - self.edges[-1]) / (1 - self.edges[-1]) if self.edges else torch.zeros_like(down)
        return torch.where(share >= 0, first + share * (last - first), 0.0)

    def depth(self, down: Tensor) -> Tensor:
        """The depth of places so far down, of any shape."""
        return torch.tensor(self.depths)[torch.bucketize(down, torch.tensor(self.edges), right=True)]


@dataclass(frozen=True)
class PlanShape:
    """Sizes of the planner. `span` frames make one token."""

    attributes: int = 10
    values: int = 16
    width: int = 192
    depth: int = 6
    heads: int = 4
    stretch: int = 4
    span: int = 4


@dataclass(frozen=True)
class Plan:
    """`attributes` (B,10) long, each the place of a value in its list; `motion` (B,48,11) in the units of MOTION."""

    attributes: Tensor
    motion: Tensor


@dataclass(frozen=True)
class Hints:
    """What a plan is made around: which attributes stand (B,10) and which numbers of its motion (B,48,11), both bool,
    in a picture that is tall or not (B,) long."""

    is_tall: Tensor
    is_set: Tensor
    is_moved: Tensor


def reckoned(motion: Tensor) -> Tensor:
    """Motion (...,11) as numbers around -1..1."""
    return (motion - torch.tensor(_CENTRE).to(motion)) / torch.tensor(_SPREAD).to(motion)


def measured(numbers: Tensor) -> Tensor:
    """The motion (...,11) that such numbers mean."""
    return numbers * torch.tensor(_SPREAD).to(numbers) + torch.tensor(_CENTRE).to(numbers)


def apparent(motion: Tensor, pan: Tensor, zoom: Tensor) -> Tensor:
    """The same motion (B,T,11) in the frame heights of a camera that stood at such a place and zoom (B,): as if it had
    stood in the middle, unzoomed. Every picture stays what it is; `apparent(..., -pan * zoom, 1 / zoom)` undoes it."""
    part = dict(zip(MOTION, motion.unbind(-1), strict=True))
    pan, zoom = pan[:, None], zoom[:, None]
    part |= {name: part[name] * zoom for name in ("x", "half")}
    part |= {"y": 0.55 + (part["y"] - 0.55) * zoom, "pan": (part["pan"] - pan) * zoom, "zoom": part["zoom"] / zoom}
    return torch.stack([part[name] for name in MOTION], dim=-1)


def centred(motion: Tensor) -> Tensor:
    """The same motion (B,T,11) with the camera's way about the middle, where worlds are learned; all else stays."""
    pan = motion[..., MOTION.index("pan")]
    return apparent(motion, (pan.amin(1) + pan.amax(1)) / 2, torch.ones(len(motion)))


def units(plan: Plan, values: int) -> tuple[Tensor, Tensor]:
    """A plan as numbers around -1..1: attributes (B,10,values) and motion (B,12,4*11)."""
    bits = F.one_hot(plan.attributes, values).float() * 2 - 1
    return bits, _tokens(reckoned(plan.motion))


def _tokens(frames: Tensor, span: int = 4) -> Tensor:
    """(B,48,11) to (B,12,44): what each token of the planner holds."""
    return frames.unflatten(1, (-1, span)).flatten(2)


def settled(bits: Tensor, motion: Tensor, allowed: Tensor) -> Plan:
    """The plan nearest to such numbers: a whole value that is `allowed` (10,values) for every attribute, and unit
    turns, one size, one facing."""
    attributes = bits.masked_fill(~allowed, -math.inf).argmax(-1)
    x = measured(motion.unflatten(2, (4, -1)).flatten(1, 2))
    turns = [F.normalize(x[..., first : first + 2], dim=-1) for first in (2, 4)]
    half = x[..., 6:7].mean(1, keepdim=True).clamp(0.05, 0.6).expand(-1, x.shape[1], -1)
    facing = torch.where(x[..., 7:8].mean(1, keepdim=True) < 0, -1.0, 1.0).expand(-1, x.shape[1], -1)
    tail = (x[..., 8:9], x[..., 9:10].clamp(0.5, 2.0), x[..., 10:].clamp(0, 1))
    return Plan(attributes, torch.cat([x[..., :2], *turns, half, facing, *tail], dim=-1))


class Planner(nn.Module):
    """Predicts the velocity of a plan between noise and itself (rectified flow), around what stands of it."""

    def __init__(self, shape: PlanShape) -> None:
        super().__init__()
        self.shape, width = shape, shape.width
        span = shape.span * len(MOTION)
        self.slots = nn.Parameter(0.02 * torch.randn(shape.attributes, width))
        self.bits_in = nn.Parameter(torch.randn(shape.attributes, shape.values, width) / shape.values**0.5)
        self.bits_out = nn.Parameter(torch.zeros(shape.attributes, width, shape.values))
        self.motion_in = nn.Linear(span, width)
        self.motion_out = nn.Linear(width, span)
        self.moments = nn.Linear(64, width)
        self.is_set = nn.Parameter(0.02 * torch.randn(width))  # marks an attribute that stands
        self.is_moved = nn.Linear(span, width, bias=False)  # marks numbers of a span that stand
        self.aspect = nn.Embedding(2, width)
        self.clock = nn.Sequential(nn.Linear(128, width), nn.SiLU(), nn.Linear(width, width))
        self.tell = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList([Block(shape) for _ in range(shape.depth)])
        for zero in (self.tell, self.motion_out):
            nn.init.zeros_(zero.weight)
            nn.init.zeros_(zero.bias)
        with torch.no_grad():
            self.tell.bias.view(6, width)[[2, 5]] = 1.0

    def forward(self, bits: Tensor, motion: Tensor, time: Tensor, hints: Hints) -> tuple[Tensor, Tensor]:
        # bits (B,10,V), motion (B,12,44), time (B,) 0 clean .. 1 noise -> velocities of the same shapes
        told = F.silu(self.clock(wave_code(time * 1000, 128, 10000)) + self.aspect(hints.is_tall))
        what = torch.einsum("bav,avw->baw", bits, self.bits_in) + hints.is_set[..., None] * self.is_set + self.slots
        moves = self.motion_in(motion) + self.moments(wave_code(torch.arange(motion.shape[1]) + 0.5, 64, 100))
        moves = moves + self.is_moved(_tokens(hints.is_moved.to(motion)))
        x = torch.cat([what, moves.to(what)], dim=1)
        changes = self.tell(told).unflatten(-1, (6, -1))
        for block in self.blocks:
            x = block(x, changes)
        x = F.layer_norm(x.float(), x.shape[-1:])
        what, moves = x[:, : self.shape.attributes], x[:, self.shape.attributes :]
        return torch.einsum("baw,awv->bav", what, self.bits_out), self.motion_out(moves)


@torch.no_grad()
def made(planner: Planner, hints: Hints, start: tuple[Plan, int], allowed: Tensor) -> Plan:
    """A plan of batch 1 in `STEPS` Euler steps.

    `start` holds the parts of the plan that stand, where the hints' masks say so, and the seed; every attribute comes
    out with a value that is `allowed` (10,values). Motion goes with the value that was on its way: one that had to be
    changed at the end is set, and the rest made again.
    """
    known, seed = start
    bits, motion = _flowed(planner, hints, units(known, planner.shape.values), seed)
    plan = settled(bits, motion, allowed)
    changed = (plan.attributes != settled(bits, motion, torch.ones_like(allowed)).attributes) & ~hints.is_set
    if not changed.any():
        return plan
    stands = Plan(torch.where(changed, plan.attributes, known.attributes), known.motion)
    again = replace(hints, is_set=hints.is_set | changed)
    return settled(*_flowed(planner, again, units(stands, planner.shape.values), seed), allowed)


def _flowed(planner: Planner, hints: Hints, fixed: tuple[Tensor, Tensor], seed: int) -> tuple[Tensor, Tensor]:
    """From noise to the numbers of a plan, with what is `fixed` held where the hints say that it stands."""
    random = torch.Generator().manual_seed(seed % 2**63)
    keep = (hints.is_set[..., None], _tokens(hints.is_moved))
    state = [torch.randn(part.shape, generator=random) for part in fixed]
    for now, then in pairwise(torch.linspace(1, 0, STEPS + 1).tolist()):
        state = [torch.where(k, f, s) for k, f, s in zip(keep, fixed, state, strict=True)]
        speeds = planner(*state, torch.tensor([now]), hints)
        state = [s + (then - now) * v for s, v in zip(state, speeds, strict=True)]
    bits, motion = (torch.where(k, f, s) for k, f, s in zip(keep, fixed, state, strict=True))
    return bits, motion


def places(motion: Tensor, rows: int, columns: int) -> tuple[Tensor, Tensor]:
    """`placed` for every place of a grid: (...,11) to u and v, each (...,rows*columns)."""
    down = (torch.arange(rows, device=motion.device) + 0.5) / rows - 0.5
    across = (torch.arange(columns, device=motion.device) + 0.5) / columns - 0.5
    y, x = (part.flatten() for part in torch.meshgrid(down, across, indexing="ij"))
    return placed(motion, x, y, columns / rows)


def placed(motion: Tensor, across: Tensor, down: Tensor, aspect: float) -> tuple[Tensor, Tensor]:
    """Where points of the picture lie on the subject's own square, turned, sized and faced as the subject is.

    `across` and `down` (...,N) are shares of the picture from its middle, `motion` is (...,11); u and v (...,N), the
    square reaching from -1 to 1.
    """
    part = {name: motion[..., place, None] for place, name in enumerate(MOTION)}
    dx = across * aspect / part["zoom"] - part["x"]
    dy = 0.55 + (down - 0.05) / part["zoom"] - part["y"]
    u = (part["turn cos"] * dx + part["turn sin"] * dy) / part["half"] * part["facing"]
    return u, (-part["turn sin"] * dx + part["turn cos"] * dy) / part["half"]


def in_view(motion: Tensor, rows: int, columns: int) -> tuple[Tensor, Tensor]:
    """Where every place of a grid lies before the camera: (...,11) to x from the middle of what it sees and y in the
    world, each (...,rows*columns), in frame heights."""
    down = (torch.arange(rows, device=motion.device) + 0.5) / rows - 0.5
    across = ((torch.arange(columns, device=motion.device) + 0.5) / columns - 0.5) * columns / rows
    dy, dx = (part.flatten() for part in torch.meshgrid(down, across, indexing="ij"))
    zoom = motion[..., MOTION.index("zoom"), None]
    return dx / zoom, 0.55 + (dy - 0.05) / zoom


def grounds(motion: Tensor, rows: int, columns: int) -> tuple[Tensor, Tensor, Tensor]:
    """Where every place of a grid lies in the world behind the subject, as the camera stands: (...,11) to x at both
    DEPTHS and y, each (...,rows*columns), in frame heights."""
    across, down = in_view(motion, rows, columns)
    pan = motion[..., MOTION.index("pan"), None]
    far, close = (across + pan * depth for depth in DEPTHS)
    return far, close, down


def near(u: Tensor, v: Tensor, reach: float) -> Tensor:
    """1 within `reach` of the middle of the subject's square, falling to 0 beyond."""
    return torch.sigmoid((reach - u.abs()) * 4) * torch.sigmoid((reach - v.abs()) * 4)


def trace(motion: Tensor, rows: int, columns: int) -> Tensor:
    """What the plan says at every place of a grid: (B,48,11) to (B,6,rows*columns,8*28), eight frames a token.

    The waves of the subject's square and of the world behind tell a token what it shares with others at other times.
    """
    u, v = places(motion, rows, columns)
    close = near(u, v, 2.0)
    waves = [close * f(math.pi / 2 * w) for w in (u, v) for f in (torch.sin, torch.cos)]
    *across, down = grounds(motion, rows, columns)
    waves += [f(2 * math.pi * k * x) for x in across for k in (1.0, 2.5) for f in (torch.sin, torch.cos)]
    waves += [f(2 * math.pi * down) for f in (torch.sin, torch.cos)]
    local = torch.stack([u.clamp(-3, 3) / 3, v.clamp(-3, 3) / 3, close, *waves], dim=-1)
    whole = reckoned(motion)
    both = torch.cat([local, whole[:, :, None].expand(-1, -1, local.shape[2], -1)], dim=-1)
    return both.unflatten(1, (-1, 8)).transpose(2, 3).flatten(3)


def beats(motion: Tensor, tokens: int) -> Tensor:
    """What the plan says at every audio latent: (B,48,11) to (B,tokens,6*11), its two frames and two on each side."""
    whole = reckoned(motion)
    padded = torch.cat([whole[:, :1].expand(-1, 2, -1), whole, whole[:, -1:].expand(-1, 2, -1)], dim=1)
    return padded.unfold(1, 6, 2)[:, :tokens].flatten(2)
