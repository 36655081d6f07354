"""kill -9 of the worker at every commit, and at random moments: every accepted job ends once, nothing is left over."""

import multiprocessing
import random
import time

from tests.embedded import mortal

# A server that forks: each worker is a real process, without the second that importing everything takes.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.embedded.mortal"])
NAMES = ["one", "two"]
KILLED = -9


def run_worker(folder, die_at=None, counted=None):
    worker = processes.Process(target=mortal.work, args=(folder, die_at, counted))
    worker.start()
    worker.join(120)
    return worker.exitcode


def test_dies_at_every_commit_and_loses_nothing(tmp_path):
    """Every commit of a whole run is a boundary to die at; the first run counts them."""
    counted = processes.Value("i", 0)
    mortal.order(tmp_path / "whole", NAMES[:1])
    assert run_worker(tmp_path / "whole", None, counted) == 0
    assert mortal.faults(tmp_path / "whole", NAMES[:1]) == []
    assert counted.value > 20

    for boundary in range(1, counted.value + 1):
        folder = tmp_path / str(boundary)
        mortal.order(folder, NAMES[:1])
        assert run_worker(folder, boundary) == KILLED
        mortal.work(folder, None)  # the next worker needs no process of its own
        assert mortal.faults(folder, NAMES[:1]) == [], f"died before commit {boundary} of {counted.value}"


def test_dies_again_and_again_and_loses_nothing(tmp_path):
    """Each worker gets a few commits further, and the last one finishes."""
    mortal.order(tmp_path, NAMES)
    deaths = 0
    while run_worker(tmp_path, 7) == KILLED:
        deaths += 1
        assert deaths < 60, "no worker gets any further"

    assert deaths >= 5
    assert mortal.faults(tmp_path, NAMES) == []


def test_dies_at_random_moments_and_loses_nothing(tmp_path):
    chance = random.Random(20261122)
    mortal.order(tmp_path, NAMES)
    for _ in range(8):
        worker = processes.Process(target=mortal.work, args=(tmp_path, None))
        worker.start()
        time.sleep(chance.uniform(0.01, 0.25))
        worker.kill()
        worker.join(10)

    assert run_worker(tmp_path) == 0
    assert mortal.faults(tmp_path, NAMES) == []
