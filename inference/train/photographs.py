"""Measures how well photographed faces are read into traits, on photographs that no setting was found on.

python -m inference.train.photographs MEDIA [--weights WEIGHTS]

MEDIA is the media folder of the evaluation data. Settings of `inference.generator.photograph` were found on 20 faces
of photographs in a package's demonstration and on subjects 1 to 5 of `faces/orl`, and `inference.train.glasses`
learned from those; subjects 6 to 20 had no part in either. No label says how light somebody's skin is: traits are held
against plain medians of small patches, written apart from what reads the traits, and two photographs of one person
against photographs of two. Glasses and beards were told by eye.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.stats import spearmanr

from inference import weights
from inference.generator.asking import Reference
from inference.generator.likeness import FACE, TRAITS, LikenessEncoder, somebody
from inference.likeness.material import portrait
from inference.train.likeness import HELD_OUT, photograph

SHIPPED = Path(__file__).parents[1] / "weights" / "generator"
LEARNED = tuple(f"s{number}" for number in range(1, 6))  # subjects of faces/orl that settings were found on
# By eye, of faces/orl: which photographs show glasses, and whose a beard.
GLASSES = {
    "s2": range(1, 11), "s4": (1, 2, 3, 8, 9),
    "s6": range(1, 11), "s7": (4, 5, 10), "s13": (1, 2, 5, 6, 7, 8, 9, 10), "s14": range(1, 11),
    "s17": (1, 2, 5, 6, 7, 8, 9, 10), "s19": (1, 2, 3, 6, 10), "s20": (1, 2, 3, 5, 7, 8, 9, 10),
}  # fmt: skip
BEARDED = ("s7", "s11", "s14", "s16", "s17")
LUMA = np.array([0.299, 0.587, 0.114])
Lit = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Photo:
    """`person` is whose `picture` uint8 (H,W,3) it is; `mesh` (468,3) is None where no face is found."""

    name: str
    person: str
    picture: np.ndarray
    mesh: np.ndarray | None


def photos(folder: Path, encoder: LikenessEncoder) -> list[Photo]:
    """The pictures of a folder, cut as an enrolment cuts its portrait; `PERSON_NUMBER` names each."""
    assert encoder.photographs is not None
    found = []
    for path in sorted([*folder.glob("*.png"), *folder.glob("*.jpg")]):
        picture = np.asarray(Image.open(path).convert("RGB"))
        mesh = encoder.photographs.mesh(picture)
        if mesh is not None:
            picture = portrait(picture, mesh)
            mesh = encoder.photographs.mesh(picture)
        found.append(Photo(path.stem, path.stem.rsplit("_", 1)[0], picture, mesh))
    return found


def plain(photo: Photo) -> dict[str, float]:
    """What patches of a tenth of the face say with nothing corrected: luma of cheeks and of what is above the forehead,
    how much redder than blue that is, and how dark lip and chin are beside the cheeks."""
    mesh = photo.mesh
    assert mesh is not None
    up = mesh[10, :2] - mesh[152, :2]
    reach = max(1, round(0.05 * float(np.linalg.norm(up))))

    def patch(place: np.ndarray) -> np.ndarray:
        rows = np.clip(np.arange(round(place[1]) - reach, round(place[1]) + reach + 1), 0, len(photo.picture) - 1)
        columns = np.clip(
            np.arange(round(place[0]) - reach, round(place[0]) + reach + 1), 0, photo.picture.shape[1] - 1
        )
        return np.asarray(np.median(photo.picture[rows[:, None], columns].reshape(-1, 3), axis=0))

    cheek = (patch(mesh[50, :2]) + patch(mesh[280, :2])) / 2
    crown = np.median([patch(mesh[10, :2] + share * up) for share in (0.26, 0.29, 0.32)], axis=0)
    below = (patch(mesh[164, :2]) + patch(mesh[199, :2])) / 2
    return {
        "skin": float(cheek @ LUMA),
        "hair light": float(crown @ LUMA),
        "hair red": float((crown[0] - crown[2]) / (crown.sum() + 20)),
        "beard": -float((below @ LUMA + 5) / (cheek @ LUMA + 5)),
    }


def follows(kept: Sequence[Photo], read: np.ndarray, names: Sequence[str]) -> Iterator[str]:
    """A line a trait: the rank correlation of what is read (N,8) with what is plainly there, and its interval."""
    there = [plain(photo) for photo in kept]
    for name in names:
        pairs = np.array([[row[name] for row in there], read[:, TRAITS.index(name)]])

        def correlation(at: np.ndarray, pairs: np.ndarray = pairs) -> float:
            return float(spearmanr(*pairs[:, at]).statistic) if pairs[1, at].std() > 0 else 0.0

        yield f"  {name}: rank correlation with the plain measure {_interval(kept, correlation)}"


def elsewhere(photo: Photo, seed: int) -> np.ndarray:
    """The picture before a plain ground of its own and in a light of its own: photographs of one session share both,
    and who reads those would seem to know people."""
    rng = np.random.default_rng(seed)
    assert photo.mesh is not None
    top, chin = photo.mesh[10, :2], photo.mesh[152, :2]
    high, (x, y) = float(np.linalg.norm(chin - top)), top + 0.35 * (chin - top)
    down, across = np.mgrid[: photo.picture.shape[0], : photo.picture.shape[1]]
    outside = np.hypot((across - x) / (0.75 * high), (down - y) / (0.85 * high)) > 1
    ground = np.full(3, rng.uniform(20, 235)) + (rng.normal(0, 3, photo.picture.shape[:2])[..., None])
    picture = np.where(outside[..., None] & (down < chin[1])[..., None], ground, photo.picture)
    return np.clip(picture * rng.uniform(0.75, 1.2), 0, 255).astype(np.uint8)


def alike(kept: Sequence[Photo], read: np.ndarray) -> str:
    """How often two photographs of one person are nearer in their traits than photographs of two are."""
    people = np.array([photo.person for photo in kept])
    gaps = np.linalg.norm(read[:, None] - read[None], axis=-1)

    def area(at: np.ndarray) -> float:
        one, other = np.triu_indices(len(at), 1)
        one, other = at[one], at[other]
        apart = one != other  # a person drawn twice brings the same photograph twice
        same = people[one] == people[other]
        return ahead(-gaps[one, other][apart & same], -gaps[one, other][apart & ~same])

    return f"  one person's photographs against two people's: area under the curve {_interval(kept, area)}"


def ahead(some: np.ndarray, others: np.ndarray) -> float:
    """The share of pairs in which one of `some` is above one of `others`, ties counting half."""
    if not len(some) or not len(others):
        return 0.5
    return float((some[:, None] > others).mean() + 0.5 * (some[:, None] == others).mean())


def told(kept: Sequence[Photo], read: np.ndarray) -> Iterator[str]:
    """Glasses and beards against what eyes see."""
    numbers = [(photo.person, int(photo.name.rsplit("_", 1)[1])) for photo in kept]
    seen = {
        "glasses": np.array([number in GLASSES.get(person, ()) for person, number in numbers]),
        "beard": np.array([person in BEARDED for person, _ in numbers]),
    }
    for name, there in seen.items():
        found = read[:, TRAITS.index(name)] > (0 if name == "glasses" else -0.4)
        yield (
            f"  {name}: found on {int((found & there).sum())} of {int(there.sum())} photographs that show it, "
            f"on {int((found & ~there).sum())} of {int((~there).sum())} that do not"
        )


def steadiness(kept: Sequence[Photo], encoder: LikenessEncoder, read: np.ndarray) -> str:
    """How far each trait moves when the same photograph is lit otherwise, beside how far photographs differ."""
    tinted = (-0.08, 0.08) if any((photo.picture[..., 0] != photo.picture[..., 2]).any() for photo in kept) else (0.0,)
    lights: list[Lit] = [_relit(gain, cast) for gain in (0.75, 1.0, 1.2) for cast in tinted]
    moved = []
    for photo, before in zip(kept, read, strict=True):
        for light in lights:
            after = face(encoder, light(photo.picture))
            moved.append(np.abs(after - before))
    spread = np.abs(read[:, None] - read[None]).mean((0, 1))
    rows = zip(TRAITS[FACE], np.mean(moved, axis=0), spread, strict=True)
    return "  moved by other light / between photographs: " + ", ".join(f"{n} {a:.2f}/{b:.2f}" for n, a, b in rows)


def face(encoder: LikenessEncoder, picture: np.ndarray) -> np.ndarray:
    """The traits (8,) of the face."""
    return np.asarray(encoder.read(Reference(picture))[FACE])


def drawn(encoder: LikenessEncoder, people: int) -> int:
    """How many drawn portraits of so many people are taken for photographs."""
    assert encoder.photographs is not None
    faces = (photograph(somebody(HELD_OUT + 3000 + place), place).portrait for place in range(people))
    return sum(encoder.photographs.mesh(portrait_) is not None for portrait_ in faces)


def report(media: Path, folder: Path, people: int = 300) -> Iterator[str]:
    """The figures, each set read as before photographs were told apart, and as it is."""
    encoder, blind = (_encoder(folder, seeing) for seeing in (True, False))
    grey, coloured = (photos(media / "faces" / name, encoder) for name in ("orl", "public_figures"))
    whole = [*grey, *coloured]
    known = sum(photo.mesh is not None for photo in whole)
    yield f"taken for photographs: {known} of {len(whole)} photographs, {drawn(encoder, people)} of {people} drawings"
    kept = [photo for photo in grey if photo.person not in LEARNED and photo.mesh is not None]
    bright = [photo for photo in coloured if photo.mesh is not None]
    for title, some in (("in greys", kept), ("in colour", bright)):
        for how, by in (("as drawings", blind), ("as photographs", encoder)):
            read = np.array([face(by, photo.picture) for photo in some])
            yield f"{len(some)} photographs {title} of {len({p.person for p in some})} people, read {how}"
            yield from follows(some, read, ("skin", "hair light", *(("hair red",) if some is bright else ()), "beard"))
            yield alike(some, read)
            moved = np.array([face(by, elsewhere(photo, place)) for place, photo in enumerate(some)])
            yield "  each before another ground and in another light:" + alike(some, moved)[1:]
            if some is kept:
                yield from told(some, read)
            yield steadiness(some[:: 1 if some is bright else 5], by, read[:: 1 if some is bright else 5])


def _interval(kept: Sequence[Photo], of: Callable[[np.ndarray], float]) -> str:
    """A figure of the places (N,) of photographs, and where 95 % of it lie when other people had been photographed."""
    people = sorted({photo.person for photo in kept})
    places = {who: [at for at, photo in enumerate(kept) if photo.person == who] for who in people}
    rng = np.random.default_rng(5)
    draws = [of(np.concatenate([places[who] for who in rng.choice(people, len(people))])) for _ in range(300)]
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return f"{of(np.arange(len(kept))):.2f} ({low:.2f} to {high:.2f})"


def _relit(gain: float, cast: float) -> Lit:
    by = gain * np.array([1 + cast, 1, 1 - cast])
    return lambda picture: np.clip(picture * by, 0, 255).astype(np.uint8)


def _encoder(folder: Path, seeing: bool) -> LikenessEncoder:
    encoder = LikenessEncoder.beside(folder, weights.manifest(folder)["config"]["likeness"])
    encoder.load_state_dict(weights.load_safetensors(folder, "likeness.safetensors"))
    encoder.photographs = encoder.photographs if seeing else None
    return encoder.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path)
    parser.add_argument("--weights", type=Path, default=SHIPPED)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for line in report(asked.media, asked.weights):
        print(line, flush=True)


if __name__ == "__main__":
    main()
