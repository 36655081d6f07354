"""The outbox: every event reaches every handler, one that fails holds up no other, and nothing is given up silently."""

from datetime import UTC, datetime

import pytest
from volary.embedded import Options, open_home
from volary.embedded.rounds import run_due
from volary.ports import NEW, Put

from events.bus import VideoCompleted
from tests.contracts.embedded_home import MovedClock

AT = datetime(2026, 11, 22, tzinfo=UTC)
SUBSCRIPTIONS = {"video.completed": ("tests.first", "tests.second")}


class Handlers:
    """Notes what is delivered; fails for the handlers and events it is told to."""

    def __init__(self):
        self.met, self.failing = [], set()

    def __call__(self, function, payload):
        self.met.append((function, payload["event_id"]))
        if (function, payload["event_id"]) in self.failing:
            raise ConnectionError("the other side is away")
        return {}


@pytest.fixture
def handlers():
    return Handlers()


@pytest.fixture
def home():
    return open_home(":memory:", Options(subscriptions=SUBSCRIPTIONS, clock=MovedClock()))


def commit(home, *names):
    for name in names:
        event = VideoCompleted(event_id=name, at=AT, video_id="v", owner_id="u").model_dump(mode="json")
        home.items.write(Put({"pk": "OUTBOX", "sk": name, "event": event}, NEW))


def wait(home, handlers, seconds):
    home.clock.move(seconds)
    run_due(home, handlers)


def test_each_handler_gets_each_event_once(home, handlers):
    commit(home, "a", "b")
    run_due(home, handlers)
    run_due(home, handlers)

    assert sorted(handlers.met) == [(f"tests.{name}", event) for name in ("first", "second") for event in "ab"]
    assert home.items.query("OUTBOX") == []


def test_a_failing_handler_is_tried_again_later_and_holds_up_no_other(home, handlers):
    handlers.failing = {("tests.first", "a")}
    commit(home, "a", "b")
    run_due(home, handlers)
    assert len(handlers.met) == 4

    handlers.failing.clear()
    wait(home, handlers, 0.9)
    assert len(handlers.met) == 4
    wait(home, handlers, 0.1)

    assert handlers.met[4:] == [("tests.first", "a")]
    assert home.bus.dead_letters() == []


def test_a_poisonous_event_is_set_aside_after_five_tries_alone(home, handlers):
    handlers.failing = {("tests.second", "a")}
    commit(home, "a", *(f"b{number}" for number in range(99)))
    for _ in range(20):
        wait(home, handlers, 60)

    assert handlers.met.count(("tests.second", "a")) == 5
    assert [(each.event_id, each.handler) for each in home.bus.dead_letters()] == [("a", "tests.second")]
    assert "the other side is away" in home.bus.dead_letters()[0].error
    assert len(set(handlers.met)) == 200


def test_waits_between_tries_grow(home, handlers):
    handlers.failing = {("tests.first", "a")}
    commit(home, "a")
    run_due(home, handlers)
    waits = []
    while home.bus.next_due() is not None:
        waits.append(home.bus.next_due() - home.clock.now().timestamp())
        wait(home, handlers, waits[-1])

    assert waits == [1, 2, 4, 8]


def test_a_dead_letter_can_be_sent_again(home, handlers):
    handlers.failing = {("tests.first", "a")}
    commit(home, "a")
    for _ in range(10):
        wait(home, handlers, 60)
    handlers.failing.clear()

    assert home.bus.redrive() == 1
    run_due(home, handlers)

    assert home.bus.dead_letters() == []
    assert handlers.met.count(("tests.first", "a")) == 6


def test_an_event_that_is_relayed_twice_is_delivered_once(home, handlers):
    """A crash between handing an event over and deleting it from the outbox."""
    commit(home, "a")
    run_due(home, handlers)
    commit(home, "a")
    run_due(home, handlers)

    assert len(handlers.met) == 2


def test_a_delivery_whose_worker_vanished_comes_back(home, handlers):
    commit(home, "a")
    home.bus.relay(home.items)
    assert len(home.bus.claim()) == 2
    run_due(home, handlers)
    assert handlers.met == []

    wait(home, handlers, 300)

    assert len(handlers.met) == 2


def test_the_next_worker_need_not_wait_for_that(home, handlers):
    commit(home, "a")
    home.bus.relay(home.items)
    home.bus.claim()

    home.bus.release()
    run_due(home, handlers)

    assert len(handlers.met) == 2


def test_an_event_that_nobody_hears_is_dropped_and_blocks_nothing(home, handlers):
    home.items.write(Put({"pk": "OUTBOX", "sk": "odd", "event": {"type": "no.such"}}))
    home.items.write(Put({"pk": "OUTBOX", "sk": "odder"}))
    commit(home, "z")
    run_due(home, handlers)

    assert len(handlers.met) == 2
    assert home.items.query("OUTBOX") == []


def test_more_than_a_hundred_events_all_leave_the_outbox(home, handlers):
    commit(home, *(f"{number:03}" for number in range(250)))
    run_due(home, handlers)

    assert len(handlers.met) == 500
