"""One living home for all tests that only talk to it."""

from collections.abc import Iterator

import pytest

from tests.living.home import Living, living


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    with living(tmp_path_factory.mktemp("living")) as started:
        yield started
