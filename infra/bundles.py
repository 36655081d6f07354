"""Builds what Lambda runs — layers and the functions' code — without Docker and byte for byte the same everywhere.

`python -m infra.bundles --out DIR` writes one zip per bundle and prints sizes and hashes. Wheels come from the locks,
for the machine that Lambda is and not for this one; bytecode is added when a Python 3.13 is at hand.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

Layer = Literal["deps", "shared", "c2pa", "edge"]
Name = Literal["deps", "shared", "c2pa", "edge", "functions"]

ROOT = Path(__file__).parent.parent
LOCKS: dict[Name, str] = {
    "deps": "requirements/layer.lock",
    "c2pa": "requirements/c2pa.lock",
    "edge": "requirements/edge.lock",  # the signatures that CloudFront's key value store asks for
}
# bundle → folders that are copied into it: (in the repository, in the bundle)
FOLDERS: dict[Name, tuple[tuple[str, str], ...]] = {
    "shared": (("layers/shared/python/volary", "python/volary"), ("events", "python/events")),
    "functions": (("functions", "functions"),),
}
PLATFORM = ["--python-platform", "aarch64-manylinux_2_28", "--python-version", "3.13", "--only-binary", ":all:"]
# Console scripts hold the builder's interpreter path, RECORD and .lock its order of work.
LEFT_OUT = ("__pycache__", "RECORD", ".lock", "*.pyc")
EPOCH = (1980, 1, 1, 0, 0, 0)


def source(name: Name) -> Path:
    """A folder of the repository that stands for the bundle where nothing is built."""
    return ROOT / (FOLDERS[name][0][0] if name in FOLDERS else "requirements")


def fingerprint(name: Name, root: Path = ROOT) -> str:
    """SHA-256 over everything the bundle is made from, this recipe included; `root` holds the sources."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in _sources(name, root):
        digest.update(f"\0{path.relative_to(root).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def fill(name: Name, folder: Path) -> None:
    """Write the bundle's tree into `folder`; raises CalledProcessError when a wheel cannot be had."""
    if name in LOCKS:
        _install(ROOT / LOCKS[name], folder / "python")
    for here, there in FOLDERS.get(name, ()):
        shutil.copytree(ROOT / here, folder / there, ignore=shutil.ignore_patterns(*LEFT_OUT), dirs_exist_ok=True)
    _compile(folder, "/var/task" if name == "functions" else "/opt")


def write_zip(folder: Path, path: Path) -> None:
    """Zip a tree in sorted order with fixed times and modes, so that equal trees give equal bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())


def build(name: Name, out: Path) -> Path:
    """Make one bundle's zip in `out` and return its path."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.zip"
    with TemporaryDirectory(prefix="volary-bundle-") as folder:
        fill(name, Path(folder))
        write_zip(Path(folder), path)
    return path


@cache
def python313() -> str | None:
    """A Python 3.13 that runs, or None; a version manager's shim that only complains is no Python."""
    kept = Path.home() / ".pyenv/versions"
    found = [shutil.which("python3.13"), sys.executable, *map(str, sorted(kept.glob("3.13*/bin/python3.13")))]
    for candidate in filter(None, found):
        asked = [candidate, "-c", "import sys; sys.exit(sys.version_info[:2] != (3, 13))"]
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def _sources(name: Name, root: Path) -> list[Path]:
    locks = [root / LOCKS[name]] if name in LOCKS else []
    folders = [root / here for here, _ in FOLDERS.get(name, ())]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [*locks, *sorted(path for path in files if "__pycache__" not in path.parts and path.suffix != ".pyc")]


def _install(lock: Path, target: Path) -> None:
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(target), *PLATFORM]
    strict = ["--no-deps", "--require-hashes", "--no-compile-bytecode", "--link-mode", "copy", "-r", str(lock)]
    subprocess.run([*command, *strict], check=True, env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"})
    shutil.rmtree(target / "bin", ignore_errors=True)
    for pattern in ("RECORD", ".lock"):
        for path in target.rglob(pattern):
            path.unlink()


def _compile(folder: Path, place: str) -> None:
    """Bytecode that Lambda trusts without a look at times; without it a cold start took 1.1 s longer."""
    python = python313()
    if python is None:
        return
    strict = ["-q", "-j", "1", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", place]
    subprocess.run([python, "-m", "compileall", *strict, str(folder)], check=True, env={"PYTHONHASHSEED": "0"})


def unzipped_bytes(path: Path) -> int:
    """What a bundle takes once Lambda has unpacked it; the limit for a function and its layers is 250 MB."""
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args().out
    if python313() is None:
        print("no Python 3.13 here: the bundles get no bytecode, and cold starts take about a second longer")
    for name in get_args(Name):
        path = build(name, out)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        megabytes = path.stat().st_size / 1e6, unzipped_bytes(path) / 1e6
        print(f"{name:10} {megabytes[0]:6.1f} MB zipped {megabytes[1]:6.1f} MB unzipped  {digest}")


if __name__ == "__main__":
    main()
