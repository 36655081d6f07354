"""The API's world with more reviewers in it: mo and max moderate, sue is a senior; its clock moves when told."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from volary.accounts import Account, Role
from volary.ports import Range
from volary.stores.accounts import Accounts
from volary.stores.reviews import Reviews
from volary.stores.transparency import Transparency
from volary.stores.videos import Videos

from events.bus import Tick
from functions.events.enact_reviews import enact_reviews
from tests.api.conftest import World, application, world

__all__ = ["application", "world"]
STAFF = (("max", Role.MODERATOR), ("sue", Role.SENIOR))
MORE = (("kay", Role.MODERATOR), ("lee", Role.MODERATOR), ("ada", Role.ADMIN))


@dataclass
class Desk:
    """The reviewers' desk: what tests do there, as short as they read."""

    world: World
    notice: dict[str, Any] = field(
        default_factory=lambda: {
            "ground": "intimate",
            "statement": "This shows me without my consent.",
            "contact": "me@example.org",
            "signature": "M. E.",
            "good_faith": True,
        }
    )

    @property
    def reviews(self) -> Reviews:
        return Reviews(self.world.home.items)

    @property
    def videos(self) -> Videos:
        return Videos(self.world.home.items)

    def post(self, path: str, who: str, **body: Any):
        return self.world.call("POST", path, who, json=body)

    def act(self, case_id: str, verb: str, who: str, **body: Any):
        return self.post(f"/moderation/cases/{case_id}/{verb}", who, **body)

    def noticed(self, video_id: str, **change: Any) -> str:
        answer = self.world.client.post("/v1/notices", json={**self.notice, "content": video_id, **change})
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def decided(self, case_id: str, action: str, who: str = "mo", **more: Any):
        assert self.act(case_id, "claim", who).status_code == 200
        body = {"action": action, "explanation": "It shows what the policy does not allow.", **more}
        return self.act(case_id, "decide", who, **body)

    def enact(self, seconds: float = 31) -> None:
        self.world.clock.pass_seconds(seconds)
        enact_reviews(Tick(), self.world.home.services)

    def removed(self, video_id: str, who: str = "mo") -> str:
        """The case of a clip that was noticed, removed, and is gone from view."""
        case_id = self.noticed(video_id)
        assert self.decided(case_id, "remove", who).status_code == 200
        self.enact()
        return case_id

    def logged(self) -> list[str]:
        """Kinds of everything that waits for its place in the public log."""
        import json

        found = self.world.home.items.query("TLOG#PENDING", Range(limit=100))
        return [json.loads(item["entry"])["kind"] for item in found]

    def told(self, who: str = "ann", **headers: str) -> list[dict[str, Any]]:
        return self.world.call("GET", "/moderation/notices", who, headers=headers).json()["data"]

    @property
    def log(self) -> Transparency:
        return Transparency(self.world.home.items)


@pytest.fixture
def desk(world) -> Desk:
    _hire(world, STAFF)
    return Desk(world)


@pytest.fixture
def staff(desk) -> None:
    """Two more moderators and an admin, for those who need them."""
    _hire(desk.world, MORE)


def _hire(world: World, people: tuple[tuple[str, Role], ...]) -> None:
    for handle, role in people:
        account = Account(user_id=f"user_{handle}", handle=handle, birth_date=date(1990, 1, 1), role=role, created_at=1)
        Accounts(world.home.items).add(account)
        world.tokens[handle] = world.home.identity.issue(account.user_id, timedelta(days=30))
