"""kill -9 of any process at any moment, then the home goes on: every accepted job ends, nothing is lost or doubled."""

import os
import random
import signal
import time

import httpx
import pytest
from volary.audit import first_break
from volary.stores.credits import Credits
from volary.stores.videos import Videos

from tests.living.home import completed, created, living, start, stop, wait_for

pytestmark = pytest.mark.slow

VICTIMS = ["local.worker", "inference.serve media", "local.media", "local.api", "inference.serve text"]


def demand_whole(folder, home, video_ids):
    """Every job ended once: one settlement, one unbroken audit chain, a file where it says so."""
    store, book = Videos(home.items), Credits(home.items)
    for video_id in video_ids:
        video = store.get(video_id)
        assert video.has_ended, (video_id, video.stage)
        entries = store.audit(video_id)
        assert first_break(entries, video.audit_head) is None
        assert [m.id.split(":")[0] for m in book.movements(video_id)] == ["hold", "settle"]
        assert sum(entry.action == "published" for entry in entries) == (video.status == "completed")


def test_every_job_ends_although_every_process_is_killed_in_turn(tmp_path):
    dice = random.Random(20261122)
    with living(tmp_path / "home") as town, town.client() as client:
        jobs = [created(client, prompt="a green ball bounces in a meadow")["id"] for _ in range(2)]
        for victim in VICTIMS:
            time.sleep(dice.uniform(0.5, 3))
            wait_for(lambda name=victim: name in town.children(), 120)
            town.kill(victim)
        wait_for(lambda: "local.api" in town.children() and _listens(client), 120)

        states = [completed(town, job)["status"] for job in jobs]

        assert states == ["completed", "completed"]
        demand_whole(tmp_path / "home", town.home, jobs)


def test_the_supervisor_may_be_killed_too(tmp_path):
    first = start(tmp_path / "home")
    with first.client() as client:
        job = created(client, prompt="a blue boat on the sea")["id"]
    time.sleep(1.5)
    children = first.children()
    os.kill(first.supervisor.pid, signal.SIGKILL)
    first.supervisor.wait()
    wait_for(lambda: not any(_lives(pid) for pid in children.values()), 30)

    second = start(tmp_path / "home")
    try:
        assert completed(second, job)["status"] == "completed"
        demand_whole(tmp_path / "home", second.home, [job])
    finally:
        stop(second)


def _listens(client: httpx.Client) -> bool:
    try:
        return client.get("/me").status_code == 200
    except httpx.HTTPError:
        return False


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as state:
            return state.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
