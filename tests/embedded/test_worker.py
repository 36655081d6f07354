"""The worker with its threads, on a home in a folder: jobs of another process get done, side by side, and it stops."""

import threading
import time

import pytest
from volary.embedded import open_home

from local.worker import Worker
from tests.embedded import mortal

NAMES = [f"job{number}" for number in range(6)]


@pytest.fixture
def working(tmp_path):
    """A home whose worker runs, with another connection to the same folder for orders."""
    home = mortal.replace(open_home(tmp_path, mortal.OPTIONS), media_model=mortal.InstantModel())
    worker = Worker(home, mortal.product(home), lambda call_id: True, schedule={})
    thread = threading.Thread(target=worker.run)
    thread.start()
    yield tmp_path, worker
    worker.stop.set()
    thread.join(20)
    assert not thread.is_alive()
    home.database.close()


def until_done(folder, seconds=60.0):
    deadline = time.monotonic() + seconds
    while faults := mortal.faults(folder, NAMES):
        assert time.monotonic() < deadline, faults
        time.sleep(0.1)


def test_jobs_that_another_process_orders_are_done_once(working):
    folder, worker = working
    mortal.order(folder, NAMES)

    until_done(folder)

    assert worker.faults == []


def test_a_worker_that_cannot_record_a_step_stops_and_says_why(tmp_path):
    """The supervisor starts another; what the broken one had in hand is taken over."""
    home = mortal.replace(open_home(tmp_path, mortal.OPTIONS), media_model=mortal.InstantModel())

    class Broken:
        def __getattr__(self, name):
            return getattr(home.workflows, name)

        def settle(self, call, outcome):
            raise OSError("the disk is full")

    mortal.order(tmp_path, NAMES)
    worker = Worker(mortal.replace(home, workflows=Broken()), mortal.product(home), lambda call_id: True, schedule={})
    with pytest.raises(OSError, match="the disk is full"):
        worker.run()

    mortal.work(tmp_path, None)
    assert mortal.faults(tmp_path, NAMES) == []


def test_what_the_clock_calls_is_called_again_and_again_but_never_twice_at_once(tmp_path):
    home = open_home(tmp_path, mortal.OPTIONS)
    at_once, most, calls = 0, 0, 0

    def call(function, payload):
        nonlocal at_once, most, calls
        at_once += 1
        most, calls = max(most, at_once), calls + 1
        time.sleep(0.05)
        at_once -= 1
        if calls == 4:
            worker.stop.set()
        return {}

    worker = Worker(home, call, lambda call_id: True, schedule={"tests.tick": 0.01})
    worker.run()

    assert (calls, most) == (4, 1)
