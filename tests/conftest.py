"""One living home for all tests that only talk to it."""

import os
from collections.abc import Iterator

import pytest

# Before numpy comes: on a busy machine OpenBLAS's threads wait for each other, which made reading one mark take
# 25 to 300 s instead of 7; the servers that tests start inherit it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: torch's own threads would only be in the way
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.living.home import Living, living


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    with living(tmp_path_factory.mktemp("living")) as started:
        yield started


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What one process of `-n` runs: all tests that share a started home or a folder's costly fixtures."""
    for item in items:
        folder = item.path.parent.name
        whole = "town" if "town" in getattr(item, "fixturenames", ()) else folder
        item.add_marker(pytest.mark.xdist_group(item.path.stem if whole == "inference" else whole))
