"""The models one may ask for: ours, and the names of the service that ended, which stand for ours.

All of them are made by the one engine that this home runs; what it can make is told with each.
"""

from fastapi import APIRouter, Request
from pydantic import BaseModel
from volary.errors import Absent
from volary.generation import MODELS, STYLES

from events.engines import LIMITS, EngineLimits
from functions.api.authentication import CurrentViewer
from functions.api.once import Once

router = APIRouter(tags=["Models"], route_class=Once)
CREATED = 1_795_305_600  # 22 November 2026, when the first of them was trained


class ModelResource(BaseModel):
    id: str
    object: str = "model"
    created: int = CREATED
    owned_by: str = "volary"
    engine: str
    limits: EngineLimits


class ModelList(BaseModel):
    object: str = "list"
    data: list[ModelResource]


class Style(BaseModel):
    id: str
    object: str = "style"


class StyleList(BaseModel):
    object: str = "list"
    data: list[Style]


@router.get("/models", operation_id="list_models")
async def list_models(viewer: CurrentViewer, request: Request) -> ModelList:
    return ModelList(data=[_resource(name, request) for name in MODELS])


@router.get("/models/{model_id}", operation_id="retrieve_model")
async def retrieve(model_id: str, viewer: CurrentViewer, request: Request) -> ModelResource:
    if model_id not in MODELS:
        raise Absent(f"there is no model {model_id!r}; there are {', '.join(MODELS)}", code="model_not_found")
    return _resource(model_id, request)


@router.get("/styles", operation_id="list_styles")
async def styles() -> StyleList:
    """What `style` may be when a clip is asked for; open to everybody."""
    return StyleList(data=[Style(id=name) for name in STYLES])


def _resource(name: str, request: Request) -> ModelResource:
    engine = request.app.state.limits.engine
    return ModelResource(id=name, engine=engine, limits=LIMITS[engine])
