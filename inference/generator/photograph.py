"""Reads a photographed face into the traits of a face: by what colours and edges are where its mesh says skin, hair,
jaw and eyes are. Drawings are read elsewhere; what a photograph does not show is left in the middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from inference.generator import hair
from inference.generator.complexion import SKIN
from inference.generator.complexion import hair_of as drawn_hair
from inference.generator.glasses import Glasses, blurred
from inference.generator.hair import ABOVE, LUMA
from inference.likeness.geometry import moved, pose, similarity

SIDE = 2 * hair.SIDE  # pixels of a straightened head, two faces wide and high
FACE = SIDE / 2  # pixels of a face's height
_FIXED = (33, 263, 10, 152)  # of the mesh: the eyes' outer corners, the forehead's top and the chin
_PLACES = (np.array([[-0.27, 0.37], [0.27, 0.37], [0, 0], [0, 1]]) + [1, ABOVE]) * FACE
# Polygons of the mesh's points. Left and right are the picture's.
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
CHEEKS = ((50, 101, 118, 117, 123, 187, 205, 36), (280, 330, 347, 346, 352, 411, 425, 266))
FOREHEAD = (104, 69, 108, 151, 337, 299, 333, 336, 9, 107)
NOSE = (6, 196, 236, 198, 4, 420, 456, 419)
EYES = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
)
MOUSTACHE = (165, 167, 164, 393, 391, 269, 267, 0, 37, 39)
CHIN = (181, 84, 17, 314, 405, 424, 431, 395, 369, 396, 175, 171, 140, 170, 211, 204)
JAWS = ((58, 172, 136, 150, 169, 210, 214, 192), (288, 397, 365, 379, 394, 430, 434, 416))

# Found on photographs that take no part in any figure (`python -m inference.train.photographs` says on which).
_WARM = (1.2, 3.2)  # the skin's trait is the first less so many times how warm the skin is
_VIVID = 2.0  # how much more coloured drawn hair is than photographed
_LEAST_HAIR = 20  # pixels of hair on a head that is not bald
_ALIKE = (0.45, 0.125, 0.125)  # how far from the crown's `_hair_tones` hair still is
_MASS = (0.12, 0.34, 0.56)  # of hair around the crown, in squares of a face's height: thin, middling, full
_SHAVEN = ((0.12, 0.25), (0.25, 0.13), (0.44, 0.185), (0.72, 0.50))  # `beardedness` of faces without: middle and reach
BEARD_FROM = 1.1  # of those reaches
EVEN, STRAIGHT = 0.5, 25.0  # a cheek's logarithm of luma over the other's, degrees of a turned head
_SHAPE = (0.85, 0.09)  # of faces: width over height in the middle, and what 1 is more
_STEPS = np.linspace(-1, 1, 41)
_TABLE = np.array([[drawn_hair(light, red) for red in _STEPS] for light in _STEPS])


@dataclass(frozen=True)
class Head:
    """A head straightened: `colours` (S,S,3) in 0..1, `points` (468,2) of its mesh in pixels, what of it the picture
    shows (S,S) bool, and the `mesh` (468,3) as it was in the picture."""

    colours: np.ndarray
    points: np.ndarray
    seen: np.ndarray
    mesh: np.ndarray

    @property
    def luma(self) -> np.ndarray:
        return np.asarray(self.colours @ LUMA)

    def within(self, *polygons: tuple[int, ...]) -> np.ndarray:
        """The pixels (S,S) bool inside any of these polygons of the mesh."""
        canvas = Image.new("1", (SIDE, SIDE))
        for polygon in polygons:
            ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in self.points[list(polygon)]], fill=1)
        return np.asarray(canvas) & self.seen


def straightened(picture: np.ndarray, mesh: np.ndarray) -> Head:
    """The head in a picture uint8 (H,W,3) whose face has this mesh (468,3) in pixels."""
    high = float(np.linalg.norm(mesh[10, :2] - mesh[152, :2]))
    share = min(1.0, 1.2 * FACE / max(high, 1.0))
    size = (max(1, round(picture.shape[1] * share)), max(1, round(picture.shape[0] * share)))
    still = Image.fromarray(np.ascontiguousarray(picture)).resize(size, Image.Resampling.BOX)
    points = mesh[:, :2] * [size[0] / picture.shape[1], size[1] / picture.shape[0]]
    map_ = similarity(points[list(_FIXED)], _PLACES)
    turn = np.linalg.inv(map_[:, :2])
    back = tuple(np.column_stack([turn, -turn @ map_[:, 2]]).ravel())

    def straight(one: Image.Image) -> np.ndarray:
        return np.asarray(one.transform((SIDE, SIDE), Image.Transform.AFFINE, back, Image.Resampling.BILINEAR))

    shown = Image.fromarray(255 * _taken(picture).astype(np.uint8)).resize(size, Image.Resampling.BOX)
    seen = straight(shown) > 250
    return Head(straight(still).astype(np.float64) / 255, moved(points, map_), seen, mesh)


def _taken(picture: np.ndarray) -> np.ndarray:
    """What of a picture (H,W,3) a camera took, bool (H,W): portraits are continued with their last row or column where
    the face was at the edge, and a row that is the next one again was not seen. A plain wall's was."""
    taken = np.ones(picture.shape[:2], bool)
    for lines, marks in ((picture, taken), (picture.swapaxes(0, 1), taken.T)):
        same = np.abs(np.diff(lines.astype(np.int16), axis=0)).max((1, 2)) <= 1
        rough = lines.std(axis=1).max(-1) > 2
        first = int(np.argmin(np.append(same & rough[1:], False)))
        last = int(np.argmin(np.append((same & rough[:-1])[::-1], False)))
        marks[:first] = False
        marks[len(marks) - last :] = False
    return taken


def small(values: np.ndarray) -> np.ndarray:
    """Values (S,S,...) at half the side."""
    return np.asarray(values.reshape(SIDE // 2, 2, SIDE // 2, 2, *values.shape[2:]).mean((1, 3)))


def parted(head: Head) -> hair.Parted:
    """Where the hair is."""
    oval = head.within(OVAL)
    down = (np.arange(SIDE) + 0.5)[:, None] / FACE - ABOVE
    clear = oval & (head.within(*CHEEKS, FOREHEAD, NOSE) | ((down > 0.45) & (down < 0.62)))
    return hair.parted(*(small(head.colours), small(oval) > 0.5, small(clear) > 0.9, small(head.seen) > 0.99))


def face_traits(picture: np.ndarray, mesh: np.ndarray, glasses: Glasses) -> np.ndarray:
    """The traits (8,) of the face with this mesh (468,3) in a picture uint8 (H,W,3), in the order of `TRAITS`: each
    from -1 to 1, 0 where the photograph does not show it, and no beard and no glasses where none are seen."""
    head = straightened(picture, mesh)
    light, parts = Light.of(head), parted(head)
    # Shadows across a face and the far side of one that is turned look like beards and rims.
    clear = evenly_lit(head) and abs(pose(mesh)[0]) < STRAIGHT
    rough = (beard(head), 1.0 if glasses.sure(head) > 0 else -1.0) if clear else (-1.0, -1.0)
    found = [skin(head, light), *hair_colour(head, parts, light), *hair_shape(head, parts), *rough, roundness(mesh)]
    return np.clip(found, -1, 1)


def evenly_lit(head: Head) -> bool:
    """Whether one cheek is not much darker than the other."""
    sides = [head.luma[head.within(cheek)] for cheek in CHEEKS]
    if min(map(len, sides)) == 0:
        return False
    left, right = (float(np.median(side)) + 0.03 for side in sides)
    return abs(np.log(left / right)) < EVEN


@dataclass(frozen=True)
class Light:
    """What the eyes' whites say of a picture's light: what its lightness is to be multiplied by, and how yellow it is,
    as the logarithm of red over blue. `coloured` is False for a picture in greys."""

    gain: float
    cast: float
    coloured: bool

    @classmethod
    def of(cls, head: Head) -> Light:
        """Whites are seldom white in a picture: lids shade them and skin shines in, so only a part of it counts."""
        eyes = head.within(*EYES)
        if not eyes.any():
            return cls(1.0, 0.0, _coloured(head))
        luma = head.luma
        bright = float(np.percentile(luma[eyes], 92))
        white = np.median(head.colours[eyes & (luma >= np.percentile(luma[eyes], 80))], axis=0)
        cast = 0.5 * float(np.log((white[0] + 0.01) / (white[2] + 0.01)))
        return cls(float(np.clip((0.55 / max(bright, 0.05)) ** 0.2, 0.8, 1.3)), cast, _coloured(head))

    def without(self, colour: np.ndarray) -> np.ndarray:
        """A colour (3,) as it would be in a plain light."""
        return np.asarray(np.clip(colour * self.gain * np.exp([-self.cast / 2, 0, self.cast / 2]), 0, 1))


def _coloured(head: Head) -> bool:
    return bool(np.abs(head.colours[..., 0] - head.colours[..., 2])[head.seen].mean() > 0.01)


def skin(head: Head, light: Light) -> float:
    """By how light the skin is and, in colour, by how much redder than blue: in one light darker skin is both."""
    colour = np.median(head.colours[head.within(*CHEEKS, NOSE, FOREHEAD)], axis=0)
    lumas = [float(np.array(stop) @ LUMA) for stop in SKIN]
    by_luma = float(np.interp(colour @ LUMA * light.gain, lumas, [-1, 0, 1]))
    if not light.coloured:
        return by_luma
    warm = float(np.log((colour[0] + 0.01) / (colour[2] + 0.01))) - light.cast
    return 0.5 * by_luma + 0.5 * float(np.clip(_WARM[0] - _WARM[1] * warm, -1, 1))


def hair_colour(head: Head, parts: hair.Parted, light: Light) -> tuple[float, float]:
    """Light and red, whose colour in the drawn world is nearest to the crown's in this light; 0 for a bald head's, and
    red also for a picture in greys."""
    crown = _crown(parts)
    if crown.sum() < _LEAST_HAIR:
        return 0.0, 0.0
    seen = light.without(np.median(small(head.colours)[crown], axis=0))
    if not light.coloured:
        seen = np.full(3, seen @ LUMA)
    tones = _hair_tones(_TABLE)
    off = tones - _hair_tones(seen) * [1, _VIVID, _VIVID]
    best = np.unravel_index(np.argmin((off**2).sum(-1)), off.shape[:2])
    return float(_STEPS[best[0]]), float(_STEPS[best[1]]) if light.coloured else 0.0


def hair_shape(head: Head, parts: hair.Parted) -> tuple[float, float]:
    """Long and full: how far down hair hangs beside face and neck, and how much of it is around the crown."""
    across, down = hair.places()
    pixel = 2 / hair.SIDE
    crown = _crown(parts)
    shown = small(head.seen) > 0.99
    if crown.sum() < _LEAST_HAIR:
        return -1.0, -1.0
    round_head = (down < 0.45) & (np.hypot(across / 0.5, (down - 0.36) / 0.66) < 1.5)
    if shown[round_head].mean() < 0.6:
        return 0.0, 0.0
    mass = float((parts.hair * round_head).sum()) * pixel**2
    full = float(np.interp(mass, _MASS, [-1, 0, 1]))
    beside = (np.abs(across) < 0.8) & (down > 0.55) & (down < 1.3)
    if shown[beside].mean() < 0.6:
        return min(0.0, full), full
    tones = _hair_tones(small(head.colours))
    off = (tones - np.median(tones[crown], axis=0)) / _ALIKE  # collars and curtains are not of the crown's colour
    alike = np.exp(-0.5 * (off**2).sum(-1))
    rows = (parts.hair * alike * beside).sum(1)[(down[:, 0] > 0.55) & (down[:, 0] < 1.3)] * pixel
    hangs = float(np.clip(np.minimum.accumulate(rows) / 0.12, 0, 1).mean())  # hair hangs down in one piece
    return float(np.interp(hangs, [0, 0.12, 0.4, 0.8], [-0.6 + 0.3 * full, 0, 0.6, 1])), full


def _crown(parts: hair.Parted) -> np.ndarray:
    return np.asarray((parts.hair > 0.6) & (hair.places()[1] < 0.5))


def beard(head: Head) -> float:
    """-1 without, else from 0 to 1: how much darker and rougher lip, chin and jaw are than cheeks, beside what shadow
    does to faces without a beard."""
    found = [(value - middle) / reach for value, (middle, reach) in zip(beardedness(head), _SHAVEN, strict=True)]
    score = float(np.mean(np.clip(found, -1, 5)))
    return -1.0 if score < BEARD_FROM else float(np.interp(score, [BEARD_FROM, 3 * BEARD_FROM], [0.1, 1]))


def beardedness(head: Head) -> list[float]:
    """How much darker than the cheeks the darker part of lip, chin and jaw is, and how much rougher the lip's skin."""
    luma, cheeks = head.luma + 0.03, head.within(*CHEEKS)
    rough = np.abs(np.log(luma) - blurred(np.log(luma)))
    level = np.log(np.median(luma[cheeks]))
    darker = [
        float(level - np.log(np.percentile(luma[where], 25))) if where.any() else 0.0
        for where in (head.within(MOUSTACHE), head.within(CHIN), head.within(*JAWS))
    ]
    return [*darker, float(np.log((rough[head.within(MOUSTACHE)].mean() + 1e-4) / (rough[cheeks].mean() + 1e-4)))]


def roundness(mesh: np.ndarray) -> float:
    """Of the face, from its width and height in the mesh, which a turned head keeps."""
    shape = float(np.linalg.norm(mesh[234] - mesh[454]) / np.linalg.norm(mesh[10] - mesh[152]))
    return float(np.clip((shape - _SHAPE[0]) / _SHAPE[1], -1, 1))


def _hair_tones(colours: np.ndarray) -> np.ndarray:
    """Colours (...,3) as log lightness and two differences of channels against it."""
    luma = colours @ LUMA
    red, yellow = ((colours[..., at] - colours[..., at + 1]) / (luma + 0.1) for at in (0, 1))
    return np.stack([np.log(luma + 0.05), red, yellow], -1)
