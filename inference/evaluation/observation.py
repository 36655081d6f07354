"""What plain arithmetic sees in a clip: where a subject goes, cut-outs of it, how what lies behind it moves, and
statistics of the whole picture.

The covers come from elsewhere: a renderer's own while learning, the reader's `Segmenter` while judging.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

SHORT, LONG = 64, 112  # pixels that are looked at, whatever was delivered
SPAN = 48  # frames of one observation: four seconds at 12 a second
CUT = 40  # pixels of a cut-out's side
MOMENTS = tuple(range(2, SPAN, 6))  # the frames cut-outs come from
TRACK = 16  # numbers of a frame's track
SLICES = (11, 24, 56)  # eight bands of rows and three of columns, over every other frame, along the band
GRID = 6  # parts of a picture's side
_ROWS, _COLUMNS = 8, 3
_LOCAL = 15  # places that a slice's detail is taken from the mean of


@dataclass(frozen=True)
class Observation:
    """Of one clip: `track` (48,16), `cuts` (8,4,40,40) in 0..1, pictures with the subject's cover, `slices` (11,24,56)
    of what lies behind, and `whole` (W,) of the picture as a whole."""

    track: Tensor
    cuts: Tensor
    slices: Tensor
    whole: Tensor


def seen(frames: np.ndarray) -> Tensor:
    """Frames uint8 (T,H,W,3) at 12 a second, of any size, as (48,3,64,112) or (48,3,112,64) in 0..1.

    Raises ValueError for fewer than 48 and for anything else than such frames.
    """
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or len(frames) < SPAN:
        raise ValueError(f"frames are {frames.dtype} {frames.shape}, not uint8 (T,H,W,3) with T at least {SPAN}")
    pictures = torch.from_numpy(np.ascontiguousarray(frames[:SPAN])).permute(0, 3, 1, 2).float() / 255
    size = (SHORT, LONG) if frames.shape[2] >= frames.shape[1] else (LONG, SHORT)
    if pictures.shape[2:] == size:
        return pictures
    return F.interpolate(pictures, size, mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)


def observe(pictures: Tensor, covers: Tensor) -> Observation:
    """Of pictures (48,3,H,W) and covers (48,H,W), both in 0..1."""
    boxes = _boxes(covers)
    shown = torch.cat([pictures, covers[:, None]], 1)
    return Observation(
        _track(pictures, covers, boxes), _cuts(shown, boxes), _slices(pictures, covers), _whole(pictures)
    )


def mirrored(seen: Observation) -> Observation:
    """Observations of B clips as they are in a mirror."""
    picks = torch.tensor([0, 1, 3, 2, 4, 5, 6, 7, 10, 11, 8, 9, 12, 13, 14, 15])
    signs = torch.ones(len(picks))
    signs[[0, 2, 3, 7]] = -1
    rows, columns = seen.slices[:, :8].flip(3), seen.slices[:, 8:].flip(1)
    places, colours = seen.whole[:, : 6 * GRID**2], seen.whole[:, 6 * GRID**2 :]
    turned = places.unflatten(1, (6, GRID, GRID)).flip(3).flatten(1)
    slices, whole = torch.cat([rows, columns], 1), torch.cat([turned, colours], 1)
    return Observation(seen.track[..., picks] * signs, seen.cuts.flip(4), slices, whole)


def _edges(profile: Tensor) -> tuple[Tensor, Tensor]:
    """Of profiles (T,L): where, in 0..L, a fiftieth of the mass lies before and after."""
    sums = profile.cumsum(1) / profile.sum(1, keepdim=True).clamp(min=1e-3)
    return (sums < 0.02).sum(1).float(), (sums < 0.98).sum(1).float() + 1


def _boxes(covers: Tensor) -> Tensor:
    """Left, right, top and bottom in pixels (T,4) of what surely is the subject; the last ones where there is none."""
    sure = covers * (covers > 0.4)
    left, right = _edges(sure.sum(1))
    top, bottom = _edges(sure.sum(2))
    boxes = torch.stack([left, right, top, bottom], 1)
    there = sure.sum((1, 2)) > 4
    if not there.any():
        high, wide = covers.shape[1:]
        return torch.tensor([wide * 0.3, wide * 0.7, high * 0.3, high * 0.7]).expand(len(covers), 4)
    last = torch.where(there, torch.arange(len(there)), -1).cummax(0).values
    return boxes[torch.where(last < 0, int(there.nonzero()[0]), last)]


def _track(pictures: Tensor, covers: Tensor, boxes: Tensor) -> Tensor:
    """Of each frame, in frame heights: centre, box, mass and tilt of the subject, the greys of its quarters, and how
    much it and what surrounds it change until the next frame."""
    high, wide = covers.shape[1:]
    unit = min(high, wide) * 1.0 if wide >= high else high * 1.0
    rows, columns = torch.arange(high)[None, :, None] / unit, torch.arange(wide)[None, None, :] / unit
    mass = covers.sum((1, 2)).clamp(min=1e-3)
    x, y = (covers * columns).sum((1, 2)) / mass, (covers * rows).sum((1, 2)) / mass
    dx, dy = columns - x[:, None, None], rows - y[:, None, None]
    tilt = (covers * dx * dy).sum((1, 2)) / mass / (covers * (dx**2 + dy**2)).sum((1, 2)).div(mass).clamp(min=1e-4)
    grey = pictures.mean(1)
    mean = (covers * grey).sum((1, 2)) / mass
    quarters = []
    for is_right in (dx > 0, dx <= 0):
        for is_low in (dy > 0, dy <= 0):
            part = covers * is_right * is_low
            quarters.append((part * grey).sum((1, 2)) / part.sum((1, 2)).clamp(min=1e-1) - mean)
    change = (grey[1:] - grey[:-1]).abs()
    change = torch.cat([change, change[-1:]])
    inside = (covers * change).sum((1, 2)) / mass
    outside = ((1 - covers) * change).mean((1, 2))
    centred = torch.stack([x - wide / unit / 2, y - 0.5], 1)
    box = boxes / unit - torch.tensor([wide / unit / 2, wide / unit / 2, 0.5, 0.5])
    aspect = torch.full_like(x, float(high > wide))
    rest = torch.stack([(mass / unit**2).sqrt(), tilt, *quarters, 5 * inside, 5 * outside, aspect], 1)
    side = (boxes[:, 1] - boxes[:, 0]) / (boxes[:, 3] - boxes[:, 2]).clamp(min=1)
    return torch.cat([centred, box, rest, side.clamp(0, 3)[:, None]], 1)


def _cuts(shown: Tensor, boxes: Tensor) -> Tensor:
    """Square cut-outs, a little larger than the subject, of eight moments of (48,4,H,W)."""
    picks = list(MOMENTS)
    high, wide = shown.shape[2:]
    left, right, top, bottom = boxes[picks].unbind(1)
    half = 0.62 * torch.maximum(right - left, bottom - top).clamp(min=6)
    scale = torch.zeros(len(picks), 2, 3)
    scale[:, 0, 0], scale[:, 0, 2] = 2 * half / wide, (left + right) / wide - 1
    scale[:, 1, 1], scale[:, 1, 2] = 2 * half / high, (top + bottom) / high - 1
    grid = F.affine_grid(scale, [len(picks), 4, CUT, CUT], align_corners=False)
    return F.grid_sample(shown[picks], grid, padding_mode="border", align_corners=False)


def _whole(pictures: Tensor) -> Tensor:
    """Colours, fine detail and change by place, and a histogram of colours."""
    some = pictures[list(MOMENTS)]
    grey = pictures.mean(1)
    fine = grey[list(MOMENTS)]
    across, down = (fine[:, :, 1:] - fine[:, :, :-1]).abs(), (fine[:, 1:] - fine[:, :-1]).abs()
    quick = (grey[1:] - grey[:-1])[::3].abs()
    grids = [some.mean(0), *(4 * part.mean(0, keepdim=True) for part in (across, down, quick))]
    places = [F.adaptive_avg_pool2d(part[None], GRID).flatten() for part in grids]
    bins = ((some * 5.999).long() * torch.tensor([36, 6, 1])[None, :, None, None]).sum(1).flatten()
    histogram = torch.bincount(bins, minlength=216).float().div(len(bins)).sqrt()
    return torch.cat([*places, 2 * histogram])


def _slices(pictures: Tensor, covers: Tensor) -> Tensor:
    """Bands of what lies behind the subject against time, where a pan is a slope and a zoom a fan: fine detail of each
    band's means, of like strength in all bands; where the subject hides a place, what it shows at other times."""
    grey = pictures[::2].mean(1, keepdim=True)
    behind = 1 - F.max_pool2d(covers[::2, None], 5, 1, 2) + 1e-3
    length = SLICES[2]
    across, down = (_means(grey, behind, size) for size in ((_ROWS, length), (length, _COLUMNS)))
    bands = torch.cat([across.permute(1, 0, 2), down.permute(2, 0, 1)])
    flat = F.avg_pool1d(bands, _LOCAL, 1, _LOCAL // 2, count_include_pad=False)
    detail = bands - flat
    return detail / (detail.std((1, 2), keepdim=True) + 0.004)


def _means(grey: Tensor, behind: Tensor, size: tuple[int, int]) -> Tensor:
    """(T,*size) means of (T,1,H,W) over what is behind; the time's mean where almost all is hidden."""
    sums, weights = (F.adaptive_avg_pool2d(part, size)[:, 0] for part in (grey * behind, behind))
    usual = sums.sum(0) / weights.sum(0)
    return torch.where(weights > 0.15, sums / weights, usual)
