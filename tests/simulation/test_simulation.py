"""Storms of crashes, duplicates and faults end with every promise kept; and the simulator sees a planted bug."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from volary.ports import NEW, Put
from volary.stores import credits
from volary.stores import videos as stored

import functions.generation.fail as failing
import functions.generation.sign as signing
from functions.events import clean_up as cleaning
from functions.generation import answer as answering
from tests.simulation.schedule import make_clip, run
from tests.simulation.world import Clip

SEEDS = 40
TEETH = 150  # seeds within which a planted bug must show


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return make_clip(Path(tmp_path_factory.mktemp("clip")))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The faults are drawn on purpose, and there are thousands."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.slow
def test_no_storm_breaks_a_promise(clip):
    results = {seed: run(seed, clip) for seed in range(1, SEEDS + 1)}

    assert {seed: r.violations for seed, r in results.items() if r.violations} == {}
    assert sum(r.crashes for r in results.values()) > SEEDS / 2
    assert sum(r.videos for r in results.values()) > SEEDS


def test_one_seed_is_one_run(clip):
    assert run(7, clip) == run(7, clip)


def _publish_without_spending(monkeypatch):
    monkeypatch.setattr(credits.Credits, "settle_writes", lambda *_: [])


def _sign_whatever_comes(monkeypatch):
    """The gate is skipped in signing and in completing: a rejected clip would be served."""
    monkeypatch.setattr(signing, "_demand_passed", lambda video: None)
    monkeypatch.setattr(answering, "judged", lambda state, decision: state.model_copy(update={"gate": "pass"}))


def _keep_files_of_deleted(monkeypatch):
    monkeypatch.setattr(cleaning.published, "forget", lambda *_: None)


def _lose_the_events(monkeypatch):
    """The events are written where no relay looks: accepted jobs would never start."""
    real = stored.outbox
    monkeypatch.setattr(stored, "outbox", lambda event: Put({**real(event).item, "pk": "NOWHERE"}, NEW))


def _end_without_failing(monkeypatch):
    monkeypatch.setattr(failing.videos, "fail", lambda video, failure, now: video)


PLANTED = [
    _publish_without_spending,
    _sign_whatever_comes,
    _keep_files_of_deleted,
    _lose_the_events,
    _end_without_failing,
]


@pytest.mark.slow
@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__.strip("_"))
def test_a_planted_bug_is_found(plant, clip, monkeypatch):
    plant(monkeypatch)

    for seed in range(1, TEETH):
        try:
            found = run(seed, clip).violations
        except AssertionError:
            return  # it never came to rest, which is a finding too
        if found:
            return
    pytest.fail(f"{plant.__name__} was not found within {TEETH} seeds")
