"""Finds the product's functions by their dotted names and calls them with JSON, as Lambda does in the cloud.

`functions.generation.submit` names the function `submit` of that module.
"""

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any, get_type_hints

from pydantic import BaseModel, TypeAdapter
from volary.embedded.calls import Call, Payload
from volary.errors import Absent
from volary.ports import Services
from volary.stores.likenesses import Likenesses
from volary.stores.videos import Videos

UseCase = Callable[[Any, Services], BaseModel]


def caller(services: Services) -> Call:
    """What workers hand to the embedded home: parse the input, call the function, dump its output."""

    def call(function: str, payload: Payload) -> Payload:
        use_case, takes = _found(function)
        output: dict[str, Any] = use_case(takes.validate_python(payload), services).model_dump(
            mode="json", by_alias=True
        )
        return output

    return call


def beater(services: Services) -> Callable[[str], bool]:
    """Tells the workflow behind a model call that work goes on; False when nobody waits for the call any more.

    Behind the check of a capture is no workflow: its likeness waits.
    """

    def beat(call_id: str) -> bool:
        call = Videos(services.items).call(call_id)
        if call is None:
            return Likenesses(services.items).is_checked_by(call_id)
        try:
            services.workflows.heartbeat(call.token)
        except Absent:
            return False
        return True

    return beat


@cache
def _found(function: str) -> tuple[UseCase, TypeAdapter[Any]]:
    module, name = importlib.import_module(function), function.rpartition(".")[2]
    use_case: UseCase = getattr(module, name)
    takes = next(iter(get_type_hints(use_case).values()))
    return use_case, TypeAdapter(takes)
