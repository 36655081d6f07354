"""Runs every port's contract over each home: embedded always, AWS where an endpoint is named."""

import os
from collections.abc import Iterator

import pytest

from tests.contracts import emulator_faults
from tests.contracts.embedded_home import EmbeddedHome, running_home


def homes() -> list[object]:
    """One parameter for each home: on disk, in memory, and on AWS where an emulator or TARGET=aws is named."""
    is_named = "AWS_ENDPOINT_URL" in os.environ or os.environ.get("TARGET") == "aws"
    on_aws = [pytest.param("aws", marks=pytest.mark.rehearsal)] if is_named else []
    return ["embedded", "memory", *on_aws]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect of the emulator what it is known to get wrong; strictly, so that it speaks up once it is right."""
    if "AWS_ENDPOINT_URL" not in os.environ:
        return
    for item in items:
        reason = emulator_faults.WRONG.get(f"{item.path.name}::{item.name}")
        if reason:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.fixture(scope="session", params=homes())
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    if request.param == "aws":
        from tests.contracts.aws_home import made_home

        made = made_home()
        yield made
        made.remove()
    else:
        where = ":memory:" if request.param == "memory" else tmp_path_factory.mktemp("home")
        with running_home(where) as made:
            yield made


@pytest.fixture
def services(home):
    return home.services


@pytest.fixture
def fresh(services):
    """A prefix that nothing else has, since one home serves all tests."""
    return services.ids.new("t")


@pytest.fixture
def timed(home):
    """A home whose time the test moves by itself; AWS has none."""
    if not isinstance(home, EmbeddedHome):
        pytest.skip("time on AWS cannot be moved: the embedded home proves these rows")
    return home
