"""Measures S29: real faces in uploads are found, planted ones are matched, and what the same does on our own renders.

Uploads are photographs of the evaluation data; planted faces are press photographs pasted into landscapes at several
sizes, matched against an index that holds another photograph of the person, or not.
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from inference.likeness.faces import Faces, Found
from inference.likeness.matching import HOLD_DISTANCE, Index, Person, match
from inference.likeness.thresholds import FACE_SAME
from inference.likeness.verification import opened_picture
from inference.rates import wilson

SIZES = (32, 48, 64, 96, 128)
SURE = 0.65  # the line of screening for a face
LANDSCAPES = 120
TILE_WIDE, TILE_HIGH = 128, 87  # inference.train.contact_sheet draws frames of 126 x 72 under a line of text
SHEET = Path(__file__).parents[2] / "docs" / "contact-sheet.webp"


def sightings(data: Path, faces: Faces, rng: np.random.Generator) -> Iterable[dict[str, Any]]:
    """Lines of rates with 95 % intervals."""
    scenes = [_picture(path) for path in sorted((data / "images").glob("w*.jpg"))[:: max(1, 420 // LANDSCAPES)]]
    portraits = [*sorted((data / "faces" / "orl").glob("*.png")), *_known(data)]
    yield _rate("faces found in uploads that show one", [bool(_found(faces, opened_picture(p))) for p in portraits])
    yield _rate("faces found in uploads that show none", [bool(_found(faces, scene)) for scene in scenes])
    yield _rate("faces found in frames of our own renders", [bool(_found(faces, tile)) for tile in _renders()])
    yield from planted(data, faces, scenes, rng)


def planted(data: Path, faces: Faces, scenes: list[np.ndarray], rng: np.random.Generator) -> Iterable[dict[str, Any]]:
    """People of whom there are two photographs: one is in the index, the other is planted."""
    people = _people(data, faces)
    for size in SIZES:
        seen, named, wrong, stranger = [], [], [], []
        for name, shots in people.items():
            for at, shot in enumerate(shots):
                scene = _pasted(scenes[int(rng.integers(len(scenes)))], shot, size, rng)
                others = [_person(other, people[other], faces) for other in people if other != name]
                own = _person(name, [each for place, each in enumerate(shots) if place != at], faces)
                found = match(scene[None], [0.0], faces, Index("with", (*others, own)))
                without = match(scene[None], [0.0], faces, Index("without", tuple(others)))
                subjects = {each.subject for each in found.sightings}
                seen.append(found.faces > 0)
                named.append(name in subjects)
                wrong.append(bool(subjects - {name}))
                stranger.append(without.strangers > 0)
        yield {"size": size} | _rate("planted faces that are found", seen)
        yield {"size": size} | _rate("planted faces matched to their person", named) | {"at": HOLD_DISTANCE}
        yield {"size": size} | _rate("planted faces matched to somebody else", wrong)
        yield {"size": size} | _rate("planted faces of nobody enrolled, said to be strangers", stranger)


def _people(data: Path, faces: Faces) -> dict[str, list[np.ndarray]]:
    """Head crops by name, of everybody with two photographs in which a face is found."""
    found: dict[str, list[np.ndarray]] = {}
    for path in _known(data):
        picture = opened_picture(path)
        for face in faces.finder.nearby(picture)[:1]:
            found.setdefault(path.stem.rsplit("_", 1)[0], []).append(_head(picture, face))
    return {name: shots for name, shots in found.items() if len(shots) > 1}


def _person(name: str, shots: list[np.ndarray], faces: Faces) -> Person:
    described = [
        faces.describe(shot, faces.read(shot, found[0])) for shot in shots if (found := faces.finder.nearby(shot))
    ]
    return Person(name, np.array(described).reshape(-1, 128), None)


def _head(picture: np.ndarray, face: Found) -> np.ndarray:
    """The face with hair and chin around it, at most as large as the picture."""
    left, top, width, height = face.box
    reach = 0.5
    rows = slice(max(0, int(top - reach * height)), int(top + (1 + reach) * height))
    return picture[rows, max(0, int(left - reach * width)) : int(left + (1 + reach) * width)]


def _pasted(scene: np.ndarray, head: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """The head in the scene, so large that the face in it is `size` pixels wide."""
    share = 2 * size / head.shape[1]
    small = Image.fromarray(head).resize((2 * size, round(head.shape[0] * share)), Image.Resampling.LANCZOS)
    canvas = Image.fromarray(scene).copy()
    space = (max(1, canvas.width - small.width), max(1, canvas.height - small.height))
    canvas.paste(small, (int(rng.integers(space[0])), int(rng.integers(space[1]))))
    return np.asarray(canvas)


def _found(faces: Faces, picture: np.ndarray) -> list[Found]:
    return faces.finder.all(picture, SURE)


def _renders() -> list[np.ndarray]:
    """Frames of the contact sheet, which the generator made."""
    if not SHEET.exists():
        return []
    sheet = _picture(SHEET)
    rows, columns = sheet.shape[0] // TILE_HIGH, sheet.shape[1] // TILE_WIDE
    return [
        sheet[row * TILE_HIGH : (row + 1) * TILE_HIGH, column * TILE_WIDE : (column + 1) * TILE_WIDE]
        for row in range(rows)
        for column in range(columns)
    ]


def _known(data: Path) -> list[Path]:
    return sorted((data / "faces" / "public_figures").glob("*.jpg"))


def _picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _rate(what: str, hits: list[bool]) -> dict[str, Any]:
    return {"what": what, **asdict(wilson(sum(hits), len(hits))), "threshold": FACE_SAME if "match" in what else SURE}
