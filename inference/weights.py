"""Loads weight files whose digests a manifest pins; safetensors only, and anything unexpected is refused.

A folder holds `manifest.json` = {"model": ..., "files": {name: {"sha256": ..., "bytes": ...}}, "config": {...}} and the
files it names. Matrices may be stored as rows of 8-bit integers, `NAME` with a float scale a row in `NAME::scale`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from inference.manifest import WeightsError, manifest

SCALE = "::scale"


def load_safetensors(folder: Path, name: str) -> dict[str, Tensor]:
    """The file's tensors, float32 where stored as 8-bit rows; hashes the very bytes it parses.

    Raises WeightsError naming the file and both digests if they differ, and if the file is unlisted, missing, not
    safetensors, or holds a number that is not finite.
    """
    pinned = manifest(folder)["files"].get(name)
    if pinned is None:
        raise WeightsError(f"{name} is not listed in {folder / 'manifest.json'}")
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read {folder / name}: {error}") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != pinned["sha256"]:
        raise WeightsError(f"{folder / name} has sha256 {digest}, the manifest pins {pinned['sha256']}")
    try:
        tensors = unpacked(load(data))
    except SafetensorError as error:
        raise WeightsError(f"{folder / name} is not safetensors: {error}") from error
    broken = [key for key, value in tensors.items() if not torch.isfinite(value).all()]
    if broken:
        raise WeightsError(f"{folder / name} holds numbers that are not finite in {broken[0]}")
    return tensors


def packed(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Matrices of at least 4,096 numbers as 8-bit rows with a scale each; everything else as float32."""
    out: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if value.dim() < 2 or value.numel() < 4096:
            out[name] = value.float().contiguous()
            continue
        rows = value.float().flatten(1)
        scale = rows.abs().amax(1).clamp(min=1e-12) / 127
        out[name] = (rows / scale[:, None]).round().to(torch.int8).view(value.shape).contiguous()
        out[name + SCALE] = scale
    return out


def unpacked(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `packed`, up to rounding."""
    out = {}
    for name, value in tensors.items():
        if name.endswith(SCALE):
            continue
        scale = tensors.get(name + SCALE)
        out[name] = value.float() if scale is None else value.float() * scale.view(-1, *[1] * (value.dim() - 1))
    return out


def write(folder: Path, name: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    """Writes one file packed and returns its manifest entry."""
    data = save(packed(tensors))
    (folder / name).write_bytes(data)
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
