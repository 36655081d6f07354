"""Whether a clip that is extended again and again stays a picture of what was asked: each four seconds of it are read
as a clip of their own. It extends as a client does, from delivered frames and sound, up to the longest clip there is.

`sharpness` and `contrast` are proxies: a clip that drifts to noise or to grey shows it there first, and says nothing
of whether it is right; the readers' shares do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inference.evaluation import proxies, rows
from inference.evaluation.clips import SECONDS, Take, ask, is_audible
from inference.evaluation.observation import seen
from inference.evaluation.picture import Classes
from inference.evaluation.rates import recovered
from inference.evaluation.rows import Bench
from inference.generator.asking import LONGEST, Clip, SourceClip
from inference.generator.pipeline import Generator
from inference.rates import Rate, wilson
from inference.train.captions import english_whole
from inference.train.world import Scene

STEP = 12  # seconds that an extension adds
LASTING = ("subject", "colour", "setting", "time", "weather", "style")  # what no later window may change


@dataclass(frozen=True)
class Stretch:
    """Four seconds of every clip, from `second` on: the share of what lasts that is still recovered, of all together
    and of each; medians of sharpness, contrast and temporal consistency; and the share with audible sound."""

    second: int
    lasting: Rate
    attributes: dict[str, float]
    sharpness: float
    contrast: float
    consistency: float
    audible: float


def extended(generator: Generator, scene: Scene, seconds: int) -> Clip:
    """A clip of four seconds, extended until it lasts `seconds`."""
    one = ask(scene, english_whole(scene))
    clip = generator.generate(one, lambda share: None)
    length = SECONDS
    while length < seconds:
        length = min(length + STEP, seconds)
        source = SourceClip(clip.frames, clip.frame_rate, "extend", clip.sound, clip.sample_rate)
        clip = generator.generate(replace(one, seconds=length, source=source), lambda share: None)
    return clip


def windows(clip: Clip) -> Iterator[Take]:
    """The clip's whole windows of four seconds, in order, at the size that the readers look at."""
    frames, samples = SECONDS * clip.frame_rate, SECONDS * clip.sample_rate
    for place in range(len(clip.frames) // frames):
        pictures = seen(clip.frames[place * frames : (place + 1) * frames])
        yield Take(
            (pictures.permute(0, 2, 3, 1) * 255).round().byte().numpy(),
            clip.sound[place * samples : (place + 1) * samples],
        )


def measure(
    generator: Generator, bench: Bench, kin: Sequence[Scene], seconds: int, say: Callable[[str], None]
) -> list[Stretch]:
    """Of each scene's clip extended to `seconds`, 8 to 120; raises ValueError for another length."""
    if not 2 * SECONDS <= seconds <= LONGEST:
        raise ValueError(f"seconds is {seconds}, not between {2 * SECONDS} and {LONGEST}")
    classes = bench.eye.classes
    found: list[list[tuple[Take, dict[str, Any]]]] = []
    for place, scene in enumerate(kin):
        found.append([(take, bench.row(take)) for take in windows(extended(generator, scene, seconds))])
        say(f"{place + 1} of {len(kin)} clips")
    return [_stretch(place * SECONDS, list(each), kin, classes) for place, each in enumerate(zip(*found, strict=True))]


def _stretch(second: int, each: list[tuple[Take, dict[str, Any]]], kin: Sequence[Scene], classes: Classes) -> Stretch:
    judged = rows.together([row for _, row in each])
    shares = recovered(judged.reading.values(classes), kin)
    lasting = [shares[name] for name in LASTING]
    shades = [proxies.grey(seen(take.frames).numpy()) for take, _ in each]
    return Stretch(
        second,
        wilson(sum(share.hits for share in lasting), sum(share.of for share in lasting)),
        {name: round(shares[name].rate, 3) for name in LASTING},
        float(np.median([sharpness(grey) for grey in shades])),
        float(np.median([grey.std() for grey in shades])),
        float(np.median(judged.plain["consistency"])),
        float(np.mean([is_audible(take.sound) for take, _ in each])),
    )


def sharpness(shades: np.ndarray) -> float:
    """Mean absolute difference of neighbouring pixels of frames (T,H,W), as a share of their spread: noise raises it,
    blur lowers it."""
    across = np.abs(np.diff(shades, axis=2)).mean()
    down = np.abs(np.diff(shades, axis=1)).mean()
    return float((across + down) / 2 / max(shades.std(), 1e-6))
