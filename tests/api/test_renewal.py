"""Enrolling again: after a try that came to nothing, after an erasure, and in the place of the likeness one has."""

import hashlib

import pytest
from volary import receipts, vault
from volary.audit import first_break
from volary.stores.likenesses import Likenesses
from volary.stores.videos import Act

from events.bus import LikenessDecided, ModelAnswered
from events.inference import CaptureChecked
from events.likeness import CHECKS, CaptureFinding, Outcome
from functions.events.keep_likeness import keep_likeness
from functions.generation.answer import answer
from tests.api.people import deliver
from tests.api.test_likenesses import begun, code, send, texts
from tests.likeness.material import taken


def captured(world, **fields):
    """What the model server is asked about ann's capture for a fresh challenge."""
    likeness_id = begun(world, **fields)["id"]
    send(world, likeness_id)
    world.call("POST", f"/likenesses/{likeness_id}/capture", json=texts()).raise_for_status()
    deliver(world.home)
    call = world.home.models.calls.take()
    return call.call_id, call.request


def judged(world, outcome: Outcome = "pass", **fields):
    """The same, with one answer to every check, and all that follows from it done."""
    call_id, asked = captured(world, **fields)
    checked = taken(asked.likeness_id, world.home.services).checked if outcome == "pass" else None
    found = [CaptureFinding(check=name, outcome=outcome, score=1, threshold=1, reason="a test's") for name in CHECKS]
    said = CaptureChecked(
        likeness_id=asked.likeness_id, findings=tuple(found), sealed_sha256=checked.sealed_sha256 if checked else None
    )
    answer(ModelAnswered(call_id=call_id, output=said.model_dump(mode="json")), world.home.services)
    deliver(world.home)
    return asked


def state(world, likeness_id: str) -> str:
    return world.call("GET", f"/likenesses/{likeness_id}").json()["state"]


def test_a_try_that_came_to_nothing_is_not_compared_with(world):
    """Nothing of it is kept; asking for it would refuse the person for ever."""
    begun(world)
    refused = judged(world, "fail")

    assert state(world, refused.likeness_id) == "refused"
    assert judged(world).own == ()


def test_an_erased_likeness_is_not_compared_with(world):
    first = judged(world).likeness_id
    world.call("DELETE", f"/likenesses/{first}").raise_for_status()
    deliver(world.home)

    again = judged(world)

    assert again.own == ()
    assert state(world, again.likeness_id) == "active"


def test_nobody_else_may_use_a_likeness_on_its_first_day(world):
    """Whoever enrolled somebody else is found out before anybody can make use of it; the person themselves may."""
    likeness_id = judged(world).likeness_id
    opened = world.call("PATCH", f"/likenesses/{likeness_id}", json={"audience": "everyone"}).json()
    ask = {"prompt": "a fox", "likenesses": [likeness_id]}
    check = f"/likenesses/{likeness_id}/check"

    assert opened["others_from"] == int(world.clock.now().timestamp()) + 86_400
    assert world.call("POST", "/videos", "ann", json=ask).status_code == 200
    assert code(world.call("POST", "/videos", "bob", json=ask)) == (403, "likeness_too_new")
    assert world.call("POST", check, "bob", json={"prompt": "a fox"}).json()["code"] == "likeness_too_new"
    world.clock.pass_seconds(86_400)
    assert world.call("POST", "/videos", "bob", json=ask).status_code == 200


def test_the_receipt_of_an_erasure_says_what_was_destroyed_and_where_that_stands(world):
    likeness_id = judged(world).likeness_id
    store = Likenesses(world.home.items)
    key_id = world.home.keyring.get(likeness_id, vault.KEY)["key_id"]
    world.call("DELETE", f"/likenesses/{likeness_id}").raise_for_status()
    deliver(world.home)

    keys = world.client.get("/v1/receipts/keys").json()
    issued = world.call("GET", f"/likenesses/{likeness_id}/receipts").json()["data"]
    said = {each["kind"]: receipts.verify(each["jws"], keys) for each in issued}["erased"]

    assert (said["key_id"], said["counts"]["keys"], said["counts"]["captures"]) == (key_id, 1, 1)
    book = store.audit(likeness_id)
    assert first_break(book, said["audit_head"]) is None
    assert (book[-1].action, book[-1].number) == ("erased", said["audit_number"])
    status = world.client.get(said["status_url"]).json()
    assert said["status_url"].startswith(world.home.options.public) and status["standing"] == "erased"


def test_one_likeness_stands_unless_it_is_to_be_renewed(world):
    judged(world)

    assert code(world.call("POST", "/likenesses", json={"custody": "server"})) == (409, "likeness_exists")


@pytest.mark.parametrize("is_withdrawn", [False, True])
def test_a_renewal_is_compared_with_the_capture_that_it_replaces(world, is_withdrawn):
    first = judged(world).likeness_id
    if is_withdrawn:
        world.call("POST", f"/likenesses/{first}/revoke", json={}).raise_for_status()

    second = judged(world, renew=True)

    assert second.own == (first,) and second.index is not None
    assert (state(world, first), state(world, second.likeness_id)) == ("erased", "active")
    assert Likenesses(world.home.items).named("user_ann") == second.likeness_id
    assert world.home.keyring.get(first, vault.KEY) is None
    assert world.home.keyring.get(second.likeness_id, vault.KEY) is not None


def test_what_was_made_with_the_old_capture_goes_with_it(world):
    first = judged(world).likeness_id
    clip = world.finished("ann", likenesses=[first], visibility="public")

    second = judged(world, renew=True).likeness_id

    assert world.call("GET", f"/videos/{clip}", "bob").status_code == 404
    fresh = world.call("POST", "/videos", json={"prompt": "@ann rides"}).json()
    assert fresh["likenesses"] == [second]


def test_a_renewal_that_is_refused_leaves_what_there_is(world):
    first = judged(world).likeness_id

    second = judged(world, "fail", renew=True).likeness_id

    assert (state(world, first), state(world, second)) == ("active", "refused")


def test_a_decision_that_is_told_again_erases_nobody(world):
    first = judged(world).likeness_id
    second = judged(world, renew=True).likeness_id
    for likeness_id in (first, second, first):
        name = hashlib.sha256(likeness_id.encode()).hexdigest()
        again = LikenessDecided(event_id=name, at=world.clock.now(), likeness_id=likeness_id, accepted=True)
        keep_likeness(again, world.home.services)
    deliver(world.home)

    assert (state(world, first), state(world, second)) == ("erased", "active")


def test_a_keeper_that_dies_before_the_new_consent_goes_on(world):
    """The old one is gone already; the event comes again and the new one stands."""
    first = judged(world).likeness_id
    call_id, asked = captured(world, renew=True)
    store = Likenesses(world.home.items)
    world.call("DELETE", f"/likenesses/{first}").raise_for_status()  # as the run that died left it
    deliver(world.home)
    sealed = taken(asked.likeness_id, world.home.services).checked.sealed_sha256
    store.change(*_keeping(store.get(asked.likeness_id), sealed))
    event = LikenessDecided(event_id="again", at=world.clock.now(), likeness_id=asked.likeness_id, accepted=True)
    for _ in range(2):
        keep_likeness(event, world.home.services)

    assert state(world, asked.likeness_id) == "active"


def _keeping(record, sealed: str):
    return record.model_copy(update={"state": "keeping", "sealed_sha256": sealed}), Act(
        action="capture accepted", actor="test", at=1
    )
