"""Learns to tell glasses on photographed faces, from faces with, without, and with glasses painted on.

python -m inference.train.glasses ORL PICTURES WEIGHTS

ORL is the folder of the faces whose glasses `inference.train.photographs` names; only its LEARNED subjects are read.
PICTURES holds more photographs, in which nobody wears glasses (what ships: the six of the demonstration of the npm
package @vladmandic/face-api 1.7.15). WEIGHTS is the folder of the likeness weights, to which 577 numbers are written.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from inference import weights
from inference.generator.glasses import FILE, Glasses, edges
from inference.generator.photograph import FACE, SIDE, Head, straightened
from inference.generator.portrait import PRESENT, SURE
from inference.likeness.faces import Meshes
from inference.likeness.material import portrait
from inference.train.photographs import GLASSES, LEARNED

TIMES = 6  # each face is seen so often, in another light, softness and noise
FIRM = 0.1  # how much a large weight costs
_WINDOW, _STEP, _LEAST = (640, 760), 240, 60  # pixels of a large picture looked at at once, moved by, and of a face


def faces(picture: np.ndarray, meshes: Meshes) -> Iterator[Head]:
    """Every sure face of a picture uint8 (H,W,3) of any size, once."""
    wide, high = _WINDOW
    seen: list[np.ndarray] = []
    for left in range(0, max(1, picture.shape[1] - wide + _STEP), _STEP):
        for top in range(0, max(1, picture.shape[0] - high + _STEP), _STEP):
            part = np.ascontiguousarray(picture[top : top + high, left : left + wide])
            for found in meshes.finder.all(part, SURE):
                face = meshes.read(part, found)
                middle = face.mesh[1, :2] + [left, top]
                low, reach = face.mesh[:, :2].min(0), face.mesh[:, :2].max(0)
                whole = (low > 0).all() and (reach < part.shape[1::-1]).all() and (reach - low).max() > _LEAST
                if face.presence < PRESENT or not whole or any(np.hypot(*(middle - one)) < 40 for one in seen):
                    continue
                seen.append(middle)
                mesh = face.mesh + [left, top, 0]
                yield from _heads(portrait(picture, mesh), meshes)


def _heads(picture: np.ndarray, meshes: Meshes) -> Iterator[Head]:
    for found in meshes.finder.nearby(picture)[:1]:
        face = meshes.read(picture, found)
        if face.presence >= PRESENT:
            yield straightened(picture, face.mesh)


def altered(head: Head, rng: np.random.Generator) -> Head:
    """The head in another light, softer, noisier, and its mesh a little off."""
    share, noise = rng.uniform(0, 0.8), rng.normal(0, rng.uniform(0, 0.02), head.colours.shape)
    soft = (np.roll(head.colours, 1, 0) + np.roll(head.colours, 1, 1) + 2 * head.colours) / 4
    colours = (head.colours * (1 - share) + soft * share) * rng.uniform(0.7, 1.2) + noise
    return replace(head, colours=np.clip(colours, 0, 1), points=head.points + rng.normal(0, 0.7, 2))


def spectacled(head: Head, rng: np.random.Generator) -> Head:
    """The head with glasses painted on: round or angular, thin or thick, dark or of shining metal."""
    fine, unit = 4, 4 * FACE
    canvas = Image.new("L", (SIDE * fine, SIDE * fine))
    brush, points, line = ImageDraw.Draw(canvas), head.points * fine, int(rng.integers(3, 9))
    wide, high, low = rng.uniform(0.17, 0.23) * unit, rng.uniform(0.10, 0.17) * unit, rng.uniform(0, 0.06) * unit
    is_round, corner = rng.random() < 0.4, float(rng.uniform(0.3, 0.9) * high)
    middles = []
    for outer, inner, ear in ((33, 133, 127), (263, 362, 356)):
        side = float(np.sign(points[outer][0] - points[inner][0]))
        x, y = (points[outer] + points[inner]) / 2 + [0.02 * unit * side, low]
        middles.append((x, y))
        box = [x - wide, y - high, x + wide, y + high]
        if is_round:
            brush.ellipse(box, outline=255, width=line)
        else:
            brush.rounded_rectangle(box, radius=corner, outline=255, width=line)
        arm = [x + side * wide, y - 0.3 * high, points[ear][0], points[ear][1] - 0.4 * high]
        brush.line([float(each) for each in arm], fill=255, width=line)
    bridge = (middles[0][1] + middles[1][1]) / 2 - rng.uniform(0, 0.6) * high
    brush.line([middles[0][0] + 0.95 * wide, bridge, middles[1][0] - 0.95 * wide, bridge], fill=255, width=line)
    rims = np.asarray(canvas.resize((SIDE, SIDE), Image.Resampling.BOX))[..., None] / 255 * rng.uniform(0.45, 1)
    tone = rng.uniform(0.02, 0.25) if rng.random() < 0.75 else rng.uniform(0.7, 1)
    return replace(head, colours=head.colours * (1 - rims) + tone * rims)


def examples(orl: Path, pictures: Path, meshes: Meshes) -> tuple[np.ndarray, np.ndarray]:
    """`edges` (N,576) and whether each face wears glasses (N,)."""
    rng, rows, worn = np.random.default_rng(5), list[np.ndarray](), list[bool]()
    for path in sorted([*orl.glob("*.png"), *pictures.glob("*.jpg")]):
        person, _, number = path.stem.rpartition("_")
        if path.parent == orl and person not in LEARNED:
            continue
        picture = np.asarray(Image.open(path).convert("RGB"))
        has = path.parent == orl and int(number) in GLASSES.get(person, ())
        for head in _heads(picture, meshes) if path.parent == orl else faces(picture, meshes):
            for time in range(TIMES):
                rows.append(edges(altered(head, rng) if time else head))
                worn.append(has)
                if not has:
                    rows.append(edges(altered(spectacled(head, rng), rng)))
                    worn.append(True)
    return np.array(rows), np.array(worn)


def learned(rows: np.ndarray, worn: np.ndarray) -> Glasses:
    """By logistic regression in which both kinds count alike."""
    middle, spread = rows.mean(0), rows.std(0) + 1e-3
    given, wanted = torch.tensor((rows - middle) / spread), torch.tensor(worn, dtype=torch.float64)
    weight = torch.zeros(given.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    share = wanted.mean()
    counts = torch.where(wanted > 0, 0.5 / share, 0.5 / (1 - share))
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=60)

    def loss() -> Tensor:
        optimiser.zero_grad()
        wrong = (counts * F.binary_cross_entropy_with_logits(given @ weight + bias, wanted, reduction="none")).mean()
        whole = wrong + FIRM * weight.square().sum()
        whole.backward()
        return whole

    optimiser.step(loss)
    scaled = weight.detach().numpy() / spread
    return Glasses(scaled, float(bias.detach()) - float(scaled @ middle))


def publish(found: Glasses, folder: Path) -> None:
    """Writes the weights and their line of the folder's manifest."""
    tensors = {"weight": torch.tensor(found.weight), "bias": torch.tensor(found.bias)}
    entry = weights.write(folder, FILE, tensors)
    manifest = weights.manifest(folder)
    manifest["files"][FILE] = {**entry, "version": "1", "licence": "as this repository"}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("orl", "pictures", "weights"):
        parser.add_argument(name, type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows, worn = examples(asked.orl, asked.pictures, Meshes(asked.weights.parent))
    found = learned(rows, worn)
    publish(found, asked.weights)
    right = ((rows @ found.weight + found.bias > 0) == worn).mean()
    print(f"{len(rows)} examples, {worn.sum()} with glasses; told {right:.3f} of them")


if __name__ == "__main__":
    main()
