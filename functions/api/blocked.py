"""The list of people who are refused by name: reviewers read it, admins keep it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from volary.accounts import Role, Viewer
from volary.blocked import LONGEST_NAME, MOST_NAMES, BlockedPerson, Kind
from volary.errors import Conflict, Forbidden
from volary.stores.blocked import Blocked
from volary.vault_index import blocked_entries

from functions.api.asks import Body
from functions.api.authentication import CurrentServices, CurrentViewer
from functions.api.calls import posted, takes
from functions.api.once import Once
from functions.review.door import demand_moderator

router = APIRouter(prefix="/moderation/blocked_people", tags=["Moderation"], route_class=Once)
Names = tuple[Annotated[str, Field(max_length=LONGEST_NAME)], ...]


class BlockPerson(Body):
    """Every name the person is known by; with `likeness_id` they may be asked for through that likeness."""

    names: Names = Field(min_length=1, max_length=MOST_NAMES)
    kind: Kind
    likeness_id: str | None = Field(default=None, max_length=200)


class BlockedResource(BaseModel):
    id: str
    object: Literal["blocked_person"] = "blocked_person"
    names: tuple[str, ...]
    kind: Kind
    likeness_id: str | None
    at: int


class BlockedList(BaseModel):
    object: Literal["list"] = "list"
    data: list[BlockedResource]


class UnblockedPerson(BaseModel):
    id: str
    object: Literal["blocked_person.deleted"] = "blocked_person.deleted"
    deleted: Literal[True] = True


@router.get("", operation_id="list_blocked_people")
async def listed(viewer: CurrentViewer, services: CurrentServices) -> BlockedList:
    demand_moderator(viewer)
    return BlockedList(data=[resource(each) for each in Blocked(services.items).people()])


@router.post("", operation_id="block_person", openapi_extra=takes(BlockPerson))
async def block(
    body: Annotated[BlockPerson, Depends(posted(BlockPerson))], viewer: CurrentViewer, services: CurrentServices
) -> BlockedResource:
    """From now on no clip is accepted whose prompt names them, however the name is spelt or spaced."""
    actor = demand_admin(viewer)
    at = int(services.clock.now().timestamp())
    person = BlockedPerson(id=services.ids.new("block"), **body.model_dump(), added_by=actor, at=at)
    return resource(Blocked(services.items).add(person))


@router.delete("/{block_id}", operation_id="unblock_person")
async def unblock(block_id: str, viewer: CurrentViewer, services: CurrentServices) -> UnblockedPerson:
    actor = demand_admin(viewer)
    if block_id in blocked_entries(services):  # whose key only the machine's owner may destroy
        message = f"{block_id} is matched by face or voice too: `volary block remove` takes them off the list"
        raise Conflict(message, code="person_matched")
    Blocked(services.items).remove(block_id, actor, int(services.clock.now().timestamp()))
    return UnblockedPerson(id=block_id)


def demand_admin(viewer: Viewer) -> str:
    """The admin's id."""
    if viewer.role is not Role.ADMIN or viewer.user_id is None:
        raise Forbidden("this needs the role admin", code="admin_only")
    return viewer.user_id


def resource(person: BlockedPerson) -> BlockedResource:
    return BlockedResource(**person.model_dump(exclude={"added_by"}))
