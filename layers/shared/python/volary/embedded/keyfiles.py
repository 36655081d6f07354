"""Secrets in files that only their owner may read; it makes what is missing and never overwrites what is there."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from volary.errors import Forbidden


def private_folder(path: Path) -> Path:
    """Make `path` for its owner alone, and return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def secret_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """Read `path`, made by `make` when it is absent; of several processes that make it, one wins and all read its.

    Raises Forbidden when others than the owner may read the file.
    """
    if not path.exists():
        _place(path, make())
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise Forbidden(f"{path} may be read by others (mode {mode:o}): run chmod 600 on it")
    return path.read_bytes()


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` in the place of what `path` holds, so that every reader finds the old or the new whole."""
    _written_beside(path, data).rename(path)
    fsync_folder(path.parent)


def _place(path: Path, data: bytes) -> None:
    private_folder(path.parent)
    fresh = _written_beside(path, data)
    try:
        os.link(fresh, path)  # unlike a rename, a link fails when another process was first
    except FileExistsError:
        pass  # and its file is the one to read
    finally:
        fresh.unlink()
    fsync_folder(path.parent)


def _written_beside(path: Path, data: bytes) -> Path:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return fresh


def fsync_folder(path: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
