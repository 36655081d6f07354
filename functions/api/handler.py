"""The API as a Lambda function behind API Gateway."""

from dataclasses import replace
from functools import cache
from typing import Any

from mangum import Mangum
from volary.entrypoint import services
from volary.settings import Settings

from functions.api.app import create_app
from functions.api.limits import CLOUD


@cache
def adapter() -> Mangum:
    """Made on the first request, because services are never made at import."""
    limits = replace(CLOUD, engine=Settings.from_environment().ENGINE)
    return Mangum(create_app(services(), limits), lifespan="off")


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    answer: dict[str, Any] = adapter()(event, context)
    return answer
