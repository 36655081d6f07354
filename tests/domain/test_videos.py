"""The record, its states and the read gate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from volary.accounts import ANYONE, Role, Viewer
from volary.errors import Conflict
from volary.videos import (
    STAGES,
    Access,
    Failure,
    Signature,
    Video,
    access,
    complete,
    delete,
    enter,
    fail,
    may_review,
    may_serve,
    post,
    unpost,
)

from events.inference import MediaFacts

FACTS = MediaFacts(
    sha256="0" * 64, size_bytes=1, width=720, height=1280, frames=48, frame_rate=12, seconds=4, audio_seconds=4
)
SIGNATURE = Signature(manifest_id="urn:c2pa:1", sha256="0" * 64, size_bytes=2, signed_at=3)
OWNER = Viewer(user_id="user_owner")
STRANGER = Viewer(user_id="user_stranger")
MODERATOR = Viewer(user_id="user_moderator", role=Role.MODERATOR)


def queued(**fields) -> Video:
    given_fields = {
        "id": "video_1", "owner_id": "user_owner", "prompt": "a red balloon", "asked_model": "volary-1", "seconds": 4,
        "width": 720, "height": 1280, "seed": 1, "record": "0123456789abcdef", "created_at": 100,
    }  # fmt: skip
    return Video(**(given_fields | fields))


def finished(**fields) -> Video:
    passed = queued(made=FACTS, signature=SIGNATURE, gate="pass", **fields)
    return complete(enter(passed, "publishing"), 200)


def test_a_private_clip_is_served_to_its_owner_only():
    video = finished()

    assert may_serve(video, OWNER)
    assert [access(video, viewer) for viewer in (STRANGER, MODERATOR, ANYONE)] == [Access.NOTHING] * 3


def test_a_posted_clip_is_served_to_everybody_until_it_is_unposted():
    posted = post(finished(), 300)

    assert may_serve(posted, ANYONE)
    assert not may_serve(unpost(posted), ANYONE)


def test_a_deleted_clip_is_served_to_nobody_and_its_words_are_gone():
    gone = delete(post(finished(), 300), 400)

    assert [access(gone, viewer) for viewer in (OWNER, STRANGER, MODERATOR)] == [Access.NOTHING] * 3
    assert gone.prompt == "" and not gone.is_public


@given(
    gate=st.sampled_from(["pass", "hold", "block", None]),
    status=st.sampled_from(["queued", "in_progress", "completed", "failed"]),
    visibility=st.sampled_from(["private", "unlisted", "public"]),
    posted_at=st.sampled_from([None, 7]),
    deleted_at=st.sampled_from([None, 9]),
    viewer=st.sampled_from([OWNER, STRANGER, MODERATOR, ANYONE]),
)
def test_nothing_is_served_that_was_not_passed_completed_and_kept(
    gate, status, visibility, posted_at, deleted_at, viewer
):
    """Whatever somebody writes into the store by hand: visibility follows from the verdict."""
    video = queued(gate=gate, status=status, visibility=visibility, posted_at=posted_at, deleted_at=deleted_at)

    if may_serve(video, viewer):
        assert (gate, status, deleted_at) == ("pass", "completed", None)
        assert viewer == OWNER or visibility != "private"


@pytest.mark.parametrize("gate", [None, "hold", "block"])
def test_a_clip_that_did_not_pass_cannot_be_completed(gate):
    with pytest.raises(Conflict, match="gate"):
        complete(queued(made=FACTS, signature=SIGNATURE, gate=gate), 200)


@pytest.mark.parametrize("missing", ["made", "signature"])
def test_a_clip_without_file_or_signature_cannot_be_completed(missing):
    fields = {"made": FACTS, "signature": SIGNATURE, "gate": "pass"} | {missing: None}

    with pytest.raises(Conflict, match=missing):
        complete(queued(**fields), 200)


@given(st.sampled_from(STAGES), st.sampled_from(STAGES))
def test_stages_never_go_back(first, second):
    video = enter(queued(), first)

    if STAGES.index(second) >= STAGES.index(first):
        assert enter(video, second).stage == second
    else:
        with pytest.raises(Conflict, match="cannot go back"):
            enter(video, second)


@pytest.mark.parametrize("act", [lambda v: enter(v, "done"), lambda v: fail(v, Failure(code="x", message="x"), 1)])
def test_what_has_ended_stays_ended(act):
    for ended in (finished(), fail(queued(), Failure(code="timeout", message="late"), 5), delete(queued(), 5)):
        with pytest.raises(Conflict, match="has ended"):
            act(ended)


def test_only_other_peoples_held_clips_are_reviewed():
    held = enter(queued(), "held")

    assert may_review(held, MODERATOR)
    assert not may_review(held, STRANGER)
    assert not may_review(queued(), MODERATOR)
    assert not may_review(held, Viewer(user_id="user_owner", role=Role.ADMIN))
