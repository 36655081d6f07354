"""People: who they are, how old, what they may do. It leaves signing in to the home's OIDC issuer."""

import re
from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import Field

from events.shapes import Shape
from volary.audiences import UNKNOWN, Audience, audience_of
from volary.errors import Invalid

HANDLE = re.compile(r"^[a-z][a-z0-9_]{2,29}$")
MINIMUM_AGE = 13
ADULT_AGE = 18


class Role(StrEnum):
    """Grades, each holding the ones before it."""

    USER = "user"
    MODERATOR = "moderator"
    SENIOR = "senior"
    ADMIN = "admin"


class Account(Shape):
    """A person. `region` is ISO 3166-1 alpha-2; `guardian_id` may settle some things while they are a minor."""

    user_id: str
    handle: str
    birth_date: date
    region: str = Field(default="US", pattern="^[A-Z]{2}$")
    role: Role = Role.USER
    status: Literal["active", "suspended", "erased"] = "active"
    guardian_id: str | None = None
    created_at: int
    version: int = 1


class Viewer(Shape):
    """Who asks: an account's standing at this moment, or nobody. Of nobody no age and no region is known."""

    user_id: str | None = None
    role: Role = Role.USER
    audience: Audience = UNKNOWN

    def is_moderator(self) -> bool:
        return self.role in (Role.MODERATOR, Role.SENIOR, Role.ADMIN)


ANYONE = Viewer()


def age(birth_date: date, today: date) -> int:
    """Full years lived on `today`; somebody born on 29 February ages on 1 March in common years."""
    had_birthday = (today.month, today.day) >= (birth_date.month, birth_date.day)
    return today.year - birth_date.year - (not had_birthday)


def register(account: Account, today: date) -> Account:
    """The account as it may be opened; raises Invalid for a bad handle or somebody too young."""
    if not HANDLE.fullmatch(account.handle):
        raise Invalid(f"handle {account.handle!r} is not 3–30 of a–z, 0–9 and _ starting with a letter", param="handle")
    years = age(account.birth_date, today)
    if not MINIMUM_AGE <= years <= 120:
        raise Invalid(f"an account needs an age from {MINIMUM_AGE} to 120 years, not {years}", param="birth_date")
    return account


def viewer_of(account: Account, today: date) -> Viewer:
    audience = audience_of(age(account.birth_date, today), account.region)
    return Viewer(user_id=account.user_id, role=account.role, audience=audience)
