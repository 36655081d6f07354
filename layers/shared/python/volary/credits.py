"""The money book: credits move between accounts in pairs, so that their sum never changes.

A job holds its price when it is accepted, spends it when the clip is published, and gets it back in every other
case. Each movement has an id made from its cause, so doing it twice is impossible rather than unlikely.
"""

from datetime import date
from typing import Literal

from events.shapes import Shape

HOUSE = "house"  # where grants come from and what is spent goes to; may be negative
SECONDS_PER_CREDIT = 4


class Tariff(Shape):
    """What a home gives each person a day, in credits; they lapse at midnight UTC."""

    daily_free: int = 120


class Movement(Shape):
    """`amount` credits from one account to another; `id` names the cause."""

    id: str
    source: str
    target: str
    amount: int
    at: int


class Hold(Shape):
    """Credits set aside for one job, and the account to give them back to."""

    video_id: str
    source: str
    amount: int


Outcome = Literal["spend", "refund"]


def price(seconds: int) -> int:
    """Credits for a clip: one for each started four seconds."""
    return -(-seconds // SECONDS_PER_CREDIT)


def free_account(user_id: str, today: date) -> str:
    return f"free:{user_id}:{today.isoformat()}"


def own_account(user_id: str) -> str:
    return f"user:{user_id}"


def hold_account(video_id: str) -> str:
    return f"hold:{video_id}"


def grant(user_id: str, today: date, tariff: Tariff, at: int) -> Movement:
    """Today's free credits."""
    account = free_account(user_id, today)
    return Movement(id=f"grant:{account}", source=HOUSE, target=account, amount=tariff.daily_free, at=at)


def hold(held: Hold, at: int) -> Movement:
    target = hold_account(held.video_id)
    return Movement(id=f"hold:{held.video_id}", source=held.source, target=target, amount=held.amount, at=at)


def settle(held: Hold, outcome: Outcome, at: int) -> Movement:
    """The one movement that ends a hold: its id is the same for both outcomes, so only one of them can happen."""
    target = HOUSE if outcome == "spend" else held.source
    source = hold_account(held.video_id)
    return Movement(id=f"settle:{held.video_id}", source=source, target=target, amount=held.amount, at=at)
