"""The moderators' queue of held clips, and the SDK's `moderations` call over the very screening that prompts get."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, BeforeValidator, Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from volary.accounts import Viewer
from volary.errors import ModelFault
from volary.moderation import decide as judged
from volary.moderation import is_complete, shipped_policy
from volary.ports import Range, Services
from volary.stores.videos import Screening, Videos, position
from volary.videos import Rendition, Stage, Video

from events.inference import PromptScreened, ScreenPrompt
from events.moderation import Category
from functions.api.asks import Body
from functions.api.authentication import CurrentServices, CurrentViewer
from functions.api.calls import After, Limit, posted, takes
from functions.api.once import Once
from functions.review import queue as reviews
from functions.review.decide import Review, decide

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


class Finding(BaseModel):
    """What one screening saw, in words and scores, and how it was decided."""

    what: str
    verdict: Literal["pass", "hold", "block"]
    category: str | None
    reasons: list[str]
    scores: dict[str, float]
    transcript: str
    policy_version: str


class Case(BaseModel):
    """A held clip, as a moderator sees it; it has the id of its video."""

    id: str
    object: Literal["moderation.case"] = "moderation.case"
    created_at: int
    owner_id: str
    prompt: str
    stage: Stage
    gate: Literal["pass", "hold", "block"] | None
    findings: list[Finding]


class CaseList(BaseModel):
    object: Literal["list"] = "list"
    data: list[Case]
    first_id: str | None
    last_id: str | None
    has_more: bool


class DecideCase(Body):
    note: str = Field(default="", max_length=500, description="Why, for the audit book")


@router.get("/moderation/queue", operation_id="list_moderation_queue")
async def queue(viewer: CurrentViewer, services: CurrentServices, limit: Limit = 20, after: After = None) -> CaseList:
    """Held clips, oldest first; a moderator's own are left out."""
    reviews.demand_moderator(viewer)
    start = position(Videos(services.items).get(after)) if after else None
    found = reviews.queue(viewer, services, Range(after=start, limit=limit + 1))
    cases = [_case(each.video, each.screenings) for each in found[:limit]]
    return CaseList(
        data=cases,
        first_id=cases[0].id if cases else None,
        last_id=cases[-1].id if cases else None,
        has_more=len(found) > limit,
    )


@router.get(
    "/moderation/cases/{case_id}/content",
    operation_id="view_case",
    status_code=302,
    response_class=RedirectResponse,
)
async def content(
    case_id: str,
    viewer: CurrentViewer,
    services: CurrentServices,
    variant: Annotated[Rendition, Query()] = "video",
) -> RedirectResponse:
    """A link of five minutes to the unsigned clip; every one is an entry in the audit book."""
    return RedirectResponse(reviews.link(case_id, variant, viewer, services), 302, {"cache-control": "no-store"})


@router.post("/moderation/cases/{case_id}/release", operation_id="release_case", openapi_extra=takes(DecideCase))
async def release(
    case_id: str,
    body: Annotated[DecideCase, Depends(posted(DecideCase))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> Case:
    return _decided(case_id, "release", body.note, (viewer, services))


@router.post("/moderation/cases/{case_id}/reject", operation_id="reject_case", openapi_extra=takes(DecideCase))
async def reject(
    case_id: str,
    body: Annotated[DecideCase, Depends(posted(DecideCase))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> Case:
    return _decided(case_id, "reject", body.note, (viewer, services))


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


def _decided(case_id: str, review: Review, note: str, asked: tuple[Viewer, Services]) -> Case:
    viewer, services = asked
    video = decide(case_id, review, note, viewer, services)
    return _case(video, tuple(Videos(services.items).screenings(video.id)))


def _case(video: Video, screenings: tuple[Screening, ...]) -> Case:
    known = video.model_dump(include={"id", "created_at", "owner_id", "prompt", "stage", "gate"})
    return Case(**known, findings=[_finding(each) for each in screenings])


def _finding(screening: Screening) -> Finding:
    known = screening.model_dump(include={"what", "verdict", "category", "transcript", "policy_version"})
    scores = {f"{signal.stage}.{signal.category}": signal.score for signal in screening.signals}
    return Finding(**known, reasons=list(screening.reasons), scores=scores)
