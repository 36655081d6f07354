"""What a removed clip costs its author, and for how long; suspension is proposed here and decided by two people.

The numbers are data, in strikes.json beside this module.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from events.shapes import Shape

DAY = 86_400
SEVERITIES = frozenset(range(1, 6))


class Terms(Shape):
    """How many days a strike counts by the breach's severity, 0 for none, and how many at once propose a suspension."""

    version: str
    life_days: dict[int, int]
    suspension_proposed_from: int


class Strike(Shape):
    """One breach by one person; it counts until `expires_at`."""

    id: str
    user_id: str
    case_id: str
    severity: int
    at: int
    expires_at: int
    lifted: bool = False


def terms_from(document: Mapping[str, Any]) -> Terms:
    """Raises ValueError where a severity is missing, or a number makes no sense."""
    terms = Terms.model_validate(document)
    if terms.life_days.keys() != SEVERITIES or min(terms.life_days.values()) < 0:
        raise ValueError(f"strikes {terms.version}: life_days is {terms.life_days}, not days for severities 1 to 5")
    if terms.suspension_proposed_from < 1:
        raise ValueError(f"strikes {terms.version}: {terms.suspension_proposed_from} strikes propose a suspension")
    return terms


@cache
def shipped_terms() -> Terms:
    """What strikes.json says."""
    return terms_from(json.loads(resources.files("volary.review").joinpath("strikes.json").read_text("utf-8")))


def strike(strike_id: str, user_id: str, case_id: str, severity: int, now: int) -> Strike | None:
    """None for breaches that cost nothing."""
    days = shipped_terms().life_days[severity]
    if not days:
        return None
    return Strike(
        id=strike_id, user_id=user_id, case_id=case_id, severity=severity, at=now, expires_at=now + days * DAY
    )


def proposes_suspension(strikes: Sequence[Strike], now: int) -> bool:
    """Whether so many count that two people must look at the account."""
    return standing(strikes, now) >= shipped_terms().suspension_proposed_from


def standing(strikes: Sequence[Strike], now: int) -> int:
    """How many count now."""
    return sum(1 for each in strikes if not each.lifted and each.expires_at > now)
