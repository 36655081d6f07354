"""Where a folder of weights that others made comes from: this machine, or S3. Checking it is `folder`'s work."""

from __future__ import annotations

from pathlib import Path

from inference.cloud import downloads
from inference.engines.folder import fetched


def brought(weights: str, digest: str, cache: Path) -> Path:
    """The folder `weights`, or what lies under `s3://bucket/prefix`, fetched into `cache`.

    Raises ValueError where the digest is none, WeightsError where what came is not what it says.
    """
    if not weights.startswith("s3://"):
        return Path(weights)
    if len(digest) != 64 or not digest.isalnum():
        raise ValueError(f"{digest!r} is no sha256")
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    return fetched(downloads(weights), cache / digest, digest)
