"""Paints faces that a detector of real faces takes for one, so that what reads photographs is tested without anybody's
photograph: a head from the front, lit from above, with noise as of a camera. Nobody's face."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

SIDE = 256
FINE = 4  # what is painted is so many times as large
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Look:
    skin: Colour = (200, 150, 125)
    hair: Colour = (60, 40, 30)
    is_long: bool = False
    beard: bool = False
    glasses: bool = False


def painted(look: Look) -> np.ndarray:
    """The portrait uint8 (256,256,3)."""
    canvas = Image.new("RGB", (SIDE * FINE, SIDE * FINE), (150, 160, 170))
    canvas = _lit(_head(canvas, look), look)
    canvas = _hairline(canvas, look)
    _features(ImageDraw.Draw(canvas), look)
    if look.beard:
        canvas = _bearded(canvas, look)
    _mouth(ImageDraw.Draw(canvas), look)
    if look.glasses:
        _glasses(ImageDraw.Draw(canvas))
    small = canvas.resize((SIDE, SIDE), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(0.6))
    noise = np.random.default_rng(0).normal(0, 3, (SIDE, SIDE, 1))
    return np.clip(np.asarray(small).astype(float) + noise, 0, 255).astype(np.uint8)


def _times(colour: Colour, share: float) -> Colour:
    red, green, blue = (min(255, round(value * share)) for value in colour)
    return red, green, blue


def _box(x: float, y: float, wide: float, high: float) -> list[float]:
    return [FINE * each for each in (x - wide, y - high, x + wide, y + high)]


def _mask(spots: list[tuple[float, float, float, float, int]], soft: float) -> Image.Image:
    """Ellipses (x, y, half width, half height, strength), softened."""
    mask = Image.new("L", (SIDE * FINE, SIDE * FINE), 0)
    for x, y, wide, high, strength in spots:
        ImageDraw.Draw(mask).ellipse(_box(x, y, wide, high), fill=strength)
    return mask.filter(ImageFilter.GaussianBlur(soft * FINE))


def _over(canvas: Image.Image, colour: Colour, mask: Image.Image) -> Image.Image:
    return Image.composite(Image.new("RGB", canvas.size, colour), canvas, mask)


def _head(canvas: Image.Image, look: Look) -> Image.Image:
    brush, shade = ImageDraw.Draw(canvas), _times(look.skin, 0.72)
    if look.is_long:
        brush.ellipse(_box(128, 120, 74, 84), fill=look.hair)
        brush.rectangle(_box(128, 177, 72, 57), fill=look.hair)
    brush.ellipse(_box(128, 290, 110, 75), fill=(60, 70, 110))
    brush.rectangle(_box(128, 197, 24, 28), fill=shade)
    brush.ellipse(_box(128, 98, 63, 66), fill=look.hair)
    for x in (70, 186):
        brush.ellipse(_box(x, 135, 9, 16), fill=shade)
    brush.ellipse(_box(128, 135, 56, 72), fill=look.skin)
    return canvas.filter(ImageFilter.GaussianBlur(1.5 * FINE))


def _lit(canvas: Image.Image, look: Look) -> Image.Image:
    """With the shadows and lights that make a face of an oval."""
    sides = [(x, 142, 18, 52, 90) for x in (78, 178)]
    sockets = [(x, 120, 18, 10, 70) for x in (104, 152)]
    cheeks = [(x, 150, 12, 10, 90) for x in (94, 162)]
    shade = _mask([*sides, (128, 201, 32, 11, 80), (128, 151, 16, 9, 50), *sockets], 9)
    shine = _mask([(128, 92, 28, 12, 90), (128, 135, 7, 20, 120), *cheeks], 6)
    return _over(_over(canvas, _times(look.skin, 0.72), shade), _times(look.skin, 1.12), shine)


def _hairline(canvas: Image.Image, look: Look) -> Image.Image:
    cap, brow = _mask([(128, 92, 62, 58, 255)], 1.5), _mask([(128, 153, 54, 77, 255)], 1.5)
    return _over(canvas, look.hair, ImageChops.subtract(cap, brow))


def _features(brush: ImageDraw.ImageDraw, look: Look) -> None:
    darker = tuple(min(pair) for pair in zip(look.hair, _times(look.skin, 0.72), strict=True))
    for x, lean in ((104, 3), (152, 0)):
        brow = [(x - 14, 112 + lean), (x, 109), (x + 14, 115 - lean)]
        brush.line([(FINE * a, FINE * b) for a, b in brow], fill=_times(darker, 0.8), width=4 * FINE, joint="curve")
        for wide, high, colour in ((12, 5.5, (235, 232, 228)), (5.4, 5.4, (70, 50, 35)), (2.6, 2.6, (15, 10, 10))):
            brush.ellipse(_box(x, 124, wide, high), fill=colour)
        brush.ellipse(_box(x + 1.8, 122, 1.1, 1.1), fill=(250, 250, 250))
        brush.arc(_box(x, 125, 13, 8), 190, 350, fill=(40, 28, 25), width=2 * FINE)
    for x in (121, 135):
        brush.ellipse(_box(x, 157, 3, 1.8), fill=_times(look.skin, 0.43))
    brush.arc(_box(128, 154.5, 12, 8.5), 30, 150, fill=_times(look.skin, 0.61), width=2 * FINE)


def _bearded(canvas: Image.Image, look: Look) -> Image.Image:
    whole, mouth = _mask([(128, 181, 44, 31, 235)], 2), _mask([(128, 140, 36, 20, 235)], 2)
    return _over(canvas, look.hair, ImageChops.subtract(whole, mouth))


def _mouth(brush: ImageDraw.ImageDraw, look: Look) -> None:
    red, green, blue = look.skin
    lip = _times((red, round(green * 0.67), round(blue * 0.67)), 0.82)
    brush.ellipse(_box(128, 178, 19, 4.5), fill=lip)
    brush.ellipse(_box(128, 181, 15, 4.5), fill=_times(lip, 1.08))
    brush.line(_box(128, 178, 18, 0), fill=_times(lip, 0.5), width=6)


def _glasses(brush: ImageDraw.ImageDraw) -> None:
    dark, wide = (25, 22, 22), 14
    for x in (103, 153):
        brush.rounded_rectangle(_box(x, 127, 19, 15), radius=10 * FINE, outline=dark, width=wide)
    for line in ((122, 122, 134, 122), (84, 120, 70, 118), (172, 120, 186, 118)):
        brush.line([FINE * each for each in line], fill=dark, width=wide)
