"""Hangs drawn backdrops behind the frames of a clip: for which frames one is drawn, what is known of it beforehand, and
where it stands in place of the world that was decoded.

One backdrop serves every frame from which the camera sees about the same; the next is begun from what it shows, so that
the world of a clip stays one. Water flows on in it. Of the decoded frames there remain the subject's shadow and what a
remix keeps of its source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from inference.generator.asking import SourceClip
from inference.generator.autoencoder import TEMPORAL
from inference.generator.backdrop import Backdrop, Given, drawn
from inference.generator.frames import RATE, resized, to_unit
from inference.generator.plan import MOTION, Ground, in_view
from inference.generator.plate import behind, looked_up, shade, square
from inference.generator.windows import PREFIX

VAGUE = 8  # pixels that are brought to one colour each, in what a backdrop is begun from
SPAN = 48  # frames that one backdrop serves at most
TURN = 0.2  # frame heights that the camera may go, or the share it may zoom, before the next is drawn
ALIKE = 0.12  # difference in brightness at which what was decoded counts about half as the same
CARRIED = 0.35  # difference in brightness up to which a place is taken to be the same a little later
FOREIGN = 0.1  # the same, in the middle, beyond which the generator did not know what an image shows
SWELL = 2.0  # seconds that a detail of water drifts before it has faded into another
SMOOTH = 17  # pixels over which water has one colour
_PAN, _ZOOM = MOTION.index("pan"), MOTION.index("zoom")
_NEAR = 1.6  # half sides of the subject's square in which nothing that was decoded is kept
_ON = 1.15  # half sides of it in which a given picture may show the subject
_HIDDEN = 0.5  # views that have to show a place before it counts as known


@dataclass(frozen=True)
class Scenery:
    """What is planned of the world of T frames: attributes (1,10), the camera in motion (T,11), how it recedes, and
    from which share of the way to the screen's edge on a style leaves a rim there, which moves with no camera."""

    attributes: Tensor
    motion: Tensor
    ground: Ground
    rim: float = 1.0


@dataclass(frozen=True)
class Hung:
    """A backdrop (3,H,W) of a frame, the picture (3,H,W) it was drawn from, how the camera stands to it, motion
    (11,), how what it shows recedes, and where it shows the world (H,W)."""

    drawn: Tensor
    blurred: Tensor
    motion: Tensor
    ground: Ground
    frame: int
    is_world: Tensor
    rim: float = 1.0
    is_image: bool = False


def continued(source: SourceClip | None, pictures: Tensor, scenery: Scenery) -> Hung | None:
    """What there is before anything is drawn, for decoded frames (T,H,W,3): the picture that a clip goes on from,
    which is the decoded frames' first or the last of those they share with their source."""
    if source is None or source.use not in ("extend", "reference"):
        return None
    high, wide = pictures.shape[1:3]
    is_image = source.use == "reference"
    frame = 0 if is_image else TEMPORAL * min(PREFIX, len(source.frames) // TEMPORAL) - 1
    picture = to_unit(resized(source.frames[:1] if is_image else source.frames[-1:], high, wide))[0, 0].permute(2, 0, 1)
    decoded = pictures[frame].permute(2, 0, 1)
    return Hung(
        picture,
        decoded,
        scenery.motion[frame],
        scenery.ground,
        frame,
        1 - square(scenery.motion[frame : frame + 1], (high, wide), _ON)[0],
        scenery.rim,
        is_image,
    )


def stands(motion: Tensor) -> list[int]:
    """The frames of such motion (T,11) that a backdrop is drawn for: the middles of equal parts."""
    parts = []
    for start in range(0, len(motion), SPAN):
        part = motion[start : start + SPAN]
        travel = (part[:, _PAN].max() - part[:, _PAN].min()) + (part[:, _ZOOM].max() / part[:, _ZOOM].min() - 1)
        count = 1 + int(travel / TURN)
        parts += [start + round((place + 0.5) * len(part) / count - 0.5) for place in range(count)]
    return parts


def hung(model: Backdrop, pictures: Tensor, scenery: Scenery, seed: int, known: Hung | None) -> list[Hung]:
    """The backdrops for decoded frames (T,H,W,3) in -1..1. `known` is what is there already: a picture that the clip
    goes on from."""
    done: list[Hung] = []
    everywhere = torch.ones(pictures.shape[1:3])
    nearest_first = sorted(stands(scenery.motion), key=lambda frame: -round(float(scenery.motion[frame, _ZOOM]), 1))
    for frame in nearest_first:  # what is seen large holds all that is seen small
        move = scenery.motion[frame : frame + 1]
        world, seen = behind(pictures, scenery.motion, scenery.ground, frame)
        is_hidden = seen < _HIDDEN
        blurred = torch.where(is_hidden[None], pictures[frame].permute(2, 0, 1), world)[None]
        hidden = is_hidden[None, None].float()
        sharp, is_sharp = _carried(done[-1], move) if done else _known(known, blurred, move)
        given = Given(_vague(blurred), hidden * (1 - is_sharp), sharp, is_sharp, scenery.attributes, move)
        done.append(
            Hung(drawn(model, given, seed)[0], blurred[0], move[0], scenery.ground, frame, everywhere, scenery.rim)
        )
    return sorted(done, key=lambda one: one.frame)


def _vague(picture: Tensor) -> Tensor:
    """A picture (1,3,H,W) with little left but where its colours are: its edges are nobody's."""
    low = F.avg_pool2d(picture, VAGUE)
    return F.interpolate(low, picture.shape[2:], mode="bicubic", align_corners=False)


def _known(before: Hung | None, blurred: Tensor, move: Tensor) -> tuple[Tensor, Tensor]:
    """What a picture that a clip goes on from shows of the backdrop for such motion (1,11): the picture (1,3,H,W), and
    where it holds still (1,1,H,W): in sight, and where what was decoded is about the same. Of an image most of which
    was lost on the way, all holds: the generator did not know what it shows."""
    if before is None:
        return torch.zeros_like(blurred), torch.zeros_like(blurred[:, :1])
    sharp, is_seen = _carried(before, move)
    was, _ = _carried(replace(before, drawn=before.blurred), move)
    apart = _apart(was, blurred)
    if before.is_image and apart[is_seen > 0].median() > FOREIGN:
        return sharp, is_seen
    return sharp, is_seen * (apart < CARRIED)


def _carried(before: Hung, move: Tensor) -> tuple[Tensor, Tensor]:
    """What another backdrop shows of the one for such motion (1,11), (1,3,H,W), and where (1,1,H,W)."""
    at = looked_up(move, before.motion, before.drawn.shape[1:], before.ground)
    sharp = F.grid_sample(before.drawn[None], at, padding_mode="border", align_corners=False)
    is_world = F.grid_sample(before.is_world[None, None], at, align_corners=False) > 0.5
    is_within = _within(at, before.rim) & _within(_screen(at), before.rim)
    return sharp, (is_world & is_within[:, None]).float()


def _screen(at: Tensor) -> Tensor:
    """Where the pixels of a picture themselves lie (1,H,W,2), of the size of such places (B,H,W,2)."""
    return F.affine_grid(torch.eye(2, 3)[None], [1, 1, *at.shape[1:3]], align_corners=False)


def _within(at: Tensor, rim: float) -> Tensor:
    """Whether places (B,H,W,2), -1 to 1 from edge to edge, lie inside the rim (B,H,W)."""
    return (at.abs() < rim).all(-1)


def staged(pictures: Tensor, motion: Tensor, backdrops: list[Hung], share: float = 1.0, drawn_at: int = 0) -> Tensor:
    """Frames (T,H,W,3) in -1..1 of such motion (T,11) before their backdrops, laid on to this share. Water is as it was
    drawn at one of the frames."""
    seconds = (torch.arange(len(pictures)) - drawn_at) / RATE
    parts = [
        _before(pictures[some], (motion[some], seconds[some]), near, share)
        for some, near in _between(backdrops, len(pictures))
    ]
    return torch.cat(parts)


_Near = list[tuple[Hung, Tensor]]  # backdrops, and how much each counts in every frame (T,)


def _between(backdrops: list[Hung], count: int) -> Iterator[tuple[slice, _Near]]:
    """The frames that lie between the same two backdrops, with these two; the first and the last serve alone before
    and after."""
    first, last = backdrops[0], backdrops[-1]
    yield slice(0, first.frame), [(first, torch.ones(first.frame))]
    for one, other in pairwise(backdrops):
        share = torch.arange(other.frame - one.frame) / (other.frame - one.frame)
        yield slice(one.frame, other.frame), [(one, 1 - share), (other, share)]
    yield slice(last.frame, count), [(last, torch.ones(count - last.frame))]


def _before(pictures: Tensor, moves: tuple[Tensor, Tensor], near: _Near, share: float) -> Tensor:
    """Some frames (T,H,W,3) before their backdrops; `moves` are their motion (T,11) and seconds (T,)."""
    motion, seconds = moves
    decoded, size = pictures.permute(0, 3, 1, 2), pictures.shape[1:3]
    fine, rough, is_seen = _shown(motion, near, size)
    lost = shade(pictures, rough.permute(0, 2, 3, 1), motion)[:, None]
    world = (fine + 1) * (1 - lost) - 1
    close = square(motion, size, _NEAR)[:, None]
    if near[0][0].ground.flows:
        world = world + _flowing(motion, seconds, near, size)
    if share < 1:  # what a remix keeps of its source stays
        world = decoded.lerp(world, torch.maximum(_alike(decoded, rough), close))
    return decoded.lerp(world, share * is_seen).permute(0, 2, 3, 1)


def _shown(motion: Tensor, near: _Near, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """What the backdrops show in frames of such motion (T,11), as drawn and as it was (T,3,H,W), and where they show
    anything (T,1,H,W)."""
    total = torch.zeros(len(motion), 7, *size)
    for one, weight in near:
        at = looked_up(motion, one.motion, size, one.ground)
        is_rim = ~_within(_screen(at), one.rim)
        at = torch.where(is_rim[..., None], _screen(at), at)
        inside = (is_rim | _within(at, one.rim))[:, None] * weight[:, None, None, None] + 1e-4
        both = [
            F.grid_sample(part.expand(len(at), -1, -1, -1), at, padding_mode="border", align_corners=False)
            for part in (one.drawn, one.blurred)
        ]
        total += torch.cat([*both, torch.ones_like(inside)], dim=1) * inside
    fine, rough = (part / total[:, 6:] for part in total[:, :6].split(3, dim=1))
    return fine, rough, (total[:, 6:] > 2e-3).float()


def _flowing(motion: Tensor, seconds: Tensor, near: _Near, size: tuple[int, int]) -> Tensor:
    """What flowing adds to what the backdrops show (T,3,H,W): their water's details, not where they were drawn but in
    two copies that drift, of which each is gone when it begins again (flow maps, Vlachos 2010)."""
    total, still = torch.zeros(len(motion), 3, *size), torch.zeros_like(seconds)
    for one, share in near:
        added = -_drifted(one, motion, still)
        for begin in (0.0, 0.5):
            phase = (seconds / SWELL + begin) % 1
            weight = 1 - (2 * phase - 1).abs()
            strength = weight / (weight**2 + (1 - weight) ** 2) ** 0.5  # together as strong as one
            added = added + strength[:, None, None, None] * _drifted(one, motion, SWELL * (phase - 0.5))
        total += added * share[:, None, None, None]
    return total


def _drifted(one: Hung, motion: Tensor, since: Tensor) -> Tensor:
    """A backdrop's details of water in frames of such motion (T,11), drifted for so many seconds (T,): (T,3,H,W)."""
    detail = _detail(one).expand(len(motion), -1, -1, -1)
    at = looked_up(motion, one.motion, tuple(detail.shape[2:]), one.ground, since)
    is_world = _within(_screen(at), one.rim)[:, None]
    return F.grid_sample(detail, at, padding_mode="reflection", align_corners=False) * is_world


def _detail(one: Hung) -> Tensor:
    """What a backdrop shows of its water beside the water's own colour thereabouts (1,3,H,W), nothing elsewhere."""
    size = one.drawn.shape[1:]
    down = in_view(one.motion, *size)[1].unflatten(0, size)
    is_inside = _within(_screen(torch.zeros(1, *size, 2)), one.rim)
    is_water = ((down > one.ground.edges[-1]) & is_inside).float()[None]
    about = [F.avg_pool2d(part, SMOOTH, 1, SMOOTH // 2) for part in (one.drawn[None] * is_water, is_water)]
    return (one.drawn[None] - about[0] / about[1].clamp(min=1e-3)) * is_water


def _alike(one: Tensor, other: Tensor) -> Tensor:
    """How far two pictures (B,3,H,W) show the same at each place (B,1,H,W), 1 to 0."""
    return torch.exp(-((_apart(one, other) / ALIKE) ** 2))


def _apart(one: Tensor, other: Tensor) -> Tensor:
    """The difference of two pictures (B,3,H,W) about each place (B,1,H,W)."""
    return F.avg_pool2d((one - other).abs().mean(1, keepdim=True), 5, 1, 2, count_include_pad=False)
