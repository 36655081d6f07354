"""The API's world, for the log as it is served."""

from tests.api.conftest import application, world

__all__ = ["application", "world"]
