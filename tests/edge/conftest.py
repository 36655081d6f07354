"""The edge's function under Node, one process for all tests, and the emulated edge over a home's files."""

from collections.abc import Iterator
from typing import Any

import pytest
from volary.embedded.blobs import FileBlobs

from tests.api.conftest import MovableClock, application, world  # noqa: F401 - fixtures
from tests.edge.emulated import EmulatedEdge, Function


@pytest.fixture(scope="session")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    made = Function(tmp_path_factory.mktemp("edge"))
    yield made
    made.close()


class Files:
    """A bucket in which every file is."""

    def facts(self, bucket: str, key: str) -> Any:
        return FileBlobs, bucket, key


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def edge(clock: MovableClock, function: Function) -> EmulatedEdge:
    files: Any = Files()
    return EmulatedEdge(files, clock, function)
