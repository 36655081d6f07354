"""What a plan is made around: what was said, the end of a plan that goes on, or what a tracker read of given frames.

The planner knows motion from where the camera stands when a window begins; a `Premise` also says where that is, so that
the windows of a clip join.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from inference.generator.autoencoder import TEMPORAL
from inference.generator.plan import FRAMES, MOTION, Hints, Plan, apparent, centred
from inference.generator.tracker import Track

# What a motion cannot keep once the words ask for another of: somebody who is to run no longer goes as they walked.
_MOVING = ("action", "direction", "camera", "size")
_PAN, _ZOOM = MOTION.index("pan"), MOTION.index("zoom")


@dataclass(frozen=True)
class Premise:
    """What stands of a plan (batch 1), the hints that say which parts do, and the camera's pan and zoom at its first
    frame, None where its way may lie about the middle. `is_free` (1,48) are frames that may still be made even."""

    start: Plan
    hints: Hints
    stand: tuple[Tensor, Tensor] | None
    is_free: Tensor

    def placed(self, motion: Tensor) -> Tensor:
        """Motion (1,48,11) as it was planned, in the world where the camera stands as it does."""
        if self.stand is None:
            return centred(motion)
        pan, zoom = self.stand
        return apparent(motion, -pan * zoom, 1 / zoom)


def said(attributes: Mapping[str, Sequence[str]], values: Mapping[str, str], is_tall: bool) -> Premise:
    """That the words say such values, and nothing else is known; the camera goes as the planner has it."""
    start = Plan(torch.zeros(1, len(attributes), dtype=torch.long), torch.zeros(1, FRAMES, len(MOTION)))
    is_set = torch.tensor([[name in values for name in attributes]])
    for row, (name, known) in enumerate(attributes.items()):
        if name in values:
            start.attributes[0, row] = known.index(values[name])
    nothing = torch.zeros(start.motion.shape, dtype=torch.bool)
    stand = torch.zeros(1), torch.ones(1)
    return Premise(
        start, Hints(torch.tensor([int(is_tall)]), is_set, nothing), stand, torch.ones(1, FRAMES, dtype=torch.bool)
    )


def goes_on(premise: Premise, before: Plan, latents: int) -> Premise:
    """That the window begins with the last so many latents of a plan before it, and shows what that one does."""
    count = TEMPORAL * latents
    last = before.motion[:, -count:]
    stand = last[:, 0, _PAN], last[:, 0, _ZOOM]
    start = Plan(before.attributes.clone(), premise.start.motion.clone())
    start.motion[:, :count] = apparent(last, *stand)
    is_known = torch.arange(FRAMES)[None] < count
    hints = replace(
        premise.hints,
        is_set=torch.ones_like(premise.hints.is_set),
        is_moved=is_known[..., None].expand(start.motion.shape),
    )
    return Premise(start, hints, stand, ~is_known)


def follows(premise: Premise, before: Plan) -> Premise:
    """That the window begins a frame after a plan ends, and shows what that one does."""
    last = 2 * before.motion[:, -1:] - before.motion[:, -2:-1]
    stand = last[:, 0, _PAN], last[:, 0, _ZOOM]
    motion, is_moved = premise.start.motion.clone(), premise.hints.is_moved.clone()
    motion[:, :1], is_moved[:, :1, : MOTION.index("impact")] = apparent(last, *stand), True
    hints = replace(premise.hints, is_set=torch.ones_like(premise.hints.is_set), is_moved=is_moved)
    return Premise(Plan(before.attributes.clone(), motion), hints, stand, premise.is_free)


def shows(premise: Premise, track: Track, names: Sequence[str], allowed: Tensor) -> Premise:
    """That the window begins with frames of which this was read (batch 1, at most 48 frames), in as far as it is sure.

    What stands already goes before what is seen; where words ask for another motion, only where it begins is kept.
    `allowed` (10,values) are the values that nobody refused.
    """
    hints, seen = premise.hints, track.seen()
    is_open = ~hints.is_set & (seen >= 0) & allowed.gather(1, seen.clamp(min=0).T).T
    attributes = torch.where(is_open, seen, premise.start.attributes)
    against = hints.is_set & (seen >= 0) & (seen != premise.start.attributes)
    moves_anew = any(bool(against[0, row]) for row, name in enumerate(names) if name in _MOVING)
    count = 1 if moves_anew else track.motion.shape[1]
    is_read = torch.zeros_like(hints.is_moved)
    is_read[:, :count] = track.is_sure()[:, :count] & ~hints.is_moved[:, :count]
    motion = premise.start.motion.clone()
    motion[is_read] = track.motion[is_read[:, : track.motion.shape[1]]]
    return Premise(
        Plan(attributes, motion),
        replace(hints, is_set=hints.is_set | is_open, is_moved=hints.is_moved | is_read),
        premise.stand if hints.is_moved.any() else None,
        premise.is_free,
    )
