"""Who follows whom, above `Items`: one row for each direction, so that two rows make a pair mutual."""

from volary.ports import ALWAYS, Check, Delete, Items, Key, Put, When


class Follows:
    """USER#follower/FOLLOWS#followed."""

    def __init__(self, items: Items) -> None:
        self._items = items

    def add(self, follower: str, followed: str) -> None:
        key = _key(follower, followed)
        self._items.write(Put({"pk": key.pk, "sk": key.sk, "user_id": followed}, ALWAYS))

    def remove(self, follower: str, followed: str) -> None:
        self._items.write(Delete(_key(follower, followed)))

    def are_mutual(self, one: str, other: str) -> bool:
        return all(self._items.get(_key(*pair)) is not None for pair in ((one, other), (other, one)))


def still_mutual(one: str, other: str) -> list[Check]:
    """Conditions for a transaction that relies on both following each other."""
    return [Check(_key(*pair), When(exists=True)) for pair in ((one, other), (other, one))]


def _key(follower: str, followed: str) -> Key:
    return Key(f"USER#{follower}", f"FOLLOWS#{followed}")
