"""The SDK's `moderations` call, over the very screening that prompts get; what people decide is in `reviews`."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, BeforeValidator, Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError
from starlette.concurrency import run_in_threadpool
from volary.errors import ModelFault
from volary.moderation import decide as judged
from volary.moderation import is_complete, shipped_policy
from volary.ports import Services

from events.inference import PromptScreened, ScreenPrompt
from events.moderation import Category
from functions.api.asks import Body
from functions.api.authentication import CurrentServices, CurrentViewer
from functions.api.calls import posted, takes
from functions.api.once import Once

router = APIRouter(tags=["Moderation"], route_class=Once)
MOST_INPUTS = 32
LONGEST_INPUT = 32_000

# What the SDK's categories are read from. Those without a source are not told apart by our models: they are always
# false, and `category_applied_input_types` says with an empty list that nothing was applied.
SDK_CATEGORIES: dict[str, Category | None] = {
    "harassment": Category.HARASSMENT,
    "harassment/threatening": None,
    "hate": Category.HATE,
    "hate/threatening": None,
    "illicit": Category.ILLICIT,
    "illicit/violent": Category.WEAPONS,
    "self-harm": Category.SELF_HARM,
    "self-harm/instructions": None,
    "self-harm/intent": None,
    "sexual": Category.SEXUAL,
    "sexual/minors": Category.SEXUAL_MINORS,
    "violence": Category.VIOLENCE,
    "violence/graphic": Category.GORE,
}
OURS = tuple(each for each in Category if each not in SDK_CATEGORIES.values())
CATEGORIES: dict[str, Category | None] = {**SDK_CATEGORIES, **{each.value: each for each in OURS}}


def _texts(value: Any) -> tuple[str, ...]:
    """One text, several, or the SDK's list of parts, of which only texts can be judged here."""
    parts = value if isinstance(value, list) else [value]
    found = [part.get("text") if isinstance(part, dict) and part.get("type") == "text" else part for part in parts]
    texts = [text for text in found if isinstance(text, str) and text]
    if not texts or len(texts) < len(found):
        raise PydanticCustomError("input_type", "Input should be a text or texts; pictures are judged in clips only")
    return tuple(texts)


Texts = Annotated[
    tuple[Annotated[str, Field(max_length=LONGEST_INPUT)], ...],
    BeforeValidator(_texts),
    Field(max_length=MOST_INPUTS),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {}, "maxItems": MOST_INPUTS}]}),
]


class CreateModeration(Body):
    input: Texts
    model: str | None = Field(default=None, max_length=200)


class ModerationResult(BaseModel):
    """`flagged` means that our policy would hold or block a prompt of these words."""

    flagged: bool
    categories: dict[str, bool]
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, list[str]]


class Moderation(BaseModel):
    id: str
    model: str
    results: list[ModerationResult]


@router.post("/moderations", operation_id="create_moderation", openapi_extra=takes(CreateModeration))
async def moderate(
    body: Annotated[CreateModeration, Depends(posted(CreateModeration))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> Moderation:
    screened = [await run_in_threadpool(_screened, text, services) for text in body.input]
    names = sorted({signal.model for each in screened for signal in each.signals})
    return Moderation(
        id=services.ids.new("modr"), model=", ".join(names) or "volary", results=[_result(each) for each in screened]
    )


def _screened(text: str, services: Services) -> PromptScreened:
    answer = services.models.ask(ScreenPrompt(text=text))
    try:
        return PromptScreened.model_validate(answer)
    except ValidationError as error:
        raise ModelFault(f"the text model's answer cannot be read: {error.error_count()} errors") from error


def _result(screened: PromptScreened) -> ModerationResult:
    policy = shipped_policy()
    complete = is_complete(screened.signals, policy, ("prompt",))
    decision = judged(screened.signals, policy, complete=complete)
    scores = {signal.category: signal.score for signal in screened.signals}
    seen = {reason.category for reason in decision.reasons}
    return ModerationResult(
        flagged=decision.action != "pass",
        categories={name: category in seen for name, category in CATEGORIES.items()},
        category_scores={name: scores.get(category, 0.0) if category else 0.0 for name, category in CATEGORIES.items()},
        category_applied_input_types={
            name: ["text"] if category in scores else [] for name, category in CATEGORIES.items()
        },
    )
