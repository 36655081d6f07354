"""What every router does alike: typed bodies, their OpenAPI, and list paging; it knows no capability."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request, Response
from pydantic import BaseModel

from functions.api.bodies import validated

Model = TypeVar("Model", bound=BaseModel)
Limit = Annotated[int, Query(ge=0, le=100)]
After = Annotated[str | None, Query(max_length=200)]
Order = Annotated[str, Query(pattern="^(asc|desc)$")]


def posted(model: type[Model]) -> Callable[[Request, Response], Coroutine[Any, Any, Model]]:
    """A dependency: the POST's body as `model`, with the names of the fields that were not understood in a header."""

    async def body(request: Request, response: Response) -> Model:
        fields = request.state.fields
        ignored = sorted(set(fields) - set(model.model_fields))
        if ignored:
            response.headers["x-volary-ignored"] = ", ".join(ignored)[:500].encode("ascii", "replace").decode()
        return validated(model, fields)

    return body


def takes(model: type[BaseModel], *, form_only: bool = False) -> dict[str, Any]:
    """OpenAPI for a body that is read by `functions.api.bodies`: JSON or a form, but for files a form only."""
    schema = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
    kinds = ["multipart/form-data"] if form_only else ["application/json", "multipart/form-data"]
    return {"requestBody": {"required": True, "content": {kind: schema for kind in kinds}}}
