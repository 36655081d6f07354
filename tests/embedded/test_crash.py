"""kill -9 of the worker at every commit, and at random moments: every accepted job ends once, nothing is left over."""

import multiprocessing
import random
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from tests.embedded import mortal

# A server that forks: each worker is a real process, without the second that importing everything takes.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.embedded.mortal"])
NAMES = ["one", "two"]
KILLED = -9


@pytest.fixture
def folder():
    """In memory where the system has such a folder: a killed process leaves what it wrote there as on a disk."""
    quick = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=quick if quick.is_dir() else None) as made:
        yield Path(made)


def run_worker(folder, die_at=None, counted=None):
    worker = processes.Process(target=mortal.work, args=(folder, die_at, counted))
    worker.start()
    worker.join(120)
    return worker.exitcode


def test_dies_at_every_commit_and_loses_nothing(folder):
    """Every commit of a whole run is a boundary to die at; the first run counts them."""
    counted = processes.Value("i", 0)
    mortal.order(folder / "ordered", NAMES[:1])
    shutil.copytree(folder / "ordered", folder / "whole")
    assert run_worker(folder / "whole", None, counted) == 0
    assert mortal.faults(folder / "whole", NAMES[:1]) == []
    assert counted.value > 20

    for boundary in range(1, counted.value + 1):
        home = shutil.copytree(folder / "ordered", folder / str(boundary))
        assert run_worker(home, boundary) == KILLED
        mortal.work(home, None)  # the next worker needs no process of its own
        assert mortal.faults(home, NAMES[:1]) == [], f"died before commit {boundary} of {counted.value}"


def test_dies_again_and_again_and_loses_nothing(folder):
    """Each worker gets a few commits further, and the last one finishes."""
    mortal.order(folder, NAMES)
    deaths = 0
    while run_worker(folder, 7) == KILLED:
        deaths += 1
        assert deaths < 60, "no worker gets any further"

    assert deaths >= 5
    assert mortal.faults(folder, NAMES) == []


def test_dies_at_random_moments_and_loses_nothing(folder):
    chance = random.Random(20261122)
    mortal.order(folder, NAMES)
    for _ in range(8):
        worker = processes.Process(target=mortal.work, args=(folder, None))
        worker.start()
        time.sleep(chance.uniform(0.01, 0.25))
        worker.kill()
        worker.join(10)

    assert run_worker(folder) == 0
    assert mortal.faults(folder, NAMES) == []
