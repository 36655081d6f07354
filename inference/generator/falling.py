"""Where rain, snow and bubbles are: noise that falls as the weather does. How a drop looks the enlarger has learned;
latents of small pictures lose such things, and what moves eight pixels a frame has to be the same drop in each."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Fall:
    """So many things in a picture, and the small pixels they move down and across in a frame."""

    amount: int
    down: int
    across: int


FALLS: dict[str, tuple[Fall, ...]] = {
    "rain": (Fall(55, 8, -1),),
    "snow": (Fall(34, 2, 1), Fall(40, 1, 0)),
    "underwater": (Fall(14, -2, 0),),
}
KINDS = tuple((name, place) for name, falls in FALLS.items() for place in range(len(falls)))


def seen(fall: Fall, spots: Tensor, frames: Tensor, size: tuple[int, int]) -> Tensor:
    """1 where something is, else 0 (T,H,W): spots (2,N), rows and columns at frame 0, moved to `frames` (T,)."""
    high, wide = size
    rows = (spots[0] + fall.down * frames[:, None]) % high
    columns = (spots[1] + fall.across * frames[:, None]) % wide
    made = torch.zeros(len(frames), high, wide)
    made[torch.arange(len(frames))[:, None], rows, columns] = 1
    return made


def falling(what: str | None, frames: Tensor, size: tuple[int, int], random: torch.Generator) -> Tensor:
    """Maps (T,4,H,W), one for each of KINDS, of what falls in such weather; None or another name for nothing."""
    made = torch.zeros(len(frames), len(KINDS), *size)
    for channel, (name, place) in enumerate(KINDS):
        if name == what:
            fall = FALLS[name][place]
            spots = torch.stack([torch.randint(0, side, (fall.amount,), generator=random) for side in size])
            made[:, channel] = seen(fall, spots, frames, size)
    return made


def weather_of(attributes: dict[str, str]) -> str | None:
    """The name in FALLS that a plan's attributes ask for, if any."""
    return next((attributes[name] for name in ("weather", "setting") if attributes.get(name) in FALLS), None)
