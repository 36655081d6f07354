"""Tells photographed portraits from drawn ones by the face that a detector of real faces is sure of, and reads the
photographed ones. Who may be shown, and who it is, is decided elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inference.generator.glasses import Glasses
from inference.generator.photograph import face_traits
from inference.likeness.faces import Meshes

# Of 600 drawn portraits the detector is 0.74 sure at most, and the mesh seldom agrees; of photographs it is surer.
SURE, PRESENT = 0.75, 0.9


class Photographs:
    """Reads the traits of a photographed face."""

    def __init__(self, meshes: Meshes, glasses: Glasses) -> None:
        self.meshes, self.glasses = meshes, glasses

    def read(self, portrait: np.ndarray) -> np.ndarray | None:
        """The traits (8,) of the face in the middle of a portrait uint8 (H,W,3), None if it is no photograph of one."""
        mesh = self.mesh(portrait)
        return None if mesh is None else face_traits(portrait, mesh, self.glasses)

    def mesh(self, portrait: np.ndarray) -> np.ndarray | None:
        """The mesh (468,3), in pixels, of the photographed face nearest to the portrait's middle."""
        middle = np.array([portrait.shape[1], portrait.shape[0]]) / 2
        found = self.meshes.finder.nearby(portrait, SURE)
        for each in sorted(found, key=lambda one: float(np.hypot(*(one.box[:2] + one.box[2:] / 2 - middle)))):
            face = self.meshes.read(portrait, each)
            if face.presence >= PRESENT:
                return face.mesh
        return None


def beside(folder: Path) -> Photographs | None:
    """With the face models that lie beside a folder of the generator's weights; None where none lie there, and then
    every portrait is taken for a drawing. Raises WeightsChanged or WeightsError
    if they are not the pinned ones."""
    weights = folder.parent
    if not (weights / "likeness").is_dir() or not (weights / "safety").is_dir():
        return None
    return Photographs(Meshes(weights), Glasses.load(weights / "likeness"))
