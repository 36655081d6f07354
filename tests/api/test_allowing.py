"""Every way of saying no, asked wherever a clip passes by: submit, check, start, generation, publishing, remix, sight.

Each clip starts as one that is allowed, however its person comes into it, so that only what is changed can refuse it.
"""

from collections.abc import Callable

import pytest
from volary.consent import recast
from volary.errors import ConditionFailed, ConsentWithdrawn
from volary.likeness import Refusal
from volary.moderation import decide, shipped_policy
from volary.stores.accounts import Accounts
from volary.stores.likenesses import Likenesses
from volary.stores.videos import Videos

from events.inference import MarkReading, MediaScreened
from events.likeness import Matched, Sighting
from events.workflow import GenerationState, WaitingTask
from functions.generation.check_consent import check_consent
from functions.generation.generate import generate
from functions.generation.publish import publish
from functions.generation.recognised import Recognised, recognised
from tests.api.conftest import MADE, SIGNED, World
from tests.api.people import enrolled

LIKENESS = "like_user_ann"
WORDS = "a fox in the snow, un renard dans la neige"
FOREVER = 9_000_000_000
MUTUAL = {"audience": "mutuals"}


def granted(**grant) -> Callable[[World], None]:
    def change(world: World) -> None:
        answer = world.call("PATCH", f"/likenesses/{LIKENESS}", "ann", json={**MUTUAL, **grant})
        assert answer.status_code == 200, answer.text

    return change


def unfollowed(who: str, whom: str) -> Callable[[World], None]:
    return lambda world: world.call("DELETE", f"/users/{whom}/follow", who).raise_for_status()


def ended(world: World) -> None:
    granted(expires_at=int(world.clock.now().timestamp()) + 5)(world)
    world.clock.pass_seconds(5)


def revoked(scope: str, value: str = "") -> Callable[[World], None]:
    def revoke(world: World) -> None:
        body = {"scope": scope, "value": value} if value else {"scope": scope}
        world.call("POST", f"/likenesses/{LIKENESS}/revoke", "ann", json=body).raise_for_status()

    return revoke


def suspended(world: World) -> None:
    store = Accounts(world.home.items)
    world.home.items.write(store.change_write(store.get("user_ann").model_copy(update={"status": "suspended"})))


# What the person does, and the code with which a wish is refused after it.
NOES: dict[str, tuple[Callable[[World], None], str]] = {
    "only me": (granted(audience="only_me"), "likeness_not_allowed"),
    "only others": (granted(audience="approved", allow=["@mo"]), "likeness_not_allowed"),
    "not this one": (granted(audience="everyone", deny=["@bob"]), "likeness_not_allowed"),
    "no longer follows": (unfollowed("ann", "bob"), "likeness_not_allowed"),
    "is no longer followed": (unfollowed("bob", "ann"), "likeness_not_allowed"),
    "in English": (granted(restrictions=["never in the snow"]), "likeness_restricted"),
    "in French": (granted(restrictions=["jamais dans la neige"]), "likeness_restricted"),
    "only in English": (granted(restrictions=["only in political content"]), "likeness_restricted"),
    "only in French": (granted(restrictions=["uniquement en uniforme"]), "likeness_restricted"),
    "another purpose": (granted(purposes=["education"]), "likeness_purpose"),
    "no longer": (ended, "likeness_expired"),
    "everything back": (revoked("all"), "likeness_withdrawn"),
    "back from this one": (revoked("person", "@bob"), "likeness_not_allowed"),
    "back for this purpose": (revoked("purpose", "personal"), "likeness_purpose"),
    "gone": (suspended, "likeness_not_allowed"),
}
WAYS = ("declared", "declared by handle", "in the prompt", "inherited")


@pytest.fixture
def ann(world) -> World:
    """Ann is enrolled and lets whom she follows and is followed by; that is bob."""
    enrolled(world.home, "user_ann", **MUTUAL)
    for who, whom in (("ann", "bob"), ("bob", "ann")):
        world.call("POST", f"/users/{whom}/follow", who).raise_for_status()
    return world


def ask(world: World, way: str) -> dict:
    if way == "inherited":
        parent = world.finished("bob", prompt="a hill", likenesses=[LIKENESS], visibility="public")
        return {"prompt": WORDS, "video": {"id": parent}, "visibility": "public"}
    named = {"declared": [LIKENESS], "declared by handle": ["@ann"]}.get(way, [])
    return {"prompt": f"@ann, {WORDS}" if way == "in the prompt" else WORDS, "likenesses": named}


def sent(world: World, wish: dict):
    return world.call("POST", "/videos/edits" if "video" in wish else "/videos", "bob", json=wish)


def checked(world: World, wish: dict) -> dict:
    body = {"prompt": wish["prompt"], "remix_of": wish.get("video", {}).get("id")}
    known = {name: value for name, value in body.items() if value is not None}
    answer = world.call("POST", f"/likenesses/{LIKENESS}/check", "bob", json=known)
    return answer.json() if answer.status_code == 200 else {"allowed": False, "code": answer.json()["error"]["code"]}


def readied(world: World, video_id: str) -> str:
    fields = {"model": "volary-1", "made": MADE, "gate": "pass", "signature": SIGNED, "stage": "publishing"}
    world.change(Videos(world.home.items).get(video_id), **fields)
    return video_id


@pytest.mark.parametrize("way", WAYS)
def test_what_nobody_refuses_is_asked_for_started_and_published(ann, way):
    wish = ask(ann, way)
    assert checked(ann, wish)["allowed"] is True
    video_id = sent(ann, wish).json()["id"]
    state = GenerationState(video_id=video_id)

    assert [each.likeness_id for each in Videos(ann.home.items).get(video_id).people] == [LIKENESS]
    assert isinstance(recast(Videos(ann.home.items).get(video_id), ann.home.services), Refusal) is False
    readied(ann, video_id)
    assert publish(state, ann.home.services).failure is None
    assert Videos(ann.home.items).get(video_id).status == "completed"


@pytest.mark.parametrize("no", NOES)
@pytest.mark.parametrize("way", WAYS)
def test_a_no_is_heard_wherever_a_clip_passes_by(ann, way, no):
    """Two clips that were accepted before it, and one that is asked for after it."""
    say, code = NOES[no]
    wish, services = ask(ann, way), ann.home.services
    started, published = (sent(ann, wish).json()["id"] for _ in range(2))
    readied(ann, published)
    before = recast(Videos(ann.home.items).get(published), services)
    say(ann)

    hides_the_source = way == "inherited" and no in ("no longer", "everything back", "back from this one",
                                                     "back for this purpose")  # fmt: skip
    expected = "consent_withdrawn" if hides_the_source else code  # the source is the asker's own, who may know why
    assert (checked(ann, wish)["allowed"], checked(ann, wish)["code"]) == (False, expected)
    refused = sent(ann, wish)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, expected)

    ends = "source_withdrawn" if hides_the_source else "consent_withdrawn"
    assert check_consent(GenerationState(video_id=started), services).failure == ends
    with pytest.raises(ConsentWithdrawn):
        generate(WaitingTask(state=GenerationState(video_id=started), token="t"), services)
    if no != "no longer":  # the passing of time moves no row; the read gate asks the time itself
        with pytest.raises(ConditionFailed):
            services.items.transact(before.checks)
    assert publish(GenerationState(video_id=published), services).failure == ends
    assert Videos(ann.home.items).get(published).status != "completed"


def seen(video_id: str, world: World, sense: str, score: float) -> Recognised:
    sighting = Sighting(subject=LIKENESS, listed="likeness", sense=sense, score=score, start=1, end=2)
    screened = MediaScreened(
        media=MADE, mark=MarkReading(payload=None, p_value=1, confidence=0), signals=(), frames_seen=4,
        matched=Matched(index_id="index_1", faces=int(sense == "face"), sightings=(sighting,)),
    )  # fmt: skip
    return recognised(Videos(world.home.items).get(video_id), screened, "index_1", world.home.services)


def action(found: Recognised) -> str:
    return decide(found.signals, shipped_policy(), complete=True).action


@pytest.mark.parametrize("sense", ["face", "voice"])
class TestSeen:
    """Faces and voices that nobody declared, in an upload or in what was made."""

    def test_whoever_would_have_agreed_becomes_one_of_the_people(self, ann, sense):
        found = seen(ann.asked("bob", prompt=WORDS), ann, sense, 0.9)

        assert (action(found), found.strange) == ("pass", ())
        assert [(each.likeness_id, each.how) for each in found.joined] == [(LIKENESS, "sighted")]
        assert found.checks and found.writes("video_1")

    @pytest.mark.parametrize("no", NOES)
    def test_a_no_holds_a_likely_resemblance_and_blocks_a_sure_one(self, ann, sense, no):
        video_id = ann.asked("bob", prompt=WORDS)
        NOES[no][0](ann)

        assert [action(seen(video_id, ann, sense, score)) for score in (0.4, 0.55, 0.9)] == ["pass", "hold", "block"]
        assert seen(video_id, ann, sense, 0.9).joined == ()

    def test_a_clip_for_which_its_person_agreed_is_not_refused_for_being_like_them(self, ann, sense):
        """The generator draws and speaks as the person who was lent to it, so its clips match them."""
        declared = ann.asked("bob", prompt=WORDS, likenesses=[LIKENESS])
        own = ann.asked("ann", prompt="@ann")

        for video_id in (declared, own):
            found = seen(video_id, ann, sense, 1.0)
            assert (action(found), found.strange, found.joined) == ("pass", (), ())

    def test_one_who_agreed_covers_nobody_else(self, ann, sense):
        enrolled(ann.home, "user_mo", audience="everyone")
        video_id = ann.asked("bob", prompt=WORDS, likenesses=["@mo"])
        granted(audience="only_me")(ann)

        assert action(seen(video_id, ann, sense, 0.9)) == "block"

    def test_who_was_seen_is_asked_again_before_it_is_published(self, ann, sense):
        video_id = ann.asked("bob", prompt=WORDS)
        found = seen(video_id, ann, sense, 0.9)
        ann.change(Videos(ann.home.items).get(video_id), people=found.joined)
        readied(ann, video_id)
        granted(audience="only_me")(ann)

        with pytest.raises(ConditionFailed):
            ann.home.items.transact(found.checks)
        assert publish(GenerationState(video_id=video_id), ann.home.services).failure == "consent_withdrawn"


class TestTeens:
    """Of somebody under eighteen: for themselves only, whatever a row says, and for no adult ever."""

    @pytest.fixture
    def teen(self, world) -> World:
        """Ann is under eighteen, and the row of her consent says, wrongly, that everybody may."""
        enrolled(world.home, "user_ann", adult_at=FOREVER, audience="everyone", allow=("user_bob",))
        return world

    @pytest.mark.parametrize(
        "grant",
        [
            {"audience": "everyone"}, {"audience": "mutuals"}, {"audience": "approved"},
            {"audience": "approved", "allow": ["@bob"]}, {"audience": "only_me", "allow": ["@bob"]},
        ],
    )  # fmt: skip
    def test_theirs_is_opened_to_nobody(self, world, grant):
        enrolled(world.home, "user_ann", adult_at=FOREVER)

        answer = world.call("PATCH", f"/likenesses/{LIKENESS}", "ann", json=grant)

        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "teen_likeness")
        assert Likenesses(world.home.items).consent(LIKENESS).grant.audience == "only_me"

    @pytest.mark.parametrize("way", ["declared", "declared by handle", "in the prompt"])
    def test_nobody_else_asks_for_theirs(self, teen, way):
        wish = ask(teen, way)
        refused = sent(teen, wish)

        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "likeness_not_allowed")
        assert checked(teen, wish) == {**checked(teen, wish), "allowed": False, "code": "likeness_not_allowed"}

    def test_nobody_else_remixes_what_they_made_of_themselves(self, teen):
        parent = teen.finished("ann", prompt="@ann on a hill", visibility="public")

        refused = teen.call("POST", f"/videos/{parent}/remix", "bob", json={"prompt": "at night"})

        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "likeness_not_allowed")
        assert teen.call("POST", f"/videos/{parent}/remix", "ann", json={"prompt": "at night"}).status_code == 200

    @pytest.mark.parametrize("sense", ["face", "voice"])
    def test_whoever_is_seen_in_anothers_clip_is_not_published(self, teen, sense):
        assert action(seen(teen.asked("bob"), teen, sense, 0.9)) == "block"
        assert action(seen(teen.asked("bob"), teen, sense, 0.55)) == "hold"
        assert action(seen(teen.asked("ann"), teen, sense, 0.9)) == "pass"

    def test_a_job_that_was_accepted_wrongly_does_not_start(self, world):
        enrolled(world.home, "user_ann", audience="everyone")
        video_id = world.asked("bob", likenesses=[LIKENESS])
        store = Likenesses(world.home.items)
        consent = store.consent(LIKENESS)
        younger = consent.model_copy(update={"adult_at": FOREVER, "version": consent.version + 1})
        world.home.items.write(store.consent_write(younger, consent))

        assert check_consent(GenerationState(video_id=video_id), world.home.services).failure == "consent_withdrawn"

    def test_whoever_turns_eighteen_may_open_theirs(self, world):
        soon = int(world.clock.now().timestamp()) + 60
        enrolled(world.home, "user_ann", adult_at=soon)
        world.clock.pass_seconds(60)

        assert world.call("PATCH", f"/likenesses/{LIKENESS}", "ann", json={"audience": "everyone"}).status_code == 200
        assert world.asked("bob", likenesses=[LIKENESS])
