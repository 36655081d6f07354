"""Payload templates (Parameters, ResultSelector, ItemSelector) and the input and output paths of a state."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from volary.embedded.workflow import intrinsics, paths
from volary.embedded.workflow.faults import StateFailed, Unrunnable


@dataclass(frozen=True)
class Scope:
    """What paths read: `value` for "$" and the context object for "$$"."""

    value: Any
    context: Mapping[str, Any]

    def read(self, path: paths.Path) -> Any:
        """Raises LookupError."""
        return paths.read(path, self.context if path.root == "$$" else self.value)


def select(text: str | None, scope: Scope) -> Any:
    """InputPath and OutputPath: null selects the empty object; raises StateFailed (States.Runtime)."""
    if text is None:
        return {}
    try:
        return scope.read(paths.parse(text))
    except LookupError as problem:
        raise StateFailed("States.Runtime", str(problem)) from problem


def place(text: str | None, raw: Any, result: Any) -> Any:
    """ResultPath: null drops the result, "$" keeps nothing but the result."""
    return raw if text is None else paths.write(paths.reference(text), raw, result)


def fill(template: Any, scope: Scope) -> Any:
    """The template with every "name.$" replaced; raises StateFailed."""
    if isinstance(template, list):
        return [fill(member, scope) for member in template]
    if not isinstance(template, dict):
        return template
    return {
        name.removesuffix(".$"): _dynamic(value, scope) if name.endswith(".$") else fill(value, scope)
        for name, value in template.items()
    }


def check(template: Any) -> None:
    """Raises Unrunnable where a dynamic field is neither a path nor a call that we know."""
    for _, text in dynamic_fields(template):
        _parsed(text)


def dynamic_fields(template: Any) -> Iterator[tuple[str, Any]]:
    """Every "name.$" of the template with what stands there."""
    if isinstance(template, list):
        for member in template:
            yield from dynamic_fields(member)
    elif isinstance(template, dict):
        for name, value in template.items():
            if name.endswith(".$"):
                yield name, value
            else:
                yield from dynamic_fields(value)


def _parsed(text: Any) -> paths.Path | intrinsics.Call:
    if not isinstance(text, str):
        raise Unrunnable(f"a dynamic field holds a path or a function, not {text!r}")
    return paths.parse(text) if text.startswith("$") else intrinsics.parse(text)


def _dynamic(text: str, scope: Scope) -> Any:
    term = _parsed(text)
    try:
        return scope.read(term) if isinstance(term, paths.Path) else intrinsics.evaluate(term, scope.read)
    except LookupError as problem:
        raise StateFailed("States.ParameterPathFailure", str(problem)) from problem
