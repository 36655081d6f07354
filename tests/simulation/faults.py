"""Ports that may die between any two effects: the process is gone, and what was committed stays."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

EFFECTS = {"write", "transact", "put", "upload", "delete", "start", "stop", "succeed", "fail", "submit"}


class Crash(BaseException):
    """The worker was killed. Not an Exception, so that nothing in the product can catch it."""


@dataclass
class Chaos:
    """How often an effect kills the process just before or just after it takes hold; 0 once the storm is over."""

    random: random.Random
    rate: float = 0.0
    crashes: int = 0

    def around(self, effect: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        drawn = self.random.random()
        if drawn < self.rate / 2:
            self._die()
        result = effect(*args, **kwargs)
        if drawn > 1 - self.rate / 2:
            self._die()
        return result

    def _die(self) -> None:
        self.crashes += 1
        raise Crash


class Mortal:
    """Any port, with `Chaos` around the methods that change the world."""

    def __init__(self, port: Any, chaos: Chaos) -> None:
        self._port = port
        self._chaos = chaos

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name not in EFFECTS:
            return found
        return lambda *args, **kwargs: self._chaos.around(found, *args, **kwargs)
