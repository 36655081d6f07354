"""What a removed clip costs its author, and for how long; suspension is proposed here and decided by two people."""

from collections.abc import Sequence

from events.shapes import Shape

DAY = 86_400
LIFE_DAYS = {1: 0, 2: 30, 3: 60, 4: 90, 5: 365}  # by severity; 0: no strike
MOST = 3  # strikes at once, from which a suspension is proposed


class Strike(Shape):
    """One breach by one person; it counts until `expires_at`."""

    id: str
    user_id: str
    case_id: str
    severity: int
    at: int
    expires_at: int
    lifted: bool = False


def strike(strike_id: str, user_id: str, case_id: str, severity: int, now: int) -> Strike | None:
    """None for breaches that cost nothing."""
    days = LIFE_DAYS[severity]
    if not days:
        return None
    return Strike(
        id=strike_id, user_id=user_id, case_id=case_id, severity=severity, at=now, expires_at=now + days * DAY
    )


def standing(strikes: Sequence[Strike], now: int) -> int:
    """How many count now."""
    return sum(1 for each in strikes if not each.lifted and each.expires_at > now)
