"""Likenesses: enrolling, saying who may use one for what, taking it back, and seeing everything that shows one."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from volary import vault
from volary.consent import Plan, judged
from volary.errors import Absent, Conflict
from volary.generation import checked_style
from volary.likeness import MOST_NAMED, Audience, Grant, Scope
from volary.ports import Range, Services
from volary.remix import parent_for, prompts_above
from volary.stores.accounts import Accounts
from volary.stores.likenesses import Likenesses, impact_place, position
from volary.stores.videos import Videos

from events.likeness import Custody, Purpose
from functions.api.asks import Body
from functions.api.authentication import CurrentAccount, CurrentServices, CurrentViewer
from functions.api.calls import After, Limit, posted, takes
from functions.api.consents import (
    Checked,
    DeletedLikeness,
    ImpactList,
    ImpactOn,
    KeyRequestList,
    LikenessList,
    LikenessResource,
    NewLikeness,
    ReceiptList,
    UseList,
    checked,
    impact_of,
    key_request,
    likeness_resource,
    new_likeness,
    receipt_list,
    use_of,
)
from functions.api.once import Once
from functions.api.resources import DeletedVideo
from functions.likenesses import enrol, grant, withdraw
from functions.likenesses.waiting import waiting

router = APIRouter(prefix="/likenesses", tags=["Likenesses"], route_class=Once)
Names = tuple[Annotated[str, Field(max_length=200)], ...]


class CreateLikeness(Body):
    """Who holds the key to the capture: with `device`, the default, the person's device must release its half for each
    clip, and `device_key` is its base64 X25519 public key; with `server` nobody is asked, and whoever takes over the
    server can open the capture. With `renew` the capture takes the place of the likeness that the person has: face and
    voice must match its capture, and once this one is accepted that one is erased.
    """

    language: Literal["en", "fr"] = "en"
    custody: Custody = "device"
    device_key: str | None = Field(default=None, max_length=200)
    content_type: str = Field(default="video/mp4", max_length=50)
    renew: bool = False


class ConfirmCapture(Body):
    """The consent text that the person read and agreed to, named by its version and the SHA-256 of its words."""

    text_version: str = Field(max_length=50)
    text_sha256: str = Field(max_length=64)
    confirmed: Literal[True]


class ChangeGrant(Body):
    """What is named replaces what stood; people are named by @handle or by id."""

    audience: Audience | None = None
    allow: Names | None = Field(default=None, max_length=MOST_NAMED)
    deny: Names | None = Field(default=None, max_length=MOST_NAMED)
    restrictions: tuple[Annotated[str, Field(max_length=300)], ...] | None = Field(default=None, max_length=20)
    purposes: tuple[Purpose, ...] | None = None
    expires_at: int | None = Field(default=None, ge=0)
    never_expires: bool = False


class CheckUse(Body):
    prompt: str = Field(default="", max_length=32_000)
    purpose: Purpose = "personal"
    style: str | None = Field(default=None, max_length=50)
    remix_of: str | None = Field(default=None, max_length=200)


class Revoke(Body):
    """`value` is a person (@handle or id), a video's id, a purpose, or a moment in epoch seconds, by `scope`."""

    scope: Scope = "all"
    value: str = Field(default="", max_length=200)


class ReleaseKey(Body):
    """The device's half of the key, opened on the device, for one clip."""

    video_id: str = Field(max_length=200)
    key: str = Field(max_length=200)


@router.post("", operation_id="create_likeness", openapi_extra=takes(CreateLikeness))
async def create(
    body: Annotated[CreateLikeness, Depends(posted(CreateLikeness))], account: CurrentAccount, services: CurrentServices
) -> NewLikeness:
    """A challenge that works once and for sixty seconds, and the form that takes the capture."""
    wanted = enrol.Wanted(body.language, body.custody, body.device_key, body.content_type, body.renew)
    record, form = enrol.begin(wanted, account, services)
    return new_likeness(record, form)


@router.post("/{likeness_id}/capture", operation_id="confirm_capture", openapi_extra=takes(ConfirmCapture))
async def confirm(
    likeness_id: str,
    body: Annotated[ConfirmCapture, Depends(posted(ConfirmCapture))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> LikenessResource:
    record = enrol.confirm(likeness_id, (body.text_version, body.text_sha256), viewer, services)
    return likeness_resource(record, None, services)


@router.get("", operation_id="list_likenesses")
async def list_own(
    viewer: CurrentViewer, services: CurrentServices, limit: Limit = 20, after: After = None
) -> LikenessList:
    store = Likenesses(services.items)
    start = position(store.owned(after, viewer.user_id)) if after else None
    found = store.of_owner(viewer.user_id or "", Range(after=start, limit=limit + 1, newest_first=True))
    shown = [likeness_resource(each, store.consent(each.id), services) for each in found[:limit]]
    return LikenessList.of(shown, len(found) > limit)


@router.get("/{likeness_id}", operation_id="retrieve_likeness")
async def retrieve(likeness_id: str, viewer: CurrentViewer, services: CurrentServices) -> LikenessResource:
    store = Likenesses(services.items)
    record = store.owned(likeness_id, viewer.user_id)
    shown = likeness_resource(record, store.consent(likeness_id), services)
    box = vault.device_box(likeness_id, services) if record.state == "active" else None
    return shown.model_copy(update={"device_box": box})


@router.patch("/{likeness_id}", operation_id="update_likeness")
async def update(
    likeness_id: str, body: ChangeGrant, viewer: CurrentViewer, services: CurrentServices
) -> LikenessResource:
    """What others may do from now on. What they made stays, until it is revoked."""
    before = grant.consent_of(likeness_id, viewer, services).grant
    after = grant.change(likeness_id, _granted(before, body, services), viewer, services)
    return likeness_resource(Likenesses(services.items).get(likeness_id), after, services)


@router.delete("/{likeness_id}", operation_id="erase_likeness")
async def erase(likeness_id: str, viewer: CurrentViewer, services: CurrentServices) -> DeletedLikeness:
    """Everything is withdrawn at once; the key that opens capture and templates is destroyed, with a receipt."""
    grant.erase(likeness_id, viewer, services)
    return DeletedLikeness(id=likeness_id)


@router.post("/{likeness_id}/check", operation_id="check_likeness", openapi_extra=takes(CheckUse))
async def check(
    likeness_id: str,
    body: Annotated[CheckUse, Depends(posted(CheckUse))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> Checked:
    """Whether you may use this likeness (an id or an @handle) for this prompt, and which rule says no."""
    found = _resolved(likeness_id, services)
    parent = parent_for(body.remix_of, viewer, services, "remix_of") if body.remix_of else None
    above = (*prompts_above(parent, Videos(services.items)), parent.prompt) if parent else ()
    style = checked_style(body.style)
    plan = Plan(viewer.user_id or "", body.purpose, body.prompt, parent=parent, above=above, style=style)
    return checked(likeness_id, judged(found or likeness_id, plan, services))


@router.post("/{likeness_id}/revoke", operation_id="revoke_likeness", openapi_extra=takes(Revoke))
async def revoke(
    likeness_id: str,
    body: Annotated[Revoke, Depends(posted(Revoke))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> LikenessResource:
    """Take consent back: wholly, for one person, clip or purpose, or from a moment on. It holds from this answer."""
    value = _person(body.value, services) if body.scope == "person" else body.value
    after = withdraw.withdraw(likeness_id, body.scope, value, viewer, services)
    return likeness_resource(Likenesses(services.items).get(likeness_id), after, services)


@router.post("/{likeness_id}/grant", operation_id="grant_likeness", openapi_extra=takes(ConfirmCapture))
async def grant_again(
    likeness_id: str,
    body: Annotated[ConfirmCapture, Depends(posted(ConfirmCapture))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> LikenessResource:
    """Consent anew after everything was revoked, for yourself at first. Nothing that was taken down comes back."""
    after = grant.grant_again(likeness_id, (body.text_version, body.text_sha256), viewer, services)
    return likeness_resource(Likenesses(services.items).get(likeness_id), after, services)


@router.post("/{likeness_id}/releases", operation_id="release_likeness_key", openapi_extra=takes(ReleaseKey))
async def release(
    likeness_id: str,
    body: Annotated[ReleaseKey, Depends(posted(ReleaseKey))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> LikenessResource:
    """Let one clip be made: without this no job with a likeness whose key lies on a device can start."""
    store = Likenesses(services.items)
    record = store.owned(likeness_id, viewer.user_id)
    video = withdraw.shown_in(body.video_id, likeness_id, services)
    if not video.may_be_lent_to:
        message = f"the video {video.id} is {video.status} at stage {video.stage}: nothing is drawn for it any more"
        raise Conflict(message, code="video_not_waiting", param="video_id")
    vault.release(likeness_id, body.video_id, body.key, services)
    return likeness_resource(record, store.consent(likeness_id), services)


@router.get("/{likeness_id}/requests", operation_id="list_likeness_requests")
async def requests(
    likeness_id: str, viewer: CurrentViewer, services: CurrentServices, limit: Limit = 20, after: After = None
) -> KeyRequestList:
    """Clips that wait for your device: who asks, and for what. Release each with `POST …/releases`, or let it wait in
    vain; go on with `after=next`.
    """
    Likenesses(services.items).owned(likeness_id, viewer.user_id)
    found, place = waiting(likeness_id, Range(after=after, limit=limit, newest_first=True), services)
    shown = [key_request(video, _maker(video.owner_id, services), viewer) for video in found]
    return KeyRequestList(data=shown, has_more=place is not None, next=place)


@router.get("/{likeness_id}/uses", operation_id="list_likeness_uses")
async def uses(
    likeness_id: str, viewer: CurrentViewer, services: CurrentServices, limit: Limit = 20, after: After = None
) -> UseList:
    """Every clip that shows you, drafts of others too; go on with `after=next`."""
    store = Likenesses(services.items)
    store.owned(likeness_id, viewer.user_id)
    found = store.uses(likeness_id, Range(after=after, limit=limit + 1))
    shown = [use_of(use, viewer, services) for _, use in found[:limit]]
    return UseList(data=shown, has_more=len(found) > limit, next=found[:limit][-1][0] if found[:limit] else None)


@router.delete("/{likeness_id}/uses/{video_id}", operation_id="delete_likeness_use")
async def delete_use(likeness_id: str, video_id: str, viewer: CurrentViewer, services: CurrentServices) -> DeletedVideo:
    """Delete a clip that shows you, whoever made it; what was made from it is taken down, too."""
    return DeletedVideo(id=withdraw.take_down(likeness_id, video_id, viewer, services).id)


@router.get("/{likeness_id}/impact", operation_id="list_likeness_impact")
async def impact(
    likeness_id: str,
    viewer: CurrentViewer,
    services: CurrentServices,
    limit: Annotated[int, Query(ge=0, le=1000)] = 100,
    after: After = None,
) -> ImpactList:
    """What your withdrawals took down, each clip with its time, and how far each withdrawal is carried out."""
    store = Likenesses(services.items)
    store.owned(likeness_id, viewer.user_id)
    found = store.impacts(likeness_id, Range(after=after, limit=limit + 1))
    shown = found[:limit]
    return ImpactList(
        withdrawals=[impact_of(each) for each in store.cascades(likeness_id)],
        data=[ImpactOn(**each.model_dump()) for each in shown],
        has_more=len(found) > limit,
        next=impact_place(shown[-1]) if shown else None,
    )


@router.get("/{likeness_id}/receipts", operation_id="list_likeness_receipts")
async def receipts(likeness_id: str, viewer: CurrentViewer, services: CurrentServices) -> ReceiptList:
    """Signed receipts, newest first; each verifies offline with `GET /v1/receipts/keys`."""
    store = Likenesses(services.items)
    store.owned(likeness_id, viewer.user_id)
    return receipt_list(store.receipts(likeness_id))


def _granted(before: Grant, body: ChangeGrant, services: Services) -> Grant:
    fresh = {
        name: value for name in ("audience", "restrictions", "purposes") if (value := getattr(body, name)) is not None
    }
    for name in ("allow", "deny"):
        if (named := getattr(body, name)) is not None:
            fresh[name] = tuple(dict.fromkeys(_person(each, services) for each in named))
    if body.expires_at is not None or body.never_expires:
        fresh["expires_at"] = body.expires_at
    return before.model_copy(update=fresh)


def _person(name: str, services: Services) -> str:
    """A user's id for an @handle or an id; raises Absent for nobody."""
    accounts = Accounts(services.items)
    return (accounts.by_handle(name[1:]) if name.startswith("@") else accounts.get(name)).user_id


def _maker(user_id: str, services: Services) -> str:
    """Their handle; their id where the account is no more."""
    try:
        return Accounts(services.items).get(user_id).handle
    except Absent:
        return user_id


def _resolved(name: str, services: Services) -> str | None:
    store = Likenesses(services.items)
    if name.startswith("@"):
        try:
            return store.named(Accounts(services.items).by_handle(name[1:].lower()).user_id)
        except Absent:
            return None
    return name if store.consent(name) else None
