"""A person enrols with the shipped models, is shown in a clip once their device lets it, and enrols anew.

The captures are staged from the evaluation data, as those of `volary eval likeness` are; of genuine ones the checks
refuse some (docs/model-card-likeness.md), so a person may try again, as people may.
"""

import os
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from volary.accounts import Role
from volary.errors import Conflict
from volary.stores.likenesses import Likenesses

from events.likeness import Challenge
from local import devices
from local.capturing import Wish, challenged, decided, recorded, sent
from local.people import add_person
from local.remote import Remote
from tests.living.home import Living, completed, created, volary, wait_for

MEDIA = Path(os.environ.get("VOLARY_DATA") or Path(__file__).parents[3] / "shared" / "data") / "media"
SEED = 36
TRIES = 3

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MEDIA.exists(), reason="the evaluation data is not here: set $VOLARY_DATA"),
]


class Filmed:
    """One person before a camera, whoever asks them: the same face and the same voice."""

    def __init__(self, weights: Path, folder: Path) -> None:
        from inference.likeness.capture import CaptureChecks
        from inference.likeness.enrolments import Studio

        self.studio = Studio(MEDIA, CaptureChecks.load(weights), np.random.default_rng(SEED))
        self.face = self.studio.actor()[0]
        self.file = folder / "capture.mp4"

    def answers(self, asked: dict[str, Any]) -> None:
        take = self.studio.take(self.face, Challenge.model_validate(asked), "jackson")
        self.file.write_bytes(take.file())

    def enrols(self, remote: Remote, key: devices.DeviceKey, *, renew: bool) -> dict[str, Any]:
        """The likeness after its checks; one that they refused, or a minute that went by, is tried again."""
        wish, seen = Wish(self.file, renew=renew), []
        for _ in range(TRIES):
            begun = challenged(wish, key.public, remote, lambda _: True)
            recorded(wish, lambda asked=begun["challenge"]: self.answers(asked))
            try:
                sent(wish, begun, remote)
            except Conflict as late:
                seen.append(late.message)
                continue
            found = decided(begun["id"], remote)
            if found["state"] != "refused":
                return found
            seen.append(str([each for each in found["findings"] if each["outcome"] == "fail"]))
        raise AssertionError(seen)


def accepted(town: Living, likeness_id: str) -> None:
    """A moderator looks at whoever says that they are adult, the first time."""
    with town.client("ines") as moderator:
        moderator.post(f"/moderation/captures/{likeness_id}/accept").raise_for_status()


def test_a_person_enrols_is_shown_when_they_let_it_and_enrols_anew(town, tmp_path):
    for handle, role in (("mira", Role.USER), ("ines", Role.MODERATOR)):
        add_person(town.home.services, handle, date(1990, 12, 10), role=role)
    weights = Path(__file__).parents[2] / "inference" / "weights"
    remote = Remote.at(town.address, town.token("mira"))
    person = Filmed(weights, tmp_path)
    key = devices.made(devices.key_path(tmp_path, remote.name, remote.get("/me")["id"]), str, locked=False)

    first = person.enrols(remote, key, renew=False)
    assert {each["check"] for each in first["findings"] if each["outcome"] == "review"} == {"adult"}
    accepted(town, first["id"])
    wait_for(lambda: remote.get(f"/likenesses/{first['id']}")["state"] == "active")

    with town.client("mira") as client:
        clip = created(client, prompt="@mira walks in the park at noon", seconds="4")["id"]
        wait_for(lambda: client.get(f"/videos/{clip}").json()["stage"] == "awaiting_key")
    where = ("--home", str(town.folder), "--as", "mira", "--keys", str(tmp_path))
    assert clip in volary("device", "waiting", *where)
    assert volary("device", "release", clip, "--yes", *where) == f"{clip}: released\n"
    assert completed(town, clip, "mira")["status"] == "completed"

    second = person.enrols(remote, key, renew=True)
    assert second["state"] in ("keeping", "active"), second["findings"]  # the same face and voice: nobody has to look
    wait_for(lambda: remote.get(f"/likenesses/{second['id']}")["state"] == "active")
    assert Likenesses(town.home.items).get(first["id"]).state == "erased"
