"""Where the weights lie."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def weights():
    return Path(__file__).parents[2] / "inference" / "weights"
