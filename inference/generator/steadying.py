"""Planned motion made even: a flow of few steps leaves it trembling, with impacts that are not where the ground is
struck. Camera, path and gait are smoothed, and impacts put where feet are set down or a path lands, so that what is
heard and what is seen have one cause. Nothing here is learned; the speeds and turns come from the plan."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from inference.generator.plan import MOTION

STEPS = {"walks": 2, "dances": 2, "runs": 1}  # feet set down in one turn of the gait
# How much upward bend of its path within two frames lands a subject, as a share of the path's height: a bounce turns
# its speed round, a jump and a fall end theirs.
LANDS = {"bounces": 0.25, "jumps": 0.15, "falls": 0.06}
_SILENT = ("space", "underwater")  # where nothing is struck that could be heard
_WOUND = ("runs", "dances", "circles")  # deeds whose whole path an average would round
_ABRUPT = (*LANDS, "walks", *_WOUND)  # deeds whose heights and turns it would
_LOWEST = 0.3  # a landing is within this share of the path's height from its lowest point
_LEAST = 0.06  # frame heights that a path must span to land at all
_RETURN = 18  # frames
_FINE = 4096  # points of a gait's spectrum
_APART = 2  # frames to both sides within which there is one landing
_CAMERA, _TURN, _GAIT = (
    [MOTION.index(name) for name in pair]
    for pair in (("pan", "zoom"), ("turn sin", "turn cos"), ("gait sin", "gait cos"))
)
_X, _Y, _IMPACT = (MOTION.index(name) for name in ("x", "y", "impact"))


def steadied(motion: Tensor, is_free: Tensor, named: dict[str, str]) -> Tensor:
    """Motion (B,48,11) of a plan with these attributes, made even where `is_free` (B,48); what is not free, which
    comes first, stands as it is."""
    deed = named.get("action", "")
    motion = gone_on(motion, is_free, [_X] if deed in LANDS else [_X, _Y])
    made = motion.clone()
    made[..., _CAMERA] = averaged(motion[..., _CAMERA], 4.0)
    if deed not in _WOUND:
        made[..., [_X]] = averaged(motion[..., [_X]], 2.0)
    if deed not in _ABRUPT:
        made[..., [_Y]] = averaged(motion[..., [_Y]], 2.0)
        made[..., _TURN] = F.normalize(averaged(motion[..., _TURN], 2.0), dim=-1)
    if deed != "jumps":  # whose legs are folded in the air and not turned
        turns = paced(motion[..., _GAIT], is_free)
        made[..., _GAIT] = torch.stack([torch.sin(2 * torch.pi * turns), torch.cos(2 * torch.pi * turns)], dim=-1)
    if deed in STEPS:
        made[..., _Y], struck = stepping(motion[..., _Y], STEPS[deed] * turns)
    elif deed in LANDS:
        struck = landings(motion[..., _Y], LANDS[deed])
    if deed in (*STEPS, *LANDS) and named.get("setting") not in _SILENT:
        made[..., _IMPACT] = struck
    return torch.where(is_free[..., None], made, motion)


def gone_on(motion: Tensor, is_free: Tensor, columns: list[int]) -> Tensor:
    """Motion (B,48,11) whose free frames begin, in these columns, where what stands ended: a plan's path may be right
    and lie elsewhere, and then comes back to itself within `_RETURN` frames instead of leaping."""
    count = int((~is_free).sum(1).max())
    if not 0 < count < motion.shape[1] - 1:
        return motion
    path = motion[..., columns]
    gap = path[:, count - 1] - (2 * path[:, count] - path[:, count + 1])
    since = (torch.arange(motion.shape[1] - count) / _RETURN).clamp(max=1)
    fading = (0.5 + 0.5 * torch.cos(torch.pi * since)).to(path)[:, None]
    made = motion.clone()
    made[:, count:, columns] += gap[:, None] * fading
    return made


def averaged(tracks: Tensor, spread: float) -> Tensor:
    """Tracks (B,T,C) averaged by a bell of so many frames; ends go on as they came, so that straight lines stay."""
    reach = round(3 * spread)
    before = 2 * tracks[:, :1] - tracks[:, 1 : reach + 1].flip(1)
    after = 2 * tracks[:, -1:] - tracks[:, -reach - 1 : -1].flip(1)
    bell = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / spread) ** 2)
    whole = torch.cat([before, tracks, after], dim=1).unfold(1, 2 * reach + 1, 1)
    return (whole * (bell / bell.sum())).sum(-1)


def paced(gait: Tensor, is_free: Tensor) -> Tensor:
    """Turns (B,T) of a gait (B,T,2) that are all as fast: at the pace that most of the gait keeps (the peak of its
    spectrum), begun so that most of it fits, or where what is not free ends."""
    spectrum = torch.fft.fft(torch.complex(gait[..., 1], gait[..., 0]), _FINE)
    peak = spectrum.abs().argmax(1, keepdim=True)
    pace = torch.fft.fftfreq(_FINE)[peak]  # turns a frame
    line = spectrum.gather(1, peak).angle() / (2 * torch.pi) + pace * torch.arange(gait.shape[1])
    last = ((~is_free).sum(1, keepdim=True) - 1).clamp(min=0)
    off = (torch.atan2(gait[..., 0], gait[..., 1]) / (2 * torch.pi) - line).gather(1, last)
    return line + off * ~is_free[:, :1]


def stepping(path: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
    """Heights (B,T) of somebody whose even `steps` (B,T) are counted, as high as `path` but lowest where a foot is set
    down; and how much each frame (B,T) holds of one."""
    hop = torch.sin(torch.pi * steps).abs()
    rise = path.std(1, keepdim=True) / hop.std(1, keepdim=True).clamp(min=1e-3)
    made = path.mean(1, keepdim=True) - rise * (hop - hop.mean(1, keepdim=True))
    pace = steps[:, 1:2] - steps[:, :1]
    before, after = torch.minimum(steps - pace, steps), torch.maximum(steps - pace, steps)
    is_set = before.floor() < after.floor()
    since = torch.where(pace > 0, steps - after.floor(), after.floor() - steps) / pace.abs().clamp(min=1e-6)
    return made, _shared(torch.arange(steps.shape[1]) - since, is_set, steps.shape[1])


def landings(path: Tensor, least: float) -> Tensor:
    """How much each frame (B,T) holds of a landing on a path of heights (B,T), 1 at the bottom: where it comes down,
    low, and bends up within two frames by `least` of its height or more."""
    low, span = path.amax(1, keepdim=True), path.amax(1, keepdim=True) - path.amin(1, keepdim=True)
    push = (2 * path[:, 1:-1] - path[:, :-2] - path[:, 2:]).clamp(min=0)  # at frames 1 to T-2
    both = push[:, :-1] + push[:, 1:]  # about frame 1.5 + place
    came = path[:, 2:-1] - path[:, :-3]
    peak = F.max_pool1d(both[:, None], 2 * _APART + 1, 1, _APART)[:, 0]
    is_low = torch.maximum(path[:, 1:-2], path[:, 2:-1]) > low - _LOWEST * span
    is_landing = (both == peak) & (both > least * span) & (came > 0) & is_low & (span > _LEAST)
    at = torch.arange(both.shape[1]) + 1 + push[:, 1:] / both.clamp(min=1e-6)
    return _shared(at, is_landing, path.shape[1])


def _shared(at: Tensor, is_one: Tensor, frames: int) -> Tensor:
    """Moments (B,N) in frames, of which some are, as shares (B,frames) of the two frames they lie between."""
    near = (1 - (at[:, :, None] - torch.arange(frames)).abs()).clamp(min=0)
    return (near * is_one[:, :, None]).sum(1).clamp(max=1)
