"""The reviewers' queue and cases over HTTP. Which of them may do what is decided in `volary.review.cases`."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse
from volary.accounts import Role, Viewer
from volary.errors import Absent, Forbidden
from volary.ports import Services
from volary.review.cases import Action, Case
from volary.review.handbook import handbook as policy_in_words
from volary.stores.reviews import Reviews, day_of, place
from volary.stores.videos import Screening, Videos
from volary.videos import Rendition, Stage

from events.moderation import Category
from functions.api.asks import Body
from functions.api.authentication import CurrentServices, CurrentViewer
from functions.api.calls import After, Limit, posted, takes
from functions.api.once import Once
from functions.review import cases as reviewing
from functions.review import decide as deciding
from functions.review import detail as detailing
from functions.review.decide import Asked, Outcome
from functions.review.door import demand_moderator
from functions.review.figures import figures
from functions.review.takedown import reported

router = APIRouter(tags=["Moderation"], route_class=Once)
Harm = Annotated[Category | Literal["none"] | None, Query()]


class Seen(BaseModel):
    """One model's score for one harm, and where in the clip: seconds from its start."""

    stage: str
    category: str
    score: float
    model: str
    reason: str
    spans: list[tuple[float, float]]


class Said(BaseModel):
    """What was heard from one second to another."""

    start: float
    end: float
    text: str


class Finding(BaseModel):
    """What one screening saw, in words and scores, and how it was decided."""

    what: str
    verdict: Literal["pass", "hold", "block"]
    category: str | None
    reasons: list[str]
    unseen: list[str] = []
    scores: dict[str, float]
    transcript: str
    lines: list[Said] = []
    policy_version: str
    seen: list[Seen] = []


class ReviewCase(BaseModel):
    """A case in the queue. That of a held clip has the id of its video."""

    id: str
    object: Literal["moderation.case"] = "moderation.case"
    kind: str
    created_at: int
    due_at: int
    law: str
    video_id: str
    owner_id: str
    prompt: str
    stage: Stage | None
    gate: Literal["pass", "hold", "block"] | None
    category: str | None
    severity: int
    confidence: float
    status: str
    claim: Literal["free", "yours", "taken"]
    is_escalated: bool
    needs_second: bool
    findings: list[Finding]


class ReviewCaseList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ReviewCase]
    first_id: str | None
    last_id: str | None
    has_more: bool


class CaseDetail(ReviewCase):
    """Everything for one screen; people are told by pseudonym, authors not at all."""

    seconds: float
    lineage: dict[str, list[dict[str, str]]]
    consent: dict[str, Any]
    author: dict[str, Any]
    notice: dict[str, str] | None
    report: dict[str, Any] | None
    before: str | None
    appeal: str | None
    policy: dict[str, str]
    notes: list[dict[str, Any]]
    history: list[dict[str, Any]]
    actions: list[str]
    for_two: list[str]
    decided: str | None
    effective_at: int | None


class DecideCase(Body):
    note: str = Field(default="", max_length=500, description="Why, for the audit book")


class DecideReview(Body):
    action: Action
    category: Category | None = None
    explanation: str = Field(default="", max_length=2_000, description="What the author is told")


class DecideMany(DecideReview):
    case_ids: tuple[str, ...] = Field(max_length=deciding.MOST_AT_ONCE)
    preview: bool = True


class NoteCase(Body):
    text: str = Field(max_length=2_000)


class TakeNext(Body):
    harm: Category | Literal["none"] | None = None


class Outcomes(BaseModel):
    object: Literal["list"] = "list"
    preview: bool
    data: list[Outcome]


@router.get("/moderation/queue", operation_id="list_moderation_queue")
async def queue(
    viewer: CurrentViewer, services: CurrentServices, limit: Limit = 20, after: After = None, harm: Harm = None
) -> ReviewCaseList:
    """Open cases, the most urgent first; what is about the moderator themself is left out."""
    demand_moderator(viewer)
    start = place(reviewing.case_of(after, viewer, services)) if after else None
    found = reviewing.queue(viewer, services, harm, start, limit + 1)
    cases = [_told(case, viewer, services) for case in found[:limit]]
    ids = [each.id for each in cases]
    return ReviewCaseList(
        data=cases, first_id=ids[0] if ids else None, last_id=ids[-1] if ids else None, has_more=len(found) > limit
    )


@router.post("/moderation/queue/next", operation_id="take_next_case", openapi_extra=takes(TakeNext))
async def take_next(
    body: Annotated[TakeNext, Depends(posted(TakeNext))], viewer: CurrentViewer, services: CurrentServices
) -> ReviewCase:
    """Claim the most urgent case that this reviewer may take and, by their exposure budget, may look at."""
    return _told(reviewing.take_next(viewer, services, body.harm), viewer, services)


@router.get("/moderation/cases/{case_id}", operation_id="retrieve_case")
async def retrieve(case_id: str, viewer: CurrentViewer, services: CurrentServices) -> CaseDetail:
    found = detailing.detail(case_id, viewer, services)
    case, decision = found.case, found.case.decision
    return CaseDetail(
        **_told(case, viewer, services).model_dump(),
        seconds=found.video.made.seconds if found.video and found.video.made else 0.0,
        lineage={
            "ancestors": [each.model_dump() for each in found.ancestors],
            "children": [each.model_dump() for each in found.children],
        },
        consent=detailing.consent(found.video, services),
        report=reported(case, services),
        **found.model_dump(include={"author", "notice", "before", "appeal", "policy", "actions", "for_two"}),
        notes=[each.model_dump() for each in found.notes],
        history=[each.model_dump() for each in found.history],
        decided=decision.action if decision else None,
        effective_at=decision.effective_at if decision else None,
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
    reason: Annotated[str, Query(max_length=100)] = "review",
) -> RedirectResponse:
    """A link of five minutes to the clip; every one is an entry in the audit book, with its reason."""
    found = detailing.link(case_id, variant, reason, viewer, services)
    return RedirectResponse(found, 302, {"cache-control": "no-store"})


@router.get("/moderation/cases/{case_id}/link", operation_id="link_case")
async def link(
    case_id: str,
    viewer: CurrentViewer,
    services: CurrentServices,
    variant: Annotated[Rendition, Query()] = "video",
    reason: Annotated[str, Query(max_length=100)] = "review",
) -> dict[str, str]:
    """As `content`, for players that can send no token of their own."""
    return {"url": detailing.link(case_id, variant, reason, viewer, services)}


@router.post("/moderation/cases/{case_id}/claim", operation_id="claim_case")
async def claim(case_id: str, viewer: CurrentViewer, services: CurrentServices) -> ReviewCase:
    """Yours for fifteen minutes; refused with 429 when a break is due or the shift's exposure is used up."""
    return _told(reviewing.claim(case_id, viewer, services), viewer, services)


@router.post("/moderation/cases/{case_id}/put_back", operation_id="put_back_case")
async def put_back(case_id: str, viewer: CurrentViewer, services: CurrentServices) -> ReviewCase:
    return _told(reviewing.put_back(case_id, viewer, services), viewer, services)


@router.post("/moderation/cases/{case_id}/escalate", operation_id="escalate_case")
async def escalate(case_id: str, viewer: CurrentViewer, services: CurrentServices) -> ReviewCase:
    return _told(reviewing.escalate(case_id, viewer, services), viewer, services)


@router.post("/moderation/cases/{case_id}/second", operation_id="ask_second_reviewer")
async def second(case_id: str, viewer: CurrentViewer, services: CurrentServices) -> ReviewCase:
    """Leave the case to somebody else, who decides without knowing of it."""
    return _told(reviewing.ask_second(case_id, viewer, services), viewer, services)


@router.post("/moderation/cases/{case_id}/notes", operation_id="note_case", openapi_extra=takes(NoteCase))
async def note(
    case_id: str,
    body: Annotated[NoteCase, Depends(posted(NoteCase))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> ReviewCase:
    return _told(reviewing.note(case_id, body.text, viewer, services), viewer, services)


@router.post("/moderation/cases/{case_id}/decide", operation_id="decide_case", openapi_extra=takes(DecideReview))
async def decide(
    case_id: str,
    body: Annotated[DecideReview, Depends(posted(DecideReview))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> ReviewCase:
    """Takes effect after thirty seconds, or once a second reviewer decides alike where two are needed."""
    asked = Asked(**body.model_dump())
    return _told(deciding.decide_case(case_id, asked, viewer, services), viewer, services)


@router.post("/moderation/decisions", operation_id="decide_cases", openapi_extra=takes(DecideMany))
async def decide_many(
    body: Annotated[DecideMany, Depends(posted(DecideMany))], viewer: CurrentViewer, services: CurrentServices
) -> Outcomes:
    """One decision on many claimed cases; with `preview`, as by default, only what would become of each."""
    demand_moderator(viewer)
    asked = Asked(**body.model_dump(include={"action", "category", "explanation"}))
    found = deciding.decide_many(body.case_ids, asked, viewer, services, is_preview=body.preview)
    return Outcomes(preview=body.preview, data=found)


@router.post("/moderation/cases/{case_id}/undo", operation_id="undo_case")
async def undo(case_id: str, viewer: CurrentViewer, services: CurrentServices) -> ReviewCase:
    return _told(deciding.undo(case_id, viewer, services), viewer, services)


@router.post("/moderation/cases/{case_id}/release", operation_id="release_case", openapi_extra=takes(DecideCase))
async def release(
    case_id: str,
    body: Annotated[DecideCase, Depends(posted(DecideCase))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> ReviewCase:
    """Answer a held clip at once."""
    deciding.decide(case_id, "release", body.note, viewer, services)
    return _told(Reviews(services.items).get(case_id), viewer, services)


@router.post("/moderation/cases/{case_id}/reject", operation_id="reject_case", openapi_extra=takes(DecideCase))
async def reject(
    case_id: str,
    body: Annotated[DecideCase, Depends(posted(DecideCase))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> ReviewCase:
    """Answer a held clip at once."""
    deciding.decide(case_id, "reject", body.note, viewer, services)
    return _told(Reviews(services.items).get(case_id), viewer, services)


@router.get("/moderation/figures", operation_id="retrieve_moderation_figures")
async def shown_figures(viewer: CurrentViewer, services: CurrentServices) -> dict[str, Any]:
    """Fourteen days of backlog, age, decisions, overturn rate and agreement, for the dashboards."""
    demand_moderator(viewer)
    return figures(services)


@router.get("/moderation/shift", operation_id="retrieve_shift")
async def shift(viewer: CurrentViewer, services: CurrentServices) -> dict[str, Any]:
    """The caller's pseudonym, and what is left of their exposure budget."""
    demand_moderator(viewer)
    return detailing.shift_of(viewer, services)


@router.get("/moderation/handbook", operation_id="retrieve_handbook")
async def handbook(viewer: CurrentViewer) -> dict[str, dict[str, str]]:
    """The policy in words and the templates for explanations, by category, in English and French."""
    demand_moderator(viewer)
    return policy_in_words()


@router.get("/moderation/audit", operation_id="list_moderation_audit")
async def audit(
    viewer: CurrentViewer,
    services: CurrentServices,
    day: Annotated[str | None, Query(pattern=r"^\d{4}-\d\d-\d\d$")] = None,
) -> dict[str, Any]:
    """What everybody did on a day, newest first, by pseudonym; for seniors."""
    if viewer.role not in (Role.SENIOR, Role.ADMIN):
        raise Forbidden("this needs the role senior", code="senior_only")
    chosen = day or day_of(reviewing.now_of(services))
    entries = Reviews(services.items).audit(chosen, 500)
    data = [
        {"at": each.at, "case": each.subject.removeprefix("case:"), "what": each.action,
         "by": reviewing.pseudonym(each.actor, services)}
        for each in entries
    ]  # fmt: skip
    return {"object": "list", "day": chosen, "data": data}


def _told(case: Case, viewer: Viewer, services: Services) -> ReviewCase:
    now = reviewing.now_of(services)
    try:
        known = Videos(services.items).get(case.subject)
        (video,), screenings = reviewing.as_reviewed([known], services), reviewing.screenings_of(known, services)
    except Absent:
        video, screenings = None, []
    taken = "yours" if case.is_claimed_by(viewer.user_id, now) else "taken" if case.is_claimed(now) else "free"
    return ReviewCase.model_validate(
        {
            **case.model_dump(
                include={"id", "kind", "due_at", "law", "severity", "confidence", "status", "is_escalated"}
            ),
            "category": case.category.value if case.category else None,
            "created_at": case.opened_at,
            "video_id": case.subject,
            "owner_id": case.author_id,
            "prompt": video.prompt if video else "",
            "stage": video.stage if video else None,
            "gate": video.gate if video else None,
            "claim": taken,
            "needs_second": case.proposal is not None,
            "findings": [_finding(each) for each in screenings],
        }
    )


def _finding(screening: Screening) -> Finding:
    known = screening.model_dump(include={"what", "verdict", "category", "transcript", "lines", "policy_version"})
    scores = {f"{signal.stage}.{signal.category}": signal.score for signal in screening.signals}
    seen = [
        Seen(
            **signal.model_dump(include={"stage", "category", "score", "model", "reason"}),
            spans=[(span.start, span.end) for span in signal.spans],
        )
        for signal in screening.signals
    ]
    reasons, unseen = list(screening.reasons), list(screening.unseen)
    return Finding(**known, reasons=reasons, unseen=unseen, scores=scores, seen=seen)
