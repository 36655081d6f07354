"""One living home for all tests that only talk to it."""

import os
from collections.abc import Iterator

import pytest

# Before numpy comes: on a busy machine OpenBLAS's threads wait for each other, which made reading one mark take
# 25 to 300 s instead of 7; the servers that tests start inherit it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tests.living.home import Living, living


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    with living(tmp_path_factory.mktemp("living")) as started:
        yield started
