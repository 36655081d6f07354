"""What anybody may ask of a receipt, who follows whom, and the moderators' queue of captures."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import RedirectResponse
from volary import receipts
from volary.ports import Range
from volary.stores.accounts import Accounts
from volary.stores.feeds import Feeds
from volary.stores.follows import Follows
from volary.stores.likenesses import Likenesses, position

from events.likeness import CaptureFinding
from functions.api.authentication import CurrentServices, CurrentViewer
from functions.api.calls import After, Limit
from functions.api.once import Once
from functions.likenesses import enrol

router = APIRouter(tags=["Likenesses"], route_class=Once)


class KeySet(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, str]]


class ReceiptStatus(BaseModel):
    """Whether what a receipt says still holds; it names nobody."""

    id: str
    object: Literal["receipt.status"] = "receipt.status"
    standing: Literal["stands", "changed", "expired", "withdrawn", "erased"]
    consent_version: int


class Following(BaseModel):
    handle: str
    following: bool
    mutual: bool


class CaptureCase(BaseModel):
    """A capture that a check could not decide; it has the id of its likeness."""

    id: str
    object: Literal["capture.case"] = "capture.case"
    created_at: int
    owner_id: str
    digits: str
    groups: list[int]
    turns: list[str]
    findings: list[CaptureFinding]


class CaptureCaseList(BaseModel):
    object: Literal["list"] = "list"
    data: list[CaptureCase]
    has_more: bool


@router.get("/receipts/keys", operation_id="list_receipt_keys")
async def keys(services: CurrentServices) -> KeySet:
    """The public keys that receipts verify with, offline; no account is needed."""
    return KeySet(**receipts.key_set(services))


@router.get("/receipts/{receipt_id}", operation_id="retrieve_receipt_status")
async def status(receipt_id: str, services: CurrentServices) -> ReceiptStatus:
    """The live status that receipts and manifests point to; no account is needed."""
    consent, version = Likenesses(services.items).by_receipt(receipt_id)
    now = int(services.clock.now().timestamp())
    standing: Literal["stands", "changed", "expired", "withdrawn", "erased"] = "stands"
    if consent.state != "active":
        standing = consent.state
    elif version < consent.void_before:
        standing = "withdrawn"
    elif consent.has_expired(now):
        standing = "expired"
    elif version < consent.version:
        standing = "changed"
    return ReceiptStatus(id=receipt_id, standing=standing, consent_version=version)


@router.post("/users/{handle}/follow", operation_id="follow_user")
async def follow(handle: str, viewer: CurrentViewer, services: CurrentServices) -> Following:
    return _following(handle, True, viewer.user_id or "", services)


@router.delete("/users/{handle}/follow", operation_id="unfollow_user")
async def unfollow(handle: str, viewer: CurrentViewer, services: CurrentServices) -> Following:
    return _following(handle, False, viewer.user_id or "", services)


@router.get("/moderation/captures", operation_id="list_captures")
async def captures(
    viewer: CurrentViewer, services: CurrentServices, limit: Limit = 20, after: After = None
) -> CaptureCaseList:
    """Captures that wait for a person, oldest first; a moderator's own are left out."""
    enrol.demand_moderator(viewer)
    store = Likenesses(services.items)
    start = position(store.get(after)) if after else None
    found = store.waiting(Range(after=start, limit=limit + 1))
    shown = [_case(each.id, services) for each in found[:limit] if each.owner_id != viewer.user_id]
    return CaptureCaseList(data=shown, has_more=len(found) > limit)


@router.get(
    "/moderation/captures/{likeness_id}/content",
    operation_id="view_capture",
    status_code=302,
    response_class=RedirectResponse,
)
async def content(likeness_id: str, viewer: CurrentViewer, services: CurrentServices) -> RedirectResponse:
    """A link of five minutes to the capture; every one is an entry in the audit book."""
    link = enrol.capture_link(likeness_id, viewer, services)
    return RedirectResponse(link, 302, {"cache-control": "no-store"})


@router.post("/moderation/captures/{likeness_id}/accept", operation_id="accept_capture")
async def accept(likeness_id: str, viewer: CurrentViewer, services: CurrentServices) -> CaptureCase:
    enrol.review(likeness_id, True, viewer, services)
    return _case(likeness_id, services)


@router.post("/moderation/captures/{likeness_id}/refuse", operation_id="refuse_capture")
async def refuse(likeness_id: str, viewer: CurrentViewer, services: CurrentServices) -> CaptureCase:
    enrol.review(likeness_id, False, viewer, services)
    return _case(likeness_id, services)


def _following(handle: str, wanted: bool, user_id: str, services: CurrentServices) -> Following:
    store, other = Follows(services.items), Accounts(services.items).by_handle(handle).user_id
    (store.add if wanted else store.remove)(user_id, other)
    Feeds(services.items).note_following(user_id, other, wanted)
    return Following(handle=handle, following=wanted, mutual=store.are_mutual(user_id, other))


def _case(likeness_id: str, services: CurrentServices) -> CaptureCase:
    record = Likenesses(services.items).get(likeness_id)
    return CaptureCase(
        id=record.id,
        created_at=record.created_at,
        owner_id=record.owner_id,
        digits=record.challenge.digits,
        groups=list(record.challenge.groups),
        turns=list(record.challenge.turns),
        findings=list(record.findings),
    )
