"""What a guardian settles for a minor over HTTP; who is whose guardian is the home's to say."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from volary.accounts import Account
from volary.families import is_settled
from volary.ports import Services
from volary.stores.feeds import Feeds, State

from functions.api.asks import Body
from functions.api.authentication import CurrentServices, CurrentViewer
from functions.api.calls import posted, takes
from functions.api.once import Once
from functions.feed import settle

router = APIRouter(prefix="/family", tags=["Families"], route_class=Once)


class SettleFeed(Body):
    personalised: bool


class FamilyFeed(BaseModel):
    """`locked`: it is the guardian who keeps the feed without personalisation, and the minor cannot switch it on."""

    object: Literal["family.feed"] = "family.feed"
    handle: str
    personalised: bool
    locked: bool


@router.get("/{handle}/feed", operation_id="retrieve_family_feed")
async def retrieve(handle: str, viewer: CurrentViewer, services: CurrentServices) -> FamilyFeed:
    ward = settle.ward_of(handle, viewer, services)
    return _told(ward, Feeds(services.items).state(ward.user_id), services)


@router.post("/{handle}/feed", operation_id="settle_family_feed", openapi_extra=takes(SettleFeed))
async def change(
    handle: str,
    body: Annotated[SettleFeed, Depends(posted(SettleFeed))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> FamilyFeed:
    """Switch a minor's personalisation off for good, or let them decide again."""
    ward = settle.ward_of(handle, viewer, services)
    state = settle.settle(ward, viewer.user_id or "", is_personalised=body.personalised, services=services)
    return _told(ward, state, services)


def _told(ward: Account, state: State, services: Services) -> FamilyFeed:
    is_locked = is_settled(state.locked_by, ward, services.clock.now().date())
    return FamilyFeed(handle=ward.handle, personalised=state.parameters.personalised, locked=is_locked)
