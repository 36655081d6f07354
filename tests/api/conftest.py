"""A home in memory with four people in it, and the API over it, called in this process."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from volary import embedded
from volary.accounts import Account, Role
from volary.stores.accounts import Accounts
from volary.stores.reviews import Reviews
from volary.stores.videos import Act, Videos
from volary.videos import Signature, Video, complete

from events.inference import Generate, MediaFacts, Outputs
from functions.api.app import create_app
from functions.api.limits import EMBEDDED
from functions.api.posts import Authors
from functions.events.subscriptions import SUBSCRIPTIONS
from functions.review.cases import opened
from functions.videos.progress import Line
from tests.sdk import model_server

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MADE = MediaFacts(
    sha256="0" * 64, size_bytes=9, width=720, height=1280, frames=96, frame_rate=24, seconds=4, audio_seconds=4
)
SIGNED = Signature(manifest_id="urn:c2pa:1", sha256="1" * 64, size_bytes=10, signed_at=int(START.timestamp()))


class MovableClock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self._now = START

    def now(self) -> datetime:
        return self._now

    def pass_seconds(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@dataclass
class World:
    """The home, its clock, the API, and a token for each person: ann and bob are users, mo a moderator."""

    home: embedded.Home
    clock: MovableClock
    client: TestClient
    tokens: dict[str, str]

    def headers(self, who: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens[who]}"} if who in self.tokens else {}

    def call(self, method: str, path: str, who: str = "ann", **rest):
        headers = {**self.headers(who), **rest.pop("headers", {})}
        return self.client.request(method, f"/v1{path}", headers=headers, **rest)

    def asked(self, who: str = "ann", **fields) -> str:
        """The id of a video that this person asked for just now."""
        answer = self.call("POST", "/videos", who, json={"prompt": "a fox in the snow", **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def finished(self, who: str = "ann", **fields) -> str:
        """The id of a video that went through the whole pipeline, as the steps would leave it."""
        store = Videos(self.home.items)
        video = store.get(self.asked(who, **fields))
        self.change(video, model="volary-1", made=MADE, gate="pass", signature=SIGNED, stage="publishing")
        video = store.get(video.id)
        now = int(self.clock.now().timestamp())
        return store.change(complete(video, now), Act(action="published", actor="test", at=now)).id

    def held(self, who: str = "ann") -> str:
        video_id = self.asked(who)
        video = Videos(self.home.items).get(video_id)
        held = self.change(video, status="in_progress", stage="held", gate="hold", made=MADE, call_id="call_1")
        now = int(self.clock.now().timestamp())
        act = Act(action="held for review", actor="test", at=now)
        self.home.items.transact(Reviews(self.home.items).opening_writes(opened(held, [], now), act))
        return video_id

    def change(self, video: Video, **fields) -> Video:
        now = int(self.clock.now().timestamp())
        act = Act(action="changed by a test", actor="test", at=now)
        return Videos(self.home.items).change(video.model_copy(update=fields), act)


@pytest.fixture(scope="session")
def png() -> bytes:
    return model_server.picture(1, "PNG")


@pytest.fixture(scope="session")
def mp4(tmp_path_factory) -> bytes:
    """Four seconds of one colour and one tone, 90x160."""
    nowhere = Outputs(video="", thumbnail="", spritesheet="")
    asked = Generate(
        job_id="x", prompt="x", seconds=4, width=720, height=1280, seed=1, record="0" * 16, outputs=nowhere
    )
    path = tmp_path_factory.mktemp("media") / "clip.mp4"
    model_server.encode(path, asked)
    return path.read_bytes()


@pytest.fixture(scope="session")
def application() -> FastAPI:
    """One for all tests, which put their own homes into it: making its routes takes longer than most tests."""
    return create_app(embedded.services(":memory:"), EMBEDDED)


@pytest.fixture
def world(application) -> Iterator[World]:
    clock = MovableClock()
    home = embedded.open_home(":memory:", embedded.Options(subscriptions=SUBSCRIPTIONS, clock=clock))
    tokens = {}
    for handle, role in (("ann", Role.USER), ("bob", Role.USER), ("mo", Role.MODERATOR)):
        account = Account(user_id=f"user_{handle}", handle=handle, birth_date=date(1990, 1, 1), role=role, created_at=1)
        Accounts(home.items).add(account)
        tokens[handle] = home.identity.issue(account.user_id, timedelta(days=30))
    application.state.services, application.state.limits = home.services, EMBEDDED
    application.state.line, application.state.authors = Line(), Authors()
    client = TestClient(application, raise_server_exceptions=False, follow_redirects=False)
    yield World(home, clock, client, tokens)
    home.database.close()
