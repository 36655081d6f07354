"""What people may know of themselves; it opens no account and issues no token."""

from fastapi import APIRouter
from pydantic import BaseModel
from volary.accounts import Role
from volary.stores.credits import Credits

from functions.api.authentication import CurrentAccount, CurrentServices
from functions.api.once import Once

router = APIRouter(tags=["Accounts"], route_class=Once)


class Me(BaseModel):
    """The person who asks. `credits` is what they may spend today."""

    id: str
    object: str = "account"
    handle: str
    role: Role
    region: str
    created_at: int
    credits: int


@router.get("/me", operation_id="retrieve_me")
async def me(account: CurrentAccount, services: CurrentServices) -> Me:
    at = services.clock.now()
    left = Credits(services.items).available(account.user_id, at.date(), int(at.timestamp()))
    known = account.model_dump(include={"handle", "role", "region", "created_at"})
    return Me(id=account.user_id, credits=left, **known)
