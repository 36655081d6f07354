"""Reads the manifest of a folder of weights, without torch: what may not be read without one, its callers say."""

import json
from pathlib import Path
from typing import Any


class WeightsError(RuntimeError):
    """A weight file is missing, is not the one the manifest pins, or does not hold what it should."""


def manifest(folder: Path) -> dict[str, Any]:
    """The folder's manifest; raises WeightsError if there is none or it cannot be read."""
    path = folder / "manifest.json"
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise WeightsError(f"cannot read {path}: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
        raise WeightsError(f"{path} names no files")
    return found
