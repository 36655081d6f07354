"""Turns a typed use case into a Lambda handler; the only place that sees events, contexts and Powertools."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, get_type_hints

from aws_lambda_powertools import Logger
from pydantic import BaseModel, TypeAdapter

from volary.ports import Services

In = TypeVar("In", bound=BaseModel)
Out = TypeVar("Out", bound=BaseModel)

logger = Logger(service="volary")


@cache
def services() -> Services:
    """The cloud home's services, made on first use and never at import."""
    from volary import aws
    from volary.settings import Settings

    return aws.services(Settings.from_environment())


def entrypoint(use_case: Callable[[In, Services], Out]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Parse the event into the use case's first parameter, call it, and dump what it returns as JSON."""
    takes: TypeAdapter[In] = TypeAdapter(next(iter(get_type_hints(use_case).values())))

    @logger.inject_lambda_context
    def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        result = use_case(takes.validate_python(event), services())
        return result.model_dump(mode="json", by_alias=True)

    return lambda_handler  # type: ignore[no-any-return]
