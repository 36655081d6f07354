"""The world behind the subject, as other frames of the same clip show it while the subject is elsewhere (film makers'
"clean plate"), and the shadow that the subject throws on it.

It uses the plan alone: where the subject is, how the camera stands, and how the setting recedes. Of what a subject that
stays where it is hides nothing can be known.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from inference.generator.plan import HORIZON, MOTION, Ground, in_view, places

VIEWS = 12  # frames, evenly spread, that a frame's surroundings are looked up in
FREE = 1.8  # half sides beyond which a frame shows the world and not the subject
ABOUT = 24  # frames to both sides in which one looks for what stands behind its subject
DARKEST = 0.6  # share of its light that the ground may lose under a subject
_EDGE = 14.0


def behind(pictures: Tensor, motion: Tensor, ground: Ground, frame: int) -> tuple[Tensor, Tensor]:
    """One of the frames (T,H,W,3) of such motion (T,11), with its subject's surroundings as those within two seconds
    of it show them (3,H,W), and how far it shows the world and not the subject at each place (H,W)."""
    first, last = max(0, frame - ABOUT), min(len(pictures), frame + ABOUT + 1)
    stood = motion[frame : frame + 1]
    world, seen = _behind(pictures[first:last], motion[first:last], stood, ground)
    size = pictures.shape[1:3]
    around, shaded = square(stood, size, FREE)[0], below(stood, size)[0]
    mixed = pictures[frame].lerp(world[0], (torch.maximum(around, shaded) * seen[0].clamp(max=1))[..., None])
    return mixed.permute(2, 0, 1), torch.maximum(1 - around, seen[0])


def _behind(pictures: Tensor, motion: Tensor, stood: Tensor, ground: Ground) -> tuple[Tensor, Tensor]:
    """What frames show at every place of the world (N,H,W,3), and how many of them (N,H,W), from where the camera
    stands in `stood` (N,11)."""
    size = pictures.shape[1:3]
    views = torch.linspace(0, len(pictures) - 1, min(VIEWS, len(pictures))).round().long()
    is_free = 1 - torch.maximum(square(motion[views], size, FREE), below(motion[views], size))
    shown = torch.cat([pictures[views] * is_free[..., None], is_free[..., None]], -1).permute(0, 3, 1, 2)
    total = torch.zeros(len(stood), 4, *size)
    for view, moved in zip(shown, motion[views], strict=True):
        at = looked_up(stood, moved, size, ground)
        total += F.grid_sample(view.expand(len(at), -1, -1, -1), at, align_corners=False)
    colour, seen = total.split((3, 1), dim=1)
    return (colour / seen.clamp(min=1e-3)).permute(0, 2, 3, 1), seen[:, 0]


def square(motion: Tensor, size: tuple[int, int], reach: float) -> Tensor:
    """Where the subject may be in frames (B,11): 1 for every pixel (B,H,W) inside so many half sides of its square, 0
    outside, with a narrow edge between."""
    u, v = places(motion, *size)
    return torch.sigmoid((reach - torch.maximum(u.abs(), v.abs())) * _EDGE).unflatten(1, size)


def below(motion: Tensor, size: tuple[int, int]) -> Tensor:
    """Where the subject's shadow may lie in frames (B,11): 1 for each pixel (B,H,W) of the ground straight below it."""
    across, down = (part.unflatten(1, size) for part in in_view(motion, *size))
    x, y, half = (motion[:, MOTION.index(name), None, None] for name in ("x", "y", "half"))
    is_beside = torch.sigmoid((1.3 - (across - x).abs() / half) * _EDGE)
    return is_beside * torch.sigmoid(((down - y) / half - 0.8) * _EDGE) * (down > HORIZON)


def looked_up(
    motion: Tensor, other: Tensor, size: tuple[int, int], ground: Ground, since: Tensor | None = None
) -> Tensor:
    """Where the places of frames (T,11) lie in a frame whose camera stands as in `other` (11,): (T,H,W,2). Of what
    flows, where it was `since` (T,) seconds ago."""
    high, wide = size
    across, down = in_view(motion, high, wide)
    pan, zoom = other[MOTION.index("pan")], other[MOTION.index("zoom")]
    went = motion[:, MOTION.index("pan"), None] - pan
    across = across + went * ground.depth(down)
    if since is not None:
        across = across - since[:, None] * ground.drift(down)
    down = (down - 0.55) * zoom + 0.05
    return torch.stack([2 * across * zoom * high / wide, 2 * down], dim=-1).unflatten(1, size)


def shade(pictures: Tensor, bare: Tensor, motion: Tensor) -> Tensor:
    """The share of its light (T,H,W) that the ground lacks in frames (T,H,W,3) beside what it is where nothing stands
    on it (T,H,W,3): the subject's shadow, straight below the subject."""
    bright, free = ((part.mean(-1) + 1) / 2 for part in (pictures, bare))
    lost = F.avg_pool2d(((free - bright) / (free + 0.1))[:, None], 5, 1, 2, count_include_pad=False)[:, 0]
    return lost.clamp(0, DARKEST) * below(motion, pictures.shape[1:3])
