"""The noise a clip is made from. Half of it lies in the world and moves with the camera, so that what grows out of it
does too (after the warped noise of Burgert 2025, here on a plane for each depth and in whole latent places)."""

from __future__ import annotations

import torch
from torch import Tensor

from inference.generator.plan import HORIZON, grounds

STEP = 4  # frames of motion a latent lasts
SPARE = 0.7  # frame heights of world beyond the frame, to both sides together


def moving(motion: Tensor, size: tuple[int, ...], random: torch.Generator | None = None) -> Tensor:
    """Noise of `size` (B,T,H,W,C), unit spread everywhere, for clips of such motion (B,4*T,11)."""
    count, spans, rows, columns, channels = size
    wide = columns + round(SPARE * rows)
    world = torch.randn(count, rows * wide, channels, generator=random)
    fresh = torch.randn(count, spans, rows, columns, channels, generator=random)
    cells = _cells(motion[:, STEP // 2 :: STEP], (rows, columns, wide)).flatten(1)
    carried = world.gather(1, cells[..., None].expand(-1, -1, channels)).view(size)
    return (carried + fresh) / 2**0.5


def _cells(motion: Tensor, sides: tuple[int, int, int]) -> Tensor:
    """The cell of the world's field that every latent place shows: (B,T,11) to (B,T,rows*columns)."""
    rows, columns, wide = sides
    far, close, down = grounds(motion, rows, columns)
    across = torch.where(down < HORIZON, far, close)
    column = (across * rows + wide / 2).floor().clamp(0, wide - 1)
    return ((down * rows).floor().clamp(0, rows - 1) * wide + column).long()
