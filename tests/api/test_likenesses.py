"""A likeness over HTTP: the challenge, who may use it, and taking it back."""

import base64
import secrets

import pytest
from volary import receipts
from volary.enrolment import consent_texts
from volary.stores.likenesses import Likenesses
from volary.stores.videos import Act, Videos

from events.likeness import Challenge
from tests.api.people import deliver, enrolled

MP4 = b"\x00\x00\x00\x18ftypisom" + b"\x00" * 40


def texts() -> dict[str, object]:
    text = consent_texts()["en"]
    return {"text_version": text.version, "text_sha256": text.sha256, "confirmed": True}


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def begun(world, who: str = "ann", **fields) -> dict:
    device = base64.b64encode(secrets.token_bytes(32)).decode()
    answer = world.call("POST", "/likenesses", who, json={"device_key": device, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def send(world, likeness_id: str, content_type: str = "video/mp4", data: bytes = MP4) -> None:
    key = Likenesses(world.home.items).get(likeness_id).upload_key
    world.home.blobs.put("uploads", key, data, content_type)


def finished_with(world, likeness_id: str, who: str = "bob", **fields) -> str:
    return world.finished(who, likenesses=[likeness_id], **fields)


class TestCustody:
    def test_the_device_holds_the_key_unless_somebody_chooses_otherwise(self, world):
        said = begun(world)

        assert said["custody"] == Likenesses(world.home.items).get(said["id"]).custody == "device"
        assert world.call("GET", f"/likenesses/{said['id']}").json()["custody"] == "device"

    @pytest.mark.parametrize(
        "sent",
        [
            {},
            {"custody": "device"},
            {"device_key": "AAAA"},
            {"device_key": "not base64"},
            {"device_key": base64.b64encode(bytes(32)).decode()},  # of small order: a box for it would stay unmade
            {"device_key": base64.b64encode(b"\x01" + bytes(31)).decode()},
        ],
    )
    def test_without_the_key_of_a_device_nothing_begins_and_the_server_does_not_take_its_place(self, world, sent):
        answer = world.call("POST", "/likenesses", json=sent)

        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "device_key")
        assert world.call("GET", "/likenesses").json()["data"] == []

    @pytest.mark.parametrize("sent", [{"custody": "both"}, {"custody": None}, {"custody": ""}])
    def test_nobody_else_can_hold_it(self, world, sent):
        assert world.call("POST", "/likenesses", json=sent).status_code in (400, 422)

    @pytest.mark.parametrize(
        ("language", "custody", "said"),
        [
            ("en", "device", ("your device must release its half", "under a key of this server in any case")),
            ("en", "server", ("holds the whole key", "whoever takes over this server")),
            ("fr", "device", ("votre appareil doit libérer sa moitié", "sous une clé de ce serveur")),
            ("fr", "server", ("détient la clé entière", "quiconque s'empare de ce serveur")),
        ],
    )
    def test_it_is_said_before_the_capture_what_the_choice_means(self, world, language, custody, said):
        begun_so = begun(world, language=language, custody=custody)

        assert begun_so["custody"] == custody
        assert all(each in begun_so["custody_text"] for each in said)


class TestEnrolling:
    def test_a_challenge_has_digits_turns_a_form_and_the_text(self, world):
        said = begun(world)

        assert len(said["challenge"]["digits"]) == 6 and len(said["challenge"]["turns"]) == 3
        assert sum(said["challenge"]["groups"]) == 6 and 2 <= len(said["challenge"]["groups"]) <= 4
        assert said["challenge"]["expires_at"] - said["challenge"]["issued_at"] == 60
        assert said["form"]["url"].startswith("http") and said["consent"]["sha256"] == texts()["text_sha256"]

    def test_a_person_is_told_in_their_language_what_to_do(self, world):
        said = begun(world, language="fr")
        asked = Challenge.model_validate(said["challenge"])

        assert said["instructions"].startswith("Regardez la caméra.")
        assert f": {asked.shown}. " in said["instructions"] and asked.shown.count(" ") == len(asked.groups) - 1

    def test_a_reviewer_sees_the_groups_that_were_asked_for(self, world):
        said, store = begun(world), Likenesses(world.home.items)
        waiting = store.get(said["id"]).model_copy(update={"state": "review"})
        store.change(waiting, Act(action="capture review", actor="system", at=waiting.created_at))

        found = world.call("GET", "/moderation/captures", "mo").json()["data"]

        assert [(each["id"], each["groups"]) for each in found] == [(said["id"], said["challenge"]["groups"])]

    def test_a_capture_in_time_is_checked(self, world):
        likeness_id = begun(world)["id"]
        send(world, likeness_id)

        answer = world.call("POST", f"/likenesses/{likeness_id}/capture", json=texts())

        assert answer.json()["state"] == "checking"
        deliver(world.home)
        assert [call.request.likeness_id for call in iter(world.home.models.calls.take, None)] == [likeness_id]

    def test_a_challenge_works_once_and_for_sixty_seconds(self, world):
        first, late = begun(world)["id"], begun(world)["id"]
        send(world, first)
        send(world, late)
        path = f"/likenesses/{first}/capture"
        assert world.call("POST", path, json=texts()).status_code == 200

        assert code(world.call("POST", path, json=texts())) == (409, "challenge_used")
        world.clock.pass_seconds(60)
        assert code(world.call("POST", f"/likenesses/{late}/capture", json=texts())) == (409, "challenge_expired")

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"text_sha256": "0" * 64}, "consent_text_outdated"),
            ({"confirmed": False}, "invalid_value"),
        ],
    )
    def test_without_todays_consent_nothing_is_checked(self, world, change, expected):
        likeness_id = begun(world)["id"]
        send(world, likeness_id)

        answer = world.call("POST", f"/likenesses/{likeness_id}/capture", json=texts() | change)

        assert code(answer) == (400, expected)

    @pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n" + b"0" * 20, b"\x1a\x45\xdf\xa3" + b"0" * 20])
    def test_a_capture_is_told_by_its_signature(self, world, data):
        likeness_id = begun(world)["id"]
        send(world, likeness_id, data=data)

        answer = world.call("POST", f"/likenesses/{likeness_id}/capture", json=texts())

        assert code(answer) == (400, "mismatched_file")

    def test_another_persons_likeness_is_not_there(self, world):
        likeness_id = begun(world)["id"]

        for method, rest in (("GET", ""), ("GET", "/uses"), ("GET", "/impact"), ("GET", "/receipts"), ("DELETE", "")):
            assert world.call(method, f"/likenesses/{likeness_id}{rest}", "bob").status_code == 404
        for rest in ("/capture", "/revoke", "/grant"):
            assert world.call("POST", f"/likenesses/{likeness_id}{rest}", "bob", json=texts()).status_code == 404


class TestAllowing:
    @pytest.mark.parametrize(
        ("grant", "allowed"),
        [
            ({}, False),
            ({"audience": "approved"}, False),
            ({"audience": "approved", "allow": ["@bob"]}, True),
            ({"audience": "mutuals"}, False),
            ({"audience": "everyone"}, True),
            ({"audience": "everyone", "deny": ["@bob"]}, False),
            ({"audience": "everyone", "purposes": ["education"]}, False),
            ({"audience": "everyone", "restrictions": ["jamais en uniforme"]}, True),
            ({"audience": "everyone", "restrictions": ["not in the snow"]}, False),
            ({"audience": "everyone", "expires_at": 1}, False),
        ],
    )
    def test_the_grant_decides_who_may(self, world, grant, allowed):
        likeness_id = enrolled(world.home, "user_ann")
        assert world.call("PATCH", f"/likenesses/{likeness_id}", json=grant).status_code == 200
        ask = {"prompt": "a fox in the snow", "likenesses": [likeness_id]}

        said = world.call("POST", f"/likenesses/{likeness_id}/check", "bob", json={"prompt": ask["prompt"]}).json()
        made = world.call("POST", "/videos", "bob", json=ask)

        assert (said["allowed"], made.status_code == 200) == (allowed, allowed)
        assert allowed or made.json()["error"]["code"] == said["code"]

    def test_mutuals_follow_each_other(self, world):
        likeness_id = enrolled(world.home, "user_ann", audience="mutuals")
        ask = {"prompt": "a fox", "likenesses": ["@ann"]}
        world.call("POST", "/users/bob/follow", "ann")
        assert world.call("POST", "/videos", "bob", json=ask).status_code == 403

        assert world.call("POST", "/users/ann/follow", "bob").json()["mutual"] is True
        assert world.call("POST", "/videos", "bob", json=ask).json()["likenesses"] == [likeness_id]

        world.call("DELETE", "/users/bob/follow", "ann")
        assert world.call("POST", "/videos", "bob", json=ask).status_code == 403

    def test_an_at_handle_in_the_prompt_is_that_person(self, world):
        likeness_id = enrolled(world.home, "user_ann", audience="everyone")

        made = world.call("POST", "/videos", "bob", json={"prompt": "@ann rides a red horse"})

        assert made.json()["likenesses"] == [likeness_id]

    @pytest.mark.parametrize("prompt", ["@bob dances", "@nobody dances"])
    def test_a_handle_without_a_likeness_is_refused(self, world, prompt):
        answer = world.call("POST", "/videos", json={"prompt": prompt})

        assert code(answer) == (400, "likeness_not_found")

    def test_a_remix_inherits_the_people_and_their_rules(self, world):
        likeness_id = enrolled(world.home, "user_ann", audience="approved", allow=("user_bob",))
        parent = finished_with(world, likeness_id, visibility="public")

        refused = world.call("POST", f"/videos/{parent}/remix", "mo", json={"prompt": "at night"})
        made = world.call("POST", f"/videos/{parent}/remix", "bob", json={"prompt": "at night"})

        assert code(refused) == (403, "likeness_not_allowed")
        assert made.json()["likenesses"] == [likeness_id]

    def test_a_teen_can_open_theirs_to_nobody(self, world):
        likeness_id = enrolled(world.home, "user_ann", adult_at=9_000_000_000)

        answer = world.call("PATCH", f"/likenesses/{likeness_id}", json={"audience": "everyone"})

        assert code(answer) == (403, "teen_likeness")
        assert world.call("POST", "/videos", "bob", json={"prompt": "@ann"}).status_code == 403
        assert world.call("POST", "/videos", "ann", json={"prompt": "@ann"}).status_code == 200

    def test_a_teen_is_not_shown_as_if_photographed(self, world):
        likeness_id = enrolled(world.home, "user_ann", adult_at=9_000_000_000)
        lifelike = {"prompt": "@ann", "style": "photographic"}

        assert code(world.call("POST", "/videos", "ann", json=lifelike)) == (403, "teen_style")
        asked = world.call("POST", f"/likenesses/{likeness_id}/check", "ann", json=lifelike).json()
        assert (asked["allowed"], asked["code"]) == (False, "teen_style")
        assert world.call("POST", "/videos", "ann", json=lifelike | {"style": "animation"}).status_code == 200

    def test_a_key_is_not_taken_for_a_clip_whose_generation_is_over(self, world):
        likeness_id = enrolled(world.home, "user_ann", audience="everyone")
        body = {"video_id": finished_with(world, likeness_id), "key": "AAAA"}

        answer = world.call("POST", f"/likenesses/{likeness_id}/releases", json=body)

        assert code(answer) == (409, "video_not_waiting")

    def test_a_restriction_that_says_nothing_is_refused(self, world):
        likeness_id = enrolled(world.home, "user_ann")

        answer = world.call("PATCH", f"/likenesses/{likeness_id}", json={"restrictions": ["be nice to me"]})

        assert code(answer) == (400, "restriction_not_understood")

    def test_a_restriction_is_shown_as_a_rule(self, world):
        likeness_id = enrolled(world.home, "user_ann")

        answer = world.call("PATCH", f"/likenesses/{likeness_id}", json={"restrictions": ["not in political content"]})

        rule = answer.json()["grant"]["rules"][0]
        assert (rule["kind"], rule["topics"]) == ("forbid", ["politics"])


class TestRevoking:
    def test_after_the_answer_nothing_is_served_by_any_path(self, world):
        likeness_id = enrolled(world.home, "user_ann", audience="everyone")
        clip = finished_with(world, likeness_id, visibility="public")
        child = world.finished("mo", prompt="@ann at night", visibility="public")
        assert {post["id"] for post in world.call("GET", "/feed", "bob").json()["data"]} == {clip, child}

        answer = world.call("POST", f"/likenesses/{likeness_id}/revoke", json={})

        assert answer.json()["state"] == "withdrawn" and answer.json()["stands"] is False
        assert world.call("GET", "/feed", "bob").json()["data"] == []
        for who in ("ann", "mo", None):
            assert world.call("GET", f"/videos/{clip}", who).status_code == 404
            assert world.call("GET", f"/posts/{clip}", who).status_code == 404
        own = world.call("GET", f"/videos/{clip}", "bob").json()
        assert (own["withdrawn"], own["links"]) == (True, None)
        assert code(world.call("GET", f"/videos/{clip}/content", "bob")) == (403, "consent_withdrawn")
        for who, told in (("bob", (403, "consent_withdrawn")), ("mo", (404, "not_found"))):
            assert code(world.call("POST", f"/videos/{clip}/remix", who, json={"prompt": "x"})) == told

    def test_granting_again_brings_nothing_back(self, world):
        likeness_id = enrolled(world.home, "user_ann", audience="everyone")
        clip = finished_with(world, likeness_id, visibility="public")
        world.call("POST", f"/likenesses/{likeness_id}/revoke", json={})

        again = world.call("POST", f"/likenesses/{likeness_id}/grant", json=texts())
        world.call("PATCH", f"/likenesses/{likeness_id}", json={"audience": "everyone"})

        assert again.json()["stands"] is True
        assert world.call("GET", f"/videos/{clip}", "ann").status_code == 404
        fresh = finished_with(world, likeness_id, visibility="public")
        assert world.call("GET", f"/videos/{fresh}", "ann").status_code == 200

    @pytest.mark.parametrize(
        ("scope", "value", "gone"),
        [
            ("person", "@bob", {"bobs", "remix"}),
            ("purpose", "education", {"school"}),
            ("clip", "bobs", {"bobs", "remix"}),
            ("since", "later", {"school", "remix"}),
        ],
    )
    def test_a_partial_withdrawal_takes_its_part_and_its_remixes(self, world, scope, value, gone):
        likeness_id = enrolled(world.home, "user_ann", audience="everyone")
        clips = {"bobs": finished_with(world, likeness_id, visibility="public")}
        world.clock.pass_seconds(100)
        later = str(int(world.clock.now().timestamp()))
        clips["school"] = finished_with(world, likeness_id, "mo", purpose="education", visibility="public")
        edit = {"prompt": "at night", "visibility": "public", "video": {"id": clips["bobs"]}}
        edited = world.call("POST", "/videos/edits", "mo", json=edit)
        clips["remix"] = edited.json()["id"]
        publish(world, clips["remix"])
        named = {"later": later, **clips}.get(value, value)

        world.call("POST", f"/likenesses/{likeness_id}/revoke", json={"scope": scope, "value": named})

        for _ in range(2):  # at once, and after the cascade
            seen = {name: world.call("GET", f"/videos/{clip}", None).status_code for name, clip in clips.items()}
            unseen = {name for name, status in seen.items() if status == 404}
            assert unseen == gone
            deliver(world.home)

    def test_a_running_job_ends_with_its_credits_back(self, world):
        likeness_id = enrolled(world.home, "user_ann", audience="everyone")
        before = world.call("GET", "/me", "bob").json()
        running = world.asked("bob", likenesses=[likeness_id])

        world.call("POST", f"/likenesses/{likeness_id}/revoke", json={})
        deliver(world.home)

        video = Videos(world.home.items).get(running)
        assert (video.status, video.failure.code) == ("failed", "consent_withdrawn")
        assert world.call("GET", "/me", "bob").json() == before

    def test_impact_lists_every_clip_and_receipts_verify(self, world):
        likeness_id = enrolled(world.home, "user_ann", audience="everyone")
        clips = {finished_with(world, likeness_id) for _ in range(3)}
        for clip in clips:
            world.home.blobs.put("videos", f"{clip}/clip.mp4", b"1", "video/mp4")
        world.call("POST", f"/likenesses/{likeness_id}/revoke", json={})
        deliver(world.home)

        impact = world.call("GET", f"/likenesses/{likeness_id}/impact").json()

        assert {row["video_id"] for row in impact["data"]} == clips
        assert (impact["withdrawals"][0]["taken_down"], impact["withdrawals"][0]["scope"]) == (3, "all")
        assert not any(world.home.blobs.facts("videos", f"{clip}/clip.mp4") for clip in clips)
        keys = world.client.get("/v1/receipts/keys").json()
        said = world.call("GET", f"/likenesses/{likeness_id}/receipts").json()["data"]
        assert [receipts.verify(each["jws"], keys)["kind"] for each in said] == ["withdrawn", "granted"]
        status = world.client.get(receipts.verify(said[1]["jws"], keys)["status_url"]).json()
        assert status["standing"] == "withdrawn"

    def test_people_see_and_delete_others_drafts_of_them(self, world):
        likeness_id = enrolled(world.home, "user_ann", audience="everyone")
        draft = finished_with(world, likeness_id)

        uses = world.call("GET", f"/likenesses/{likeness_id}/uses").json()["data"]
        gone = world.call("DELETE", f"/likenesses/{likeness_id}/uses/{draft}")

        assert [(use["video_id"], use["links"] is not None) for use in uses] == [(draft, True)]
        assert gone.json()["deleted"] is True
        assert world.call("GET", f"/videos/{draft}", "bob").status_code == 404

    def test_erasing_withdraws_and_leaves_a_receipt(self, world):
        likeness_id = enrolled(world.home, "user_ann", audience="everyone")
        clip = finished_with(world, likeness_id, visibility="public")

        assert world.call("DELETE", f"/likenesses/{likeness_id}").json()["deleted"] is True
        deliver(world.home)

        assert world.call("GET", f"/videos/{clip}", "mo").status_code == 404
        kinds = [each["kind"] for each in world.call("GET", f"/likenesses/{likeness_id}/receipts").json()["data"]]
        assert sorted(kinds) == ["erased", "granted", "withdrawn"]


def publish(world, video_id: str) -> None:
    """As the steps would leave it."""
    from volary.stores.videos import Act
    from volary.videos import complete

    from tests.api.conftest import MADE, SIGNED

    store = Videos(world.home.items)
    fields = {"model": "volary-1", "made": MADE, "gate": "pass", "signature": SIGNED, "stage": "publishing"}
    video = world.change(store.get(video_id), **fields)
    now = int(world.clock.now().timestamp())
    store.change(complete(video, now), Act(action="published", actor="test", at=now))
