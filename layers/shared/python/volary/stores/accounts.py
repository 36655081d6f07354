"""Accounts, their unique handles and their personal keys, above `Items`; it holds the key design of the three."""

import hashlib

from events.shapes import Shape
from volary.accounts import Account
from volary.errors import Absent, ConditionFailed, Conflict
from volary.ports import NEW, Item, Items, Key, Put, When

KEY_PREFIX = "vol_sk_"


class PersonalKey(Shape):
    """A long-lived secret for SDK use; only its hash is kept."""

    digest: str
    user_id: str
    name: str
    created_at: int


def digest_of(secret: str) -> str:
    """SHA-256 is enough here: the secret is 256 random bits, not a password."""
    return hashlib.sha256(secret.encode()).hexdigest()


def account_key(user_id: str) -> Key:
    return Key(f"USER#{user_id}", "ACCOUNT")


def account_of(item: Item | None, user_id: str) -> Account:
    """Raises Absent where there is no item."""
    if item is None:
        raise Absent(f"there is no account {user_id}")
    return Account.model_validate(item)


class Accounts:
    """USER#id/ACCOUNT · HANDLE#handle/OWNER · APIKEY#digest/OWNER."""

    def __init__(self, items: Items) -> None:
        self._items = items

    def add(self, account: Account) -> None:
        """Raises Conflict when the handle is taken."""
        record = {"pk": f"USER#{account.user_id}", "sk": "ACCOUNT", **account.model_dump(mode="json")}
        owner = {"pk": f"HANDLE#{account.handle}", "sk": "OWNER", "user_id": account.user_id}
        try:
            self._items.transact([Put(record, NEW), Put(owner, NEW)])
        except ConditionFailed as failed:
            raise Conflict(f"handle {account.handle!r} is taken", param="handle", code="handle_taken") from failed

    def change_write(self, account: Account) -> Put:
        """The next state of an account read at `account.version`, for a transaction of the caller's."""
        record = {"pk": f"USER#{account.user_id}", "sk": "ACCOUNT", **account.model_dump(mode="json")}
        return Put({**record, "version": account.version + 1}, When(equals={"version": account.version}))

    def get(self, user_id: str) -> Account:
        return account_of(self._items.get(account_key(user_id)), user_id)

    def by_handle(self, handle: str) -> Account:
        owner = self._items.get(Key(f"HANDLE#{handle}", "OWNER"))
        if owner is None:
            raise Absent(f"there is no account @{handle}")
        return self.get(owner["user_id"])

    def add_key(self, key: PersonalKey) -> None:
        self._items.write(Put({"pk": f"APIKEY#{key.digest}", "sk": "OWNER", **key.model_dump(mode="json")}, NEW))

    def by_secret(self, secret: str) -> Account:
        """Raises Absent for a secret that is nobody's."""
        item = self._items.get(Key(f"APIKEY#{digest_of(secret)}", "OWNER"))
        if item is None:
            raise Absent("no account has this key")
        return self.get(item["user_id"])
