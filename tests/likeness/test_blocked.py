"""Somebody who comes on the block list while a clip that names them is made is not drawn, and the clip is not shown."""

import logging

import pytest
from volary.blocked import BlockedPerson
from volary.consent import recast
from volary.likeness import Refusal
from volary.moderation import shipped_policy
from volary.stores.blocked import KEY, Blocked
from volary.stores.credits import Credits

from events.inference import MarkReading, MediaScreened
from events.likeness import Matched, Sighting
from events.moderation import Signal
from events.workflow import GenerationState
from functions.generation.publish import publish
from functions.generation.recognised import recognised
from tests.likeness.test_lending import Lending
from tests.simulation.schedule import make_clip

SEEN = Sighting(subject="blocked:block_1", listed="blocked", sense="face", score=0.9)
JANE = BlockedPerson(id="block_1", names=("Jane Éclair",), kind="estate", added_by="user_root", at=1)


class Harmless(Lending):
    """Screening finds nothing, so that no clip waits for a reviewer."""

    def signals(self, stage):
        policy = shipped_policy()
        return tuple(Signal(stage=stage, category=each, score=0.0, model="calm") for each in policy.required[stage])


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def world(clip):
    logging.disable(logging.WARNING)
    yield Harmless(clip, "server")
    logging.disable(logging.NOTSET)


def listed(world, person=JANE):
    Blocked(world.services.items).add(person)


def ended(world, video_id) -> tuple[str, str]:
    video = world.videos.get(video_id)
    assert Credits(world.home.items).balance(f"hold:{video_id}") == 0
    return video.status, video.failure.code if video.failure else ""


def test_who_is_listed_before_the_work_starts_is_not_drawn(world):
    video_id = world.asked("@u_ada meets Jane Eclair")
    listed(world)
    world.settle()

    assert ended(world, video_id) == ("failed", "person_blocked")
    assert world.seen == []


def test_who_is_listed_while_the_clip_is_made_is_not_shown(world):
    video_id = world.ready(world.asked("@u_ada meets Jane Eclair"))
    listed(world)
    world.settle()

    assert ended(world, video_id) == ("failed", "person_blocked")
    assert world.lent() == []


def test_a_list_that_changes_while_a_clip_is_published_is_asked_anew(world):
    """The list changes after it was read and before the transaction: the transaction fails, and its repeat refuses."""
    video_id = world.ready(world.asked("@u_ada meets Jane Eclair"))
    shown = recast(world.videos.get(video_id), world.services)
    listed(world)

    assert not isinstance(shown, Refusal)
    (same_list,) = [check for check in shown.checks if check.key == KEY]
    assert same_list.when.exists is False
    assert publish(GenerationState(video_id=video_id), world.services).failure == "person_blocked"


def test_a_name_that_the_clip_does_not_say_changes_nothing(world):
    video_id = world.ready(world.asked("@u_ada meets Jane Eclair"))
    listed(world, JANE.model_copy(update={"names": ("Robert Crumble",)}))
    world.settle()

    assert ended(world, video_id) == ("completed", "")


@pytest.mark.parametrize("has_likeness", [True, False])
def test_a_listed_face_counts_unless_it_is_the_person_who_agreed(world, has_likeness):
    video = world.videos.get(world.asked())
    listed(world, JANE.model_copy(update={"likeness_id": world.likeness if has_likeness else None}))
    screened = MediaScreened(
        media=world.clip.facts, mark=MarkReading(payload=None, p_value=1, confidence=0), signals=(), frames_seen=4,
        matched=Matched(index_id="index_1", faces=1, sightings=(SEEN,)),
    )  # fmt: skip

    found = recognised(video, screened, "index_1", world.services)

    assert [each.category for each in found.strange] == ([] if has_likeness else ["likeness"])
    assert found.joined == ()
