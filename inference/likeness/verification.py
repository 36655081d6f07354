"""How well two faces or two voices are told apart: EER and the true rate at one false match in a thousand.

The rows are pairs `{"a","b","same"}` with paths beside the file, or all pairs of a folder whose names say who is who.
It chooses no threshold.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from inference.likeness.faces import Faces, distance
from inference.likeness.thresholds import FACE_SAME, FACE_STOCK, VOICE_SAME, VOICE_STOCK
from inference.likeness.voices import Voices, at_rate, likeness
from inference.rates import Rate, wilson

SMALL = 200  # a picture smaller than this is a bare face: it gets a margin, so that the detector sees a head
ONE_IN = 1000
Describe = Callable[[Iterable[Path]], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Pair:
    """Two files, whether they show one person, and how alike they are (higher is more)."""

    a: str
    b: str
    same: bool
    score: float


@dataclass(frozen=True)
class Told:
    """Rates over pairs; thresholds are on the scale of `Pair.score`."""

    same: int
    different: int
    eer: float
    eer_at: float
    tpr_at_fpr_1e3: Rate
    fpr_1e3_at: float
    shipped: float
    missed_at_shipped: Rate
    false_at_shipped: Rate
    stock: float
    missed_at_stock: Rate
    false_at_stock: Rate


def faces_of(paths: Iterable[Path], faces: Faces) -> dict[str, np.ndarray]:
    """Descriptors by file name; a picture without a face is left out."""
    found = {}
    for path in paths:
        picture = opened_picture(path)
        faced = faces.finder.nearby(picture) or faces.finder.all(picture)
        if faced:
            found[path.name] = faces.describe(picture, faces.read(picture, faced[0]))
    return found


def voices_of(paths: Iterable[Path], voices: Voices) -> dict[str, np.ndarray]:
    """Directions by file name; a file in which nobody speaks is left out, as one that is empty is."""
    found = {}
    for path in paths:
        try:
            found[path.name] = voices.describe(opened_sound(path))
        except ValueError:
            continue
    return found


def all_pairs(found: dict[str, np.ndarray], who: Callable[[str], str], alike: Callable[..., float]) -> list[Pair]:
    return [
        Pair(a, b, who(a) == who(b), alike(found[a], found[b])) for a, b in itertools.combinations(sorted(found), 2)
    ]


def face_pairs(found: dict[str, np.ndarray], who: Callable[[str], str]) -> list[Pair]:
    return all_pairs(found, who, lambda a, b: -distance(a, b))


def voice_pairs(found: dict[str, np.ndarray], who: Callable[[str], str]) -> list[Pair]:
    return all_pairs(found, who, likeness)


def told(pairs: Sequence[Pair], shipped: float, stock: float) -> Told:
    """Raises ValueError unless there are pairs of both kinds."""
    same = np.sort([pair.score for pair in pairs if pair.same])
    different = np.sort([pair.score for pair in pairs if not pair.same])
    if not len(same) or not len(different):
        raise ValueError(f"{len(same)} pairs of one person and {len(different)} of two say nothing")
    lines = np.unique(np.concatenate([same, different]))
    missed = np.searchsorted(same, lines, "left") / len(same)
    false = 1 - np.searchsorted(different, lines, "left") / len(different)
    at = int(np.argmin(np.abs(missed - false)))
    strict = float(lines[np.flatnonzero(false <= 1 / ONE_IN)[0]]) if (false <= 1 / ONE_IN).any() else float("inf")
    return Told(
        len(same), len(different), round(float(missed[at] + false[at]) / 2, 5), round(float(lines[at]), 4),
        wilson(int((same >= strict).sum()), len(same)), round(strict, 4),
        shipped, _missed(same, shipped), _false(different, shipped),
        stock, _missed(same, stock), _false(different, stock),
    )  # fmt: skip


def told_faces(pairs: Sequence[Pair]) -> Told:
    return told(pairs, -FACE_SAME, -FACE_STOCK)


def told_voices(pairs: Sequence[Pair]) -> Told:
    return told(pairs, VOICE_SAME, VOICE_STOCK)


def asked_pairs(file: Path, describe: Describe, alike: Callable[..., float]) -> list[Pair]:
    """The pairs of a JSON-lines file, paths relative to it; raises ValueError for a row that is none."""
    rows = [_row(file, line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    names = sorted({name for row in rows for name in (row["a"], row["b"])})
    found = {name: next(iter(describe([file.parent / name]).values()), None) for name in names}
    return [
        Pair(row["a"], row["b"], bool(row["same"]), _alike(found[row["a"]], found[row["b"]], alike)) for row in rows
    ]


def as_row(pair: Pair) -> dict[str, Any]:
    return asdict(pair)


def opened_picture(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 of a picture that we trust; a small one is enlarged and given a margin."""
    with Image.open(path) as image:
        picture = image.convert("RGB")
        if max(picture.size) >= SMALL:
            return np.asarray(picture)
        large = np.asarray(picture.resize((3 * picture.width, 3 * picture.height), Image.Resampling.BICUBIC))
    return np.pad(large, ((60, 60), (80, 80), (0, 0)), mode="edge")


def opened_sound(path: Path) -> np.ndarray:
    """Mono float32 at 16 kHz of a recording that we trust."""
    parts: list[np.ndarray] = []
    if not path.stat().st_size:
        raise ValueError(f"{path.name} is empty")
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        for packet in container.demux(stream):
            for frame in packet.decode():
                parts.append(_mono(frame))
        rate = stream.rate
    if not parts:
        raise ValueError(f"{path.name} holds no sound")
    return at_rate(np.concatenate(parts), rate)


def _mono(frame: av.AudioFrame) -> np.ndarray:
    values = frame.to_ndarray()
    scale = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    values = values.astype(np.float32) / scale
    return values.mean(axis=0) if frame.format.is_planar else values.reshape(-1, frame.layout.nb_channels).mean(axis=1)


def _missed(same: np.ndarray, line: float) -> Rate:
    return wilson(int((same < line).sum()), len(same))


def _false(different: np.ndarray, line: float) -> Rate:
    return wilson(int((different >= line).sum()), len(different))


def _alike(a: np.ndarray | None, b: np.ndarray | None, alike: Callable[..., float]) -> float:
    """A file without a face or a voice is like nobody."""
    return -1e9 if a is None or b is None else alike(a, b)


def _row(file: Path, line: str) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict) or not {"a", "b", "same"} <= row.keys():
        raise ValueError(f"{file}: {line[:80]!r} is no pair with a, b and same")
    return row
