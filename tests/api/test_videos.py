"""The Videos API in process: what each call answers, to whom, and what it must not tell."""

import re

import pytest
from volary.stores.videos import Videos

KEYS = {
    "id", "object", "model", "status", "progress", "created_at", "completed_at", "expires_at", "prompt", "size",
    "seconds", "remixed_from_video_id", "error",
    "style", "seed", "likenesses", "purpose", "withdrawn", "visibility", "stage", "queue_position", "eta_seconds",
    "moderation", "kept_from", "provenance", "lineage", "not_rendered", "warnings", "links",
}  # fmt: skip


def test_a_request_is_queued_with_every_key_of_the_resource(world):
    answer = world.call("POST", "/videos", json={"prompt": "a fox", "seconds": 8, "size": "1280x720", "seed": 7})

    video = answer.json()
    assert set(video) == KEYS
    assert (video["status"], video["stage"], video["progress"], video["object"]) == ("queued", "queued", 0, "video")
    assert (video["seconds"], video["size"], video["model"], video["seed"]) == ("8", "1280x720", "sora-2", 7)
    assert video["error"] is None
    assert video["completed_at"] is None


def test_forms_and_json_mean_the_same(world):
    form = world.call("POST", "/videos", files={"prompt": (None, "a fox"), "seed": (None, "7")}).json()
    json = world.call("POST", "/videos", json={"prompt": "a fox", "seed": 7}).json()

    passing = {"id", "queue_position", "eta_seconds"}
    assert {k: v for k, v in form.items() if k not in passing} == {k: v for k, v in json.items() if k not in passing}


def test_first_answer_says_when_to_ask_again_in_whole_milliseconds(world):
    answer = world.call("POST", "/videos", json={"prompt": "a fox"})

    later = world.call("GET", f"/videos/{answer.json()['id']}")
    assert 250 <= int(answer.headers["openai-poll-after-ms"]) <= 10_000
    assert later.headers["openai-poll-after-ms"] == answer.headers["openai-poll-after-ms"]


def test_a_longer_queue_means_a_longer_interval(world):
    first = world.call("POST", "/videos", json={"prompt": "a fox"})
    world.asked()
    world.asked()
    world.clock.pass_seconds(1)
    last = world.call("POST", "/videos", json={"prompt": "a fox"})

    assert last.json()["queue_position"] == 3
    assert int(last.headers["openai-poll-after-ms"]) > int(first.headers["openai-poll-after-ms"])


def test_fields_that_are_not_understood_are_named_and_change_nothing(world):
    answer = world.call("POST", "/videos", json={"prompt": "a fox", "status": "completed", "cameos": [{"id": "a"}]})

    assert answer.headers["x-volary-ignored"] == "cameos, status"
    assert answer.json()["status"] == "queued"


SERVER_SET = {
    "id": "video_mine", "owner_id": "user_bob", "status": "completed", "stage": "done", "progress": 100,
    "gate": "pass", "moderation": {"status": "passed"}, "provenance": {"mark": "0" * 16}, "record": "0" * 16,
    "created_at": 1, "completed_at": 1, "posted_at": 1, "price": 0, "version": 99, "audit_head": "x",
    "signature": {"sha256": "0" * 64}, "source": {"use": "remix", "media": "video", "upload_key": "user_bob/x"},
    "upload_key": "user_bob/x", "remixable": False, "model_used": "x", "deleted_at": 1, "call_id": "x",
}  # fmt: skip


def test_no_field_that_the_server_sets_can_be_sent(world):
    plain = world.call("POST", "/videos", json={"prompt": "a fox", "seed": 1}).json()
    forged = world.call("POST", "/videos", json={"prompt": "a fox", "seed": 1, **SERVER_SET}).json()

    passing = {"id", "queue_position", "eta_seconds"}
    assert forged["id"] != "video_mine"
    assert {k: v for k, v in forged.items() if k not in passing} == {k: v for k, v in plain.items() if k not in passing}
    assert world.call("GET", f"/videos/{forged['id']}", "bob").status_code == 404


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({}, "prompt", "missing_required_parameter"),
        ({"prompt": ""}, "prompt", "empty_prompt"),
        ({"prompt": " \n"}, "prompt", "empty_prompt"),
        ({"prompt": "x" * 32_001}, "prompt", "prompt_too_long"),
        ({"prompt": 5}, "prompt", "invalid_type"),
        ({"prompt": ["a"]}, "prompt", "invalid_type"),
        ({"prompt": "a", "model": "dall-e"}, "model", "model_not_found"),
        ({"prompt": "a", "model": {"id": 1}}, "model", "invalid_type"),
        ({"prompt": "a", "size": "1920x1080"}, "size", "invalid_value"),
        ({"prompt": "a", "size": 720}, "size", "invalid_type"),
        ({"prompt": "a", "seconds": "5"}, "seconds", "invalid_value"),
        ({"prompt": "a", "seconds": True}, "seconds", "invalid_type"),
        ({"prompt": "a", "seconds": 4.0}, "seconds", "invalid_type"),
        ({"prompt": "a", "seconds": "16"}, "seconds", "invalid_value"),
        ({"prompt": "a", "seed": -1}, "seed", "invalid_value"),
        ({"prompt": "a", "seed": 2**32}, "seed", "invalid_value"),
        ({"prompt": "a", "seed": "x"}, "seed", "invalid_type"),
        ({"prompt": "a", "seed": True}, "seed", "invalid_type"),
        ({"prompt": "a", "style": "vaporwave"}, "style", "invalid_value"),
        ({"prompt": "a", "visibility": "everyone"}, "visibility", "invalid_value"),
        ({"prompt": "a", "likenesses": ["like_1"]}, "likenesses", "likeness_not_found"),
        ({"prompt": "a", "input_reference": "x"}, "input_reference", "invalid_type"),
        ({"prompt": "a", "input_reference": {}}, "input_reference", "invalid_type"),
        ({"prompt": "a", "input_reference": {"file_id": "f", "image_url": "u"}}, "input_reference", "invalid_type"),
        (
            {"prompt": "a", "input_reference": {"image_url": "http://169.254.169.254/"}},
            "input_reference",
            "image_url_not_supported",
        ),
        (
            {"prompt": "a", "input_reference": {"image_url": "data:image/png;base64,####"}},
            "input_reference",
            "invalid_value",
        ),
        ({"prompt": "a", "input_reference": {"image_url": "data:image/png,x"}}, "input_reference", "invalid_file"),
        ({"prompt": "a", "input_reference": {"file_id": "file_1"}}, "input_reference", "not_found"),
    ],
)
def test_bad_values_are_refused_with_the_field_at_fault(world, fields, param, code):
    answer = world.call("POST", "/videos", json=fields)

    error = answer.json()["error"]
    assert answer.status_code == (404 if code == "not_found" else 400)
    assert (error["param"], error["code"]) == (param, code)
    assert set(error) == {"message", "type", "param", "code"}
    assert answer.headers["x-should-retry"] == "false"
    assert world.call("GET", "/videos").json()["data"] == []


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("application/json", b"{", 400, "malformed_body"),
        ("application/json", b"[]", 400, "malformed_body"),
        ("application/json", b"null", 400, "malformed_body"),
        ("application/json", b'{"prompt": NaN}', 400, "malformed_body"),
        ("application/json", b'{"prompt": "\\ud800"}', 400, "malformed_body"),
        ("application/json", b"\xff\xfe{", 400, "malformed_body"),
        ("application/json", b"[" * 100_000, 400, "malformed_body"),
        ("application/json", b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400, "malformed_body"),
        ("application/json", b'{"a": [' + b"1," * 10_001 + b"1]}", 400, "malformed_body"),
        ("application/json", b"--x\r\nContent-Disposition: form-data", 400, "malformed_body"),
        ("multipart/form-data", b"--x--", 400, "malformed_body"),
        ("multipart/form-data; boundary=x", b'{"prompt": "a fox"}', 400, "malformed_body"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na fox\r\n',
            400,
            "truncated_body",
        ),
        ("text/plain", b"a fox", 415, "unsupported_content_type"),
        ("video/mp4", b"....", 415, "unsupported_content_type"),
        ("application/xml", b"<prompt/>", 415, "unsupported_content_type"),
    ],
)
def test_a_body_that_is_not_what_its_type_says_is_refused(world, content_type, body, status, code):
    answer = world.call("POST", "/videos", content=body, headers={"content-type": content_type})

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_prompt_of_32000_characters_is_taken(world):
    assert world.call("POST", "/videos", json={"prompt": "é" * 32_000}).status_code == 200


def test_listing_goes_through_all_pages_in_both_orders(world):
    made = []
    for _ in range(5):
        made.append(world.asked())
        world.clock.pass_seconds(1)
    world.asked("bob")

    def walk(order: str) -> list[str]:
        seen, after = [], None
        while True:
            query = {"limit": 2, "order": order, **({"after": after} if after else {})}
            page = world.call("GET", "/videos", params=query).json()
            assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][-1]["id"])
            seen += [video["id"] for video in page["data"]]
            if not page["has_more"]:
                return seen
            after = page["last_id"]

    assert walk("asc") == made
    assert walk("desc") == made[::-1]


def test_limit_may_be_nothing(world):
    world.asked()

    page = world.call("GET", "/videos", params={"limit": 0}).json()
    assert page == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": True}


@pytest.mark.parametrize("query", [{"limit": 101}, {"limit": -1}, {"limit": "x"}, {"limit": 10**9}, {"order": "up"}])
def test_bad_paging_is_refused(world, query):
    answer = world.call("GET", "/videos", params=query)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, next(iter(query)))


def test_paging_after_anothers_video_tells_nothing(world):
    theirs = world.asked("bob")

    assert world.call("GET", "/videos", params={"after": theirs}).status_code == 404


def test_content_is_a_redirect_to_a_link_and_never_the_bytes(world):
    video_id = world.finished()

    for variant, name in (("video", "clip.mp4"), ("thumbnail", "thumbnail.webp"), ("spritesheet", "spritesheet.webp")):
        answer = world.call("GET", f"/videos/{video_id}/content", params={"variant": variant})
        assert answer.status_code == 302
        assert re.search(rf"/videos/{video_id}/{name}\?.*signature=", answer.headers["location"])
        assert answer.content == b""


def test_unknown_variant_is_refused(world):
    answer = world.call("GET", f"/videos/{world.finished()}/content", params={"variant": "gif"})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "variant")


def test_content_of_an_unfinished_clip_is_a_conflict_that_no_client_retries(world):
    answer = world.call("GET", f"/videos/{world.asked()}/content")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "video_not_ready")
    assert answer.headers["x-should-retry"] == "false"


def test_a_held_clip_gives_its_maker_the_record_but_no_link(world):
    video_id = world.held()

    told = world.call("GET", f"/videos/{video_id}")
    assert (told.json()["moderation"], told.json()["eta_seconds"]) == ({"status": "held"}, None)
    assert told.headers["openai-poll-after-ms"] == "10000"
    answer = world.call("GET", f"/videos/{video_id}/content")
    assert answer.status_code == 409
    assert "signature=" not in answer.text + str(answer.headers)


def test_a_queued_job_can_be_deleted_and_its_credits_come_back(world):
    before = world.call("GET", "/me").json()["credits"]
    video_id = world.asked()
    assert world.call("GET", "/me").json()["credits"] < before

    answer = world.call("DELETE", f"/videos/{video_id}")

    assert answer.json() == {"id": video_id, "object": "video.deleted", "deleted": True}
    assert world.call("GET", "/me").json()["credits"] == before
    assert world.call("GET", f"/videos/{video_id}").status_code == 404
    assert world.call("DELETE", f"/videos/{video_id}").status_code == 404
    assert world.call("GET", "/videos").json()["data"] == []


def test_remix_takes_over_size_and_length_and_names_its_parent(world):
    parent = world.finished(size="1280x720", seconds="8")

    child = world.call("POST", f"/videos/{parent}/remix", json={"prompt": "at night"}).json()

    assert (child["size"], child["seconds"], child["remixed_from_video_id"]) == ("1280x720", "8", parent)
    assert child["lineage"] == {"parent_id": parent, "use": "remix"}


def test_edit_and_extension_start_from_an_id(world):
    parent = world.finished()

    edit = world.call("POST", "/videos/edits", files={"prompt": (None, "x"), "video[id]": (None, parent)}).json()
    longer = world.call("POST", "/videos/extensions", json={"prompt": "x", "seconds": "16", "video": {"id": parent}})

    assert edit["lineage"] == {"parent_id": parent, "use": "edit"}
    assert (longer.json()["seconds"], longer.json()["lineage"]["use"]) == ("20", "extend")


def test_a_clip_is_not_extended_beyond_two_minutes(world):
    video = world.finished()
    world.change(Videos(world.home.items).get(video), seconds=110)
    answer = world.call("POST", "/videos/extensions", json={"prompt": "x", "seconds": "12", "video": {"id": video}})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "seconds")


CALLS_ON_A_SOURCE = ("remix", "edits", "extensions")


def refused_source(world, call: str, source: str, who: str = "ann") -> tuple[int, str]:
    path, body = {
        "remix": (f"/videos/{source}/remix", {"prompt": "x"}),
        "edits": ("/videos/edits", {"prompt": "x", "video": {"id": source}}),
        "extensions": ("/videos/extensions", {"prompt": "x", "seconds": "4", "video": {"id": source}}),
    }[call]
    answer = world.call("POST", path, who, json=body)
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize("state", ["foreign", "deleted", "unknown"])
@pytest.mark.parametrize("call", CALLS_ON_A_SOURCE)
def test_a_source_that_is_foreign_deleted_or_unknown_is_absent(world, state, call):
    source = "video_x" if state == "unknown" else world.finished("bob" if state == "foreign" else "ann")
    if state == "deleted":
        world.call("DELETE", f"/videos/{source}")

    assert refused_source(world, call, source) == (404, "not_found")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, (409, "video_not_ready")),
        ({"status": "failed"}, (409, "video_failed")),
        ({"status": "completed", "gate": "pass", "hidden_by": "case_1"}, (403, "video_taken_down")),
    ],
    ids=["unfinished", "failed", "taken down"],
)
@pytest.mark.parametrize("call", CALLS_ON_A_SOURCE)
def test_a_maker_is_told_why_their_own_clip_cannot_be_built_on(world, call, change, told):
    source = world.asked(visibility="unlisted")
    world.change(Videos(world.home.items).get(source), **change)

    assert refused_source(world, call, source) == told
    content = world.call("GET", f"/videos/{source}/content")
    assert (content.status_code, content.json()["error"]["code"]) == told
    assert refused_source(world, call, source, "bob") == (404, "not_found")


def test_another_person_gets_no_seed_and_no_verdict_of_a_public_clip(world):
    video_id = world.finished(visibility="public")

    theirs = world.call("GET", f"/videos/{video_id}", "bob").json()

    assert (theirs["seed"], theirs["moderation"], theirs["kept_from"]) == (None, None, [])
    assert set(theirs) == KEYS


def test_credits_used_up_is_429_with_a_time_to_come_back(world):
    for _ in range(40):
        world.asked(seconds="12")

    answer = world.call("POST", "/videos", json={"prompt": "a fox", "seconds": "12"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "credits_used_up")
    assert int(answer.headers["retry-after"]) == 12 * 3600
    assert answer.headers["x-should-retry"] == "false"
    assert world.call("POST", "/videos", "bob", json={"prompt": "a fox"}).status_code == 200


def test_every_answer_has_a_request_id_of_its_own(world):
    answers = [world.call("GET", path) for path in ("/videos", "/videos/none", "/none", "/me")]

    assert len({answer.headers["x-request-id"] for answer in answers}) == 4


def test_a_fault_of_ours_is_told_without_its_cause(world):
    world.home.database.close()
    world.home.items._database = None

    answer = world.call("GET", "/videos")

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert answer.json()["error"]["message"].endswith(answer.headers["x-request-id"] + ".")
    assert "NoneType" not in answer.text
