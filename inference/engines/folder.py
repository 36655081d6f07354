"""A folder of weights that others made, pinned by digest: writing the pins, fetching it, checking it. Torch-free.

`manifest.json` lists every file with size and sha256; the sha256 of the manifest itself is the digest of the whole. A
file that is not listed, not a kind we read, or not what its digest says stops the load: the libraries that read the
folder afterwards pick files by name, so what must not be read must not be there.
What is not covered: somebody who changes files between the check and the load; the folder must be ours alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from inference.manifest import WeightsError, manifest

MANIFEST = "manifest.json"
# Nothing that can hold code or a pickle: weights, their configurations, and a tokenizer's tables.
KINDS = (".safetensors", ".onnx", ".json", ".jinja", ".txt", ".md", ".model")
# Only these may be missing from a manifest: they are what a hub or a browser leaves beside a model, and nobody reads.
IGNORED = ("LICENSE", ".gitattributes", ".DS_Store")
HASHERS = 4

Fetch = Callable[[str, Path], None]


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pin(folder: Path, model: str) -> str:
    """Write the manifest of what is in `folder` and return its digest. Raises WeightsError for a kind not ours."""
    files = sorted(_found(folder) - {MANIFEST})
    refused = [name for name in files if not name.endswith(KINDS)]
    if refused:
        raise WeightsError(f"{folder / refused[0]} is no kind of file that an engine reads: {', '.join(KINDS)}")
    entries = {name: {"sha256": digest_of(folder / name), "bytes": (folder / name).stat().st_size} for name in files}
    text = json.dumps({"model": model, "files": entries}, indent=1, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text)
    return hashlib.sha256(text.encode()).hexdigest()


def checked(folder: Path, digest: str) -> str:
    """The model's name, once the manifest has that digest and every file is as it says. Raises WeightsError."""
    found = pinned(folder, digest)
    listed = found["files"]
    stray = sorted(_found(folder) - set(listed) - {MANIFEST})
    if stray:
        raise WeightsError(f"{folder / stray[0]} is not listed in {folder / MANIFEST}")
    with ThreadPoolExecutor(HASHERS) as threads:
        list(threads.map(lambda name: _check(folder / name, listed[name]["sha256"]), sorted(listed)))
    return str(found["model"])


def pinned(folder: Path, digest: str) -> dict[str, Any]:
    """The manifest with that digest. Raises WeightsError, also for a path that leads out of the folder."""
    found = manifest(folder)
    actual = digest_of(folder / MANIFEST)
    if actual != digest:
        raise WeightsError(f"{folder / MANIFEST} has sha256 {actual}, and {digest or 'no digest'} was asked for")
    for name, entry in found["files"].items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not name.endswith(KINDS):
            raise WeightsError(f"{folder / MANIFEST} lists {name!r}, which is no file that an engine reads")
        if not isinstance(entry, dict) or len(str(entry.get("sha256"))) != 64:
            raise WeightsError(f"{folder / MANIFEST} pins no sha256 of {name}")
    return found


def fetched(fetch: Fetch, folder: Path, digest: str) -> Path:
    """Bring the files of a manifest into `folder`, those that are there and right already left alone.

    `fetch(name, path)` brings one. A file is written beside its place and moved there once its digest is right, so a
    fetch that is cut off leaves nothing that looks whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fetch(MANIFEST, folder / MANIFEST)
    listed = pinned(folder, digest)["files"]
    with ThreadPoolExecutor(HASHERS) as threads:
        list(threads.map(lambda name: _bring(fetch, folder, name, listed[name]["sha256"]), sorted(listed)))
    return folder


def _bring(fetch: Fetch, folder: Path, name: str, digest: str) -> None:
    path = folder / name
    if path.exists() and digest_of(path) == digest:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    fetch(name, partial)
    try:
        _check(partial, digest)
    except WeightsError:
        partial.unlink()
        raise
    partial.replace(path)


def _check(path: Path, digest: str) -> None:
    try:
        actual = digest_of(path)
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error}") from error
    if actual != digest:
        raise WeightsError(f"{path} has sha256 {actual}, the manifest pins {digest}")


def _found(folder: Path) -> set[str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in IGNORED)
    return {path.relative_to(folder).as_posix() for path in files if ".cache" not in path.parts}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="inference.engines.folder", description="Pin a folder of large weights.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="ltx-2", help="the name that clips will say they were made by")
    args = parser.parse_args(arguments)
    try:
        digest = pin(args.folder, args.model)
    except (OSError, WeightsError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{digest}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
