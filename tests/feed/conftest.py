"""The real sentence encoder and prompt screen in this process, and a home whose text models they are."""

from dataclasses import replace

import pytest
from volary.ports import Range
from volary.stores.feeds import Feeds
from volary.stores.videos import Videos

from events.bus import VideoCompleted
from functions.events.place_clip import place_clip
from local.texts import asker
from tests.api.conftest import World, application, world  # noqa: F401 - fixtures

CATALOGUE = (
    "an astronaut floats outside a space station", "a rocket lifts off towards mars", "planets and stars drift by",
    "a spaceship lands on the moon", "a galaxy turns slowly", "a couple laughs on an awkward first date",
    "a romantic comedy scene in a coffee shop", "two lovers fall for each other at a funny wedding",
    "a romantic comedy couple argues about dinner", "a dog runs on the beach", "a puppy sleeps in a basket",
    "a cat watches the rain from a window", "kittens play with a ball of wool", "a chef fries eggs in a pan",
    "fresh bread comes out of an oven", "a train crosses a bridge", "a steam locomotive leaves the station",
    "snow falls on a quiet village", "a skier goes down a mountain", "waves roll onto the shore",
    "a red car drives through the city", "skyscrapers at sunset", "a pianist plays on stage",
    "a girl dances ballet", "flowers open in a garden", "a butterfly sits on a leaf", "a robot sorts boxes",
    "a wizard casts a spell", "a knight rides through a forest", "a potter makes a bowl",
)  # fmt: skip


class Counted:
    """Ids and seeds in a row, so that every run draws the same."""

    def __init__(self) -> None:
        self._last = 0

    def new(self, prefix: str) -> str:
        return f"{prefix}_{self.seed():022d}"

    def record(self) -> str:
        return f"{self.seed():016x}"

    def seed(self) -> int:
        self._last += 1
        return self._last


class Texts:
    """The `Models` port over the text role alone; it answers the same question once, as the models are pure."""

    def __init__(self, ask) -> None:
        self._ask = ask
        self._known: dict[str, dict] = {}

    def ask(self, request) -> dict:
        asked = request.model_dump_json()
        if asked not in self._known:
            self._known[asked] = self._ask(request)
        return self._known[asked]

    def submit(self, request, *, call_id: str, token: str = "") -> None:
        raise AssertionError("the feed asks no media model")


@pytest.fixture(scope="session")
def texts() -> Texts:
    return Texts(asker())


@pytest.fixture
def feed_world(world, application, texts) -> World:  # noqa: F811 - fixtures
    """`world` with text models that answer."""
    application.state.services = replace(world.home.services, models=texts, ids=Counted())
    return world


@pytest.fixture
def catalogue(feed_world, application) -> list[str]:  # noqa: F811 - a fixture
    """Posted clips of the catalogue by bob, placed as the event's handler does it."""
    services, posted = application.state.services, []
    for caption in CATALOGUE:
        feed_world.clock.pass_seconds(43_200)  # within a day's credits
        clip = feed_world.finished("bob", prompt=caption, visibility="public")
        event = VideoCompleted(
            event_id=f"{clip}.completed", at=feed_world.clock.now(), video_id=clip, owner_id="user_bob"
        )
        place_clip(event, services)
        posted.append(clip)
    assert len(Feeds(services.items).facts(Range(limit=1000))) == len(CATALOGUE)
    assert Videos(services.items).get(posted[0]).is_public
    return posted
