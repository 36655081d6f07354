"""Balances and movements of the money book, above `Items`."""

from datetime import date

from volary.credits import HOUSE, Hold, Movement, Outcome, Tariff, free_account, grant, own_account, settle
from volary.credits import hold as hold_movement
from volary.errors import ConditionFailed, TooMany
from volary.ports import ALWAYS, NEW, Add, Items, Key, Put, When, Write


def balance_key(account: str) -> Key:
    return Key(f"CREDITS#{account}", "BALANCE")


def writes_of(movement: Movement) -> list[Write]:
    """Both sides and the entry, once per cause; no account but the house may fall below zero.

    The house's own balance is not kept: it is minus the sum of all others, and one row for everybody would be hot.
    """
    entry = {"pk": f"MOVEMENT#{movement.id}", "sk": "ENTRY", **movement.model_dump(mode="json")}
    book: list[Write] = [Put(entry, NEW)]
    if movement.source != HOUSE:
        enough = When(at_least={"amount": movement.amount})
        book.append(Add(balance_key(movement.source), {"amount": -movement.amount}, enough))
    if movement.target != HOUSE:
        book.append(Add(balance_key(movement.target), {"amount": movement.amount}, ALWAYS))
    return book


class Credits:
    """CREDITS#account/BALANCE · MOVEMENT#id/ENTRY · VIDEO#id/CREDIT_HOLD."""

    def __init__(self, items: Items, tariff: Tariff = Tariff()) -> None:
        self._items = items
        self._tariff = tariff

    def balance(self, account: str) -> int:
        item = self._items.get(balance_key(account))
        return int(item["amount"]) if item else 0

    def available(self, user_id: str, today: date, at: int) -> int:
        """What somebody may spend now; today's free credits are granted on the first look."""
        free = free_account(user_id, today)
        item = self._items.get(balance_key(free))
        if item is None:
            self._grant(user_id, today, at)
            return self._tariff.daily_free + self.balance(own_account(user_id))
        return int(item["amount"]) + self.balance(own_account(user_id))

    def source_for(self, user_id: str, amount: int, today: date, at: int) -> str:
        """The account that can pay: today's free one first. Raises TooMany when neither can."""
        free = free_account(user_id, today)
        item = self._items.get(balance_key(free))
        if item is None:
            self._grant(user_id, today, at)
        left = int(item["amount"]) if item else self._tariff.daily_free
        if left >= amount:
            return free
        if self.balance(own_account(user_id)) >= amount:
            return own_account(user_id)
        message = f"this needs {amount} credits and {left} are left today"
        raise TooMany(message, retry_after=86_400 - at % 86_400, code="credits_used_up")

    def _grant(self, user_id: str, today: date, at: int) -> None:
        try:
            self._items.transact(writes_of(grant(user_id, today, self._tariff, at)))
        except ConditionFailed:
            return  # another request granted it at the same moment

    def hold_writes(self, held: Hold, at: int) -> list[Write]:
        record = {"pk": f"VIDEO#{held.video_id}", "sk": "CREDIT_HOLD", **held.model_dump(mode="json")}
        return [*writes_of(hold_movement(held, at)), Put(record, NEW)]

    def settle_writes(self, video_id: str, outcome: Outcome, at: int) -> list[Write]:
        """Writes that end the job's hold; the transaction fails if it was ended before."""
        item = self._items.get(Key(f"VIDEO#{video_id}", "CREDIT_HOLD"))
        return writes_of(settle(Hold.model_validate(item), outcome, at)) if item else []

    def movements(self, video_id: str) -> list[Movement]:
        """The movements of one job, in order."""
        found = (self._items.get(Key(f"MOVEMENT#{kind}:{video_id}", "ENTRY")) for kind in ("hold", "settle"))
        return [Movement.model_validate(item) for item in found if item]
