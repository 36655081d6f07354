"""Finds out who asks: an access token of the home's issuer, or a personal key; it decides nothing about rights."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated

from fastapi import Depends, Request
from volary.accounts import ANYONE, Account, Viewer, viewer_of
from volary.errors import Absent, Forbidden, Unauthenticated
from volary.ports import Item, Key, Services
from volary.stores.accounts import KEY_PREFIX, Accounts, account_key, account_of

LONGEST_TOKEN = 4096


async def services_of(request: Request) -> Services:
    """The home's services; for a POST, with ids that repeat when the request is run again."""
    services: Services = getattr(request.state, "services", None) or request.app.state.services
    return services


async def account(request: Request) -> Account:
    """The person who asks; raises Unauthenticated without a valid token and Forbidden for a suspended account."""
    known: Account | None = getattr(request.state, "account", None)
    if known is None:
        known = request.state.account = _account(request)
    return known


def account_beside(request: Request, keys: Callable[[str], Sequence[Key]]) -> tuple[Account, dict[Key, Item]]:
    """The person who asks and items of theirs, in one read; a personal key takes two more, which find its owner."""
    services: Services = request.app.state.services
    secret = _bearer(request)
    if secret.startswith(KEY_PREFIX):
        found_by_key = _account(request)
        request.state.account = found_by_key
        return found_by_key, services.items.get_many(list(keys(found_by_key.user_id)))
    user_id = services.identity.verify(secret).user_id
    found = services.items.get_many([account_key(user_id), *keys(user_id)])
    try:
        person = account_of(found.get(account_key(user_id)), user_id)
    except Absent as error:
        raise Unauthenticated("the token belongs to no account") from error
    request.state.account = _active(person)
    return person, found


async def viewer(request: Request) -> Viewer:
    return viewer_of(await account(request), _today(request))


async def visitor(request: Request) -> Viewer:
    """The person who asks, or anyone where no token came; a bad token is refused all the same."""
    return await viewer(request) if "authorization" in request.headers else ANYONE


async def party(request: Request) -> Viewer:
    """The person who asks, a suspended one too: they may read what was decided about them, and appeal."""
    found = _known(request)
    if found.status == "suspended":
        return Viewer(user_id=found.user_id)  # whatever role they had rests
    return await viewer(request)


def _today(request: Request) -> date:
    services: Services = request.app.state.services
    return services.clock.now().date()


def _account(request: Request) -> Account:
    return _active(_known(request))


def _active(found: Account) -> Account:
    if found.status != "active":
        raise Forbidden(f"the account @{found.handle} is {found.status}", code="account_suspended")
    return found


def _known(request: Request) -> Account:
    secret = _bearer(request)
    services: Services = request.app.state.services
    accounts = Accounts(services.items)
    try:
        if secret.startswith(KEY_PREFIX):
            return accounts.by_secret(secret)
        return accounts.get(services.identity.verify(secret).user_id)
    except Absent as error:
        raise Unauthenticated("the token belongs to no account") from error


def _bearer(request: Request) -> str:
    given = request.headers.getlist("authorization")
    if not given:
        raise Unauthenticated("the request has no Authorization header; send Bearer and a token", code="missing_token")
    scheme, _, secret = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not secret or not secret.isascii():
        raise Unauthenticated("the Authorization header is not Bearer and one token")
    if len(secret) > LONGEST_TOKEN:
        raise Unauthenticated(f"the token has {len(secret)} characters, more than {LONGEST_TOKEN}")
    return secret


CurrentServices = Annotated[Services, Depends(services_of)]
CurrentAccount = Annotated[Account, Depends(account)]
CurrentViewer = Annotated[Viewer, Depends(viewer)]
CurrentParty = Annotated[Viewer, Depends(party)]
CurrentVisitor = Annotated[Viewer, Depends(visitor)]
