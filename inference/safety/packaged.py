"""Reads model files that others made, from the weights folder or an installed package, and refuses changed ones.

`packages` in the folder's manifest pins the SHA-256 of every file that is read from a package.
"""

import hashlib
import importlib.util
import json
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"


class WeightsChanged(RuntimeError):
    """A model file is missing, or is not the one that was measured."""


def manifest(folder: Path) -> dict[str, Any]:
    """What the folder says of its files. Raises WeightsChanged where it cannot be read."""
    try:
        found: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as fault:
        raise WeightsChanged(f"{folder / MANIFEST} cannot be read: {fault}") from fault
    return found


def own_file(folder: Path, name: str) -> bytes:
    """A file of the weights folder, with the digest that its manifest pins."""
    return _pinned(folder / name, manifest(folder)["files"][name]["sha256"])


def package_file(folder: Path, package: str, name: str) -> bytes:
    """A file of an installed package, which is not imported for it, with the digest that the manifest pins."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsChanged(f"the package {package} is not installed; it holds {name}")
    path = Path(spec.submodule_search_locations[0]) / name
    return _pinned(path, manifest(folder)["packages"][f"{package}/{name}"])


def _pinned(path: Path, wanted: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise WeightsChanged(f"{path.name} cannot be read: {fault}") from fault
    found = hashlib.sha256(data).hexdigest()
    if found != wanted:
        raise WeightsChanged(f"{path.name} has sha256 {found}, the manifest pins {wanted}")
    return data
