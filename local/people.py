"""The people of an embedded home: adding one, and the demo persons whom anybody at this machine may be."""

import re
from datetime import date, timedelta

from volary.accounts import Account, Role, register
from volary.embedded import Home
from volary.errors import Absent, Conflict, Forbidden, Invalid
from volary.families import entrusted
from volary.ports import Services
from volary.stores.accounts import Accounts

TOKEN_LIFE = timedelta(hours=12)
# Handle and birth date; they are made on the first start, and only ever on a home that listens on loopback.
DEMO = {"wren": date(1994, 3, 2), "swift": date(1987, 11, 20), "heron": date(2001, 6, 14)}


def add_person(
    services: Services, handle: str, birth_date: date, region: str = "US", role: Role = Role.USER, *, guardian: str = ""
) -> Account:
    """Raises Invalid for a bad handle, region, age or guardian, Conflict for a handle that is taken, Absent for a
    guardian that nobody is called."""
    if not re.fullmatch("[A-Z]{2}", region):
        raise Invalid(f"the region {region!r} is not two capital letters of ISO 3166-1", param="region")
    now = services.clock.now()
    account = Account(
        user_id=services.ids.new("usr"),
        handle=handle,
        birth_date=birth_date,
        region=region,
        role=role,
        created_at=int(now.timestamp()),
    )
    accounts = Accounts(services.items)
    if guardian:
        account = entrusted(account, accounts.by_handle(guardian), now.date())
    accounts.add(register(account, now.date()))
    return account


def add_demo_people(services: Services) -> None:
    for handle, birth_date in DEMO.items():
        try:
            add_person(services, handle, birth_date)
        except Conflict:
            continue  # made on an earlier start


def token_for(home: Home, handle: str) -> str:
    """A fresh access token; raises Absent for nobody, Forbidden for somebody suspended."""
    account = Accounts(home.items).by_handle(handle)
    if account.status != "active":
        raise Forbidden(f"the account @{handle} is {account.status}")
    return home.identity.issue(account.user_id, TOKEN_LIFE)


def demo_token(home: Home, handle: str) -> str:
    """Raises Absent for everybody but the demo persons."""
    if handle not in DEMO:
        raise Absent(f"@{handle} is no demo person")
    return token_for(home, handle)
