"""Paths of the States Language: `$.a.b[0]`, with `[*]` and slices where a path need not name one place.

Recursive descent and filters are refused: no workflow of ours needs them.
"""

import re
from dataclasses import dataclass
from typing import Any

from volary.embedded.workflow.faults import StateFailed, Unrunnable

_STEP = re.compile(
    r"""\.(?P<name>[^\s.\[\]'"*()?@,:]+) | \[(?P<quote>['"])(?P<quoted>(?:(?!(?P=quote)).)+)(?P=quote)\]
      | \[(?P<index>-?\d+)\] | (?P<all>\[\*\]|\.\*) | \[(?P<start>-?\d*):(?P<stop>-?\d*)\]""",
    re.VERBOSE,
)
Step = str | int | slice


@dataclass(frozen=True)
class Path:
    """A parsed path; `root` is "$" for the state's input and "$$" for the context object."""

    text: str
    root: str
    steps: tuple[Step, ...]

    @property
    def is_definite(self) -> bool:
        """Whether it can name one place only (a Reference Path when its root is "$")."""
        return not any(isinstance(step, slice) for step in self.steps)


def parse(text: str) -> Path:
    """Raises Unrunnable for what is no path, or one of a kind that we do not run."""
    if not isinstance(text, str) or not text.startswith("$"):
        raise Unrunnable(f"{text!r} is not a path: paths start with $")
    root = "$$" if text.startswith("$$") else "$"
    steps: list[Step] = []
    place = len(root)
    while place < len(text):
        found = _STEP.match(text, place)
        if found is None:
            raise Unrunnable(f"cannot read the path {text!r} from {text[place:]!r} on")
        steps.append(_step(found))
        place = found.end()
    return Path(text, root, tuple(steps))


def reference(text: str) -> Path:
    """A path that names one place of the state's input, to write to; raises Unrunnable for others."""
    path = parse(text)
    if path.root != "$" or not path.is_definite or any(isinstance(s, int) and s < 0 for s in path.steps):
        raise Unrunnable(f"{text!r} does not name one place of the input")
    return path


def read(path: Path, value: Any) -> Any:
    """The value at `path`, or the list of all values where the path may name several; raises LookupError."""
    found = [value]
    for place, step in enumerate(path.steps):
        after_many = any(isinstance(each, slice) for each in path.steps[:place])
        found = [each for held in found for each in _take(path, step, held, lenient=after_many)]
    return found[0] if path.is_definite else found


def write(path: Path, target: Any, value: Any) -> Any:
    """A copy of `target` with `value` at `path`; raises StateFailed where the place cannot be made."""
    if not path.steps:
        return value
    return _written(path, path.steps, target, value)


def _step(found: re.Match[str]) -> Step:
    if found["name"] is not None:
        return found["name"]
    if found["quoted"] is not None:
        return found["quoted"]
    if found["index"] is not None:
        return int(found["index"])
    if found["all"] is not None:
        return slice(None)
    start, stop = (int(end) if end else None for end in (found["start"], found["stop"]))
    return slice(start, stop)


def _take(path: Path, step: Step, held: Any, *, lenient: bool) -> list[Any]:
    if isinstance(step, slice):
        if isinstance(held, dict) and step == slice(None):
            return list(held.values())
        return held[step] if isinstance(held, list) else []
    if isinstance(step, str) and isinstance(held, dict) and step in held:
        return [held[step]]
    if isinstance(step, int) and isinstance(held, list) and -len(held) <= step < len(held):
        return [held[step]]
    if lenient:
        return []
    raise LookupError(f"{path.text!r} finds nothing")


def _written(path: Path, steps: tuple[Step, ...], target: Any, value: Any) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, str) and isinstance(target, dict):
        return {**target, step: _written(path, rest, target.get(step, {}), value)}
    if isinstance(step, int) and isinstance(target, list) and step < len(target):
        return [*target[:step], _written(path, rest, target[step], value), *target[step + 1 :]]
    raise StateFailed("States.ResultPathMatchFailure", f"{path.text!r} cannot be written in {target!r}")
