"""What anything that makes clips offers to the model server; the server knows no other word about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from events.engines import EngineLimits
from inference.generator.asking import Ask, Clip


class Engine(Protocol):
    """A loaded model: our own (`pipeline.Generator`), or a large one (`inference.engines`).

    Implementations differ in frame rate, sample rate, length of one window and how they read a prompt: `limits` says
    it. They do not differ in vocabulary: whatever an `Ask` may hold is done, or named in the clip's `not_rendered`
    or `warnings`.
    """

    @property
    def model(self) -> str:
        """Its name and a short digest of its weights, `name@digest`."""
        ...

    @property
    def limits(self) -> EngineLimits: ...

    def generate(self, ask: Ask, on_progress: Callable[[float], None], /) -> Clip:
        """The clip asked for, whole: never a part of it. Raises AskError for an ask that no clip can be made of.

        The same ask gives the same clip on the same machine. `on_progress` hears shares that rise to 1.
        """
        ...


class EngineError(RuntimeError):
    """A clip that could not be made although the ask was good, for instance for want of memory; nothing of it remains.

    The message goes to the caller: it holds sizes and numbers, never a prompt.
    """
