"""What people outside the console do: takedown notices without an account, reports, one's own notices, appeals."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, Field
from volary.errors import Absent
from volary.review.clocks import Ground
from volary.review.handbook import Language
from volary.review.notices import Notice, Takedown
from volary.stores.likenesses import standing_of
from volary.stores.reviews import Reviews
from volary.stores.videos import Videos
from volary.videos import may_serve

from functions.api.asks import Body
from functions.api.authentication import CurrentParty, CurrentServices, CurrentViewer
from functions.api.bodies import read, validated
from functions.api.calls import posted, takes
from functions.api.once import Once, OnceForSuspended
from functions.review.appeals import appeal
from functions.review.takedown import receive, report

router = APIRouter(tags=["Moderation"], route_class=Once)
# What a suspended person may still do: read what was decided about them, and appeal.
parties = APIRouter(route_class=OnceForSuspended)
# Nobody is signed in here, so there is nobody whose repeated request could be told from another one.
public = APIRouter(tags=["Moderation"])


class GiveNotice(Takedown):
    """A notice under the TAKE IT DOWN Act, DSA Art. 16, or the like."""


class ReportPost(Body):
    ground: Ground = "other"
    text: str = Field(default="", max_length=2_000)


class AppealDecision(Body):
    notice_id: str = Field(max_length=200)
    text: str = Field(max_length=5_000)


class Received(BaseModel):
    """A notice or a report, by when it will be decided, and what became of it."""

    id: str
    object: Literal["notice"] = "notice"
    status: Literal["received", "decided"]
    law: str
    created_at: int
    due_at: int
    outcome: Literal["removed", "kept"] | None = None


class Told(BaseModel):
    """What an author was told of a decision, in their language."""

    id: str
    object: Literal["moderation.notice"] = "moderation.notice"
    created_at: int
    video_id: str
    action: str
    text: str
    language: Language
    transparency_id: str
    statement_id: str | None
    appeal_until: int | None
    appeal_id: str | None


class ToldList(BaseModel):
    object: Literal["list"] = "list"
    data: list[Told]


async def _notice(request: Request) -> GiveNotice:
    return validated(GiveNotice, await read(request, request.app.state.limits))


@public.post("/notices", operation_id="give_notice", openapi_extra=takes(GiveNotice))
async def give(body: Annotated[GiveNotice, Depends(_notice)], services: CurrentServices) -> Received:
    """No account is needed. The clip, its identical copies and its remixes are hidden within the law's clock."""
    return _received(receive(body, services).id, services)


@public.get("/notices/{notice_id}", operation_id="retrieve_notice")
async def follow(notice_id: str, services: CurrentServices) -> Received:
    """What became of a notice; its id is known to its sender alone."""
    return _received(notice_id, services)


@router.post("/posts/{post_id}/report", operation_id="report_post", openapi_extra=takes(ReportPost))
async def report_post(
    post_id: str,
    body: Annotated[ReportPost, Depends(posted(ReportPost))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> Received:
    video = Videos(services.items).get(post_id)
    if video.posted_at is None or not may_serve(video, viewer, standing_of([video], services)):
        raise Absent(f"there is no post {post_id}")
    return _received(report(video, body.ground, body.text, viewer, services).id, services)


@parties.get("/moderation/notices", operation_id="list_moderation_notices")
async def told(
    viewer: CurrentParty, services: CurrentServices, accept_language: Annotated[str | None, Header()] = None
) -> ToldList:
    """What was decided about the caller's clips, newest first."""
    found = Reviews(services.items).notices(viewer.user_id or "")
    return ToldList(data=[_told(each, _asked(accept_language) or each.language) for each in found])


@parties.get("/moderation/statements/{statement_id}", operation_id="retrieve_statement_of_reasons")
async def statement(statement_id: str, viewer: CurrentParty, services: CurrentServices) -> dict[str, Any]:
    """A statement of reasons as data, for whom it concerns and for moderators; it holds no personal data."""
    store = Reviews(services.items)
    is_theirs = any(each.statement_id == statement_id for each in store.notices(viewer.user_id or ""))
    if not is_theirs and not viewer.is_moderator():
        raise Absent(f"there is no statement of reasons {statement_id}")
    return store.statement(statement_id)


@parties.post("/moderation/appeals", operation_id="appeal_decision", openapi_extra=takes(AppealDecision))
async def appeal_decision(
    body: Annotated[AppealDecision, Depends(posted(AppealDecision))], viewer: CurrentParty, services: CurrentServices
) -> Received:
    """Somebody decides it who had no part in the decision."""
    return _received(appeal(body.notice_id, body.text, viewer, services).id, services)


router.include_router(parties)


def _received(case_id: str, services: CurrentServices) -> Received:
    case = Reviews(services.items).find(case_id)
    if case is None or case.kind not in ("notice", "report", "appeal"):
        raise Absent(f"there is no notice {case_id}")
    is_decided = case.status == "done" and case.decision is not None
    removed = is_decided and case.decision is not None and case.decision.action in ("remove", "erase", "suspend")
    outcome: Literal["removed", "kept"] | None = ("removed" if removed else "kept") if is_decided else None
    return Received(
        id=case.id,
        status="decided" if is_decided else "received",
        law=case.law,
        created_at=case.opened_at,
        due_at=case.due_at,
        outcome=outcome if case.kind != "appeal" else None,
    )


def _told(notice: Notice, language: Language) -> Told:
    return Told(
        **notice.model_dump(include={"id", "action", "appeal_until", "appeal_id"}),
        created_at=notice.at,
        video_id=notice.subject,
        text=notice.texts[language],
        language=language,
        transparency_id=notice.act_id,
        statement_id=notice.statement_id or None,
    )


def _asked(header: str | None) -> Language | None:
    """The first of our languages that a client names."""
    for part in (header or "").split(","):
        name = part.partition(";")[0].strip().lower()[:2]
        if name == "fr":
            return "fr"
        if name == "en":
            return "en"
    return None
