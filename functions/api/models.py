"""The models one may ask for: ours, and the names of the service that ended, which stand for ours."""

from fastapi import APIRouter
from pydantic import BaseModel
from volary.errors import Absent
from volary.generation import MODELS, STYLES

from functions.api.authentication import CurrentViewer
from functions.api.once import Once

router = APIRouter(tags=["Models"], route_class=Once)
CREATED = 1_795_305_600  # 22 November 2026, when the first of them was trained


class ModelResource(BaseModel):
    id: str
    object: str = "model"
    created: int = CREATED
    owned_by: str = "volary"


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
async def list_models(viewer: CurrentViewer) -> ModelList:
    return ModelList(data=[ModelResource(id=name) for name in MODELS])


@router.get("/models/{model_id}", operation_id="retrieve_model")
async def retrieve(model_id: str, viewer: CurrentViewer) -> ModelResource:
    if model_id not in MODELS:
        raise Absent(f"there is no model {model_id!r}; there are {', '.join(MODELS)}", code="model_not_found")
    return ModelResource(id=model_id)


@router.get("/styles", operation_id="list_styles")
async def styles() -> StyleList:
    """What `style` may be when a clip is asked for; open to everybody."""
    return StyleList(data=[Style(id=name) for name in STYLES])
