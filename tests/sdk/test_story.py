"""What the official clients, unchanged, are told by the API: one story, driven through each of them."""

import hashlib
from pathlib import Path

import pytest

pytestmark = pytest.mark.sdk
REQUIRED = {
    "id", "object", "model", "status", "progress", "created_at", "completed_at", "expires_at", "prompt", "size",
    "seconds", "remixed_from_video_id", "error",
}  # fmt: skip
OURS = {
    "style", "seed", "likenesses", "stage", "queue_position", "eta_seconds", "moderation", "provenance", "lineage",
    "not_rendered",
}  # fmt: skip


def test_a_request_is_queued_and_keeps_its_values(told):
    video = told["created"]

    assert (video["object"], video["status"], video["progress"]) == ("video", "queued", 0)
    assert (video["seconds"], video["size"], video["model"], video["seed"]) == ("8", "1280x720", "sora-2", 7)
    assert video["id"].startswith("video_")


def test_every_key_is_there_and_ours_survive_into_the_client(told):
    for name in ("created", "made", "blocked", "remixed"):
        assert set(told[name]) >= REQUIRED | OURS, name


def test_polling_ends_with_a_finished_clip(told):
    video = told["made"]

    assert int(told["poll_after_ms"]) > 0
    assert (video["status"], video["progress"], video["stage"]) == ("completed", 100, "done")
    assert video["completed_at"] >= video["created_at"]
    assert video["moderation"] == {"status": "passed"}
    assert video["not_rendered"] == ["zyx"]
    assert told["retrieved"]["id"] == told["created"]["id"]


def test_downloads_follow_a_redirect_to_signed_files_on_another_origin(told):
    heads = {"video": "66747970", "thumbnail": "52494646", "spritesheet": "52494646"}
    types = {"video": "video/mp4", "thumbnail": "image/webp", "spritesheet": "image/webp"}
    for variant, head in heads.items():
        got = told[f"download_{variant}"]
        data = (Path(told["task"]["out"]) / variant).read_bytes()
        assert (got["redirects"], got["other_origin"], got["content_type"]) == ([302], True, types[variant])
        assert head in got["head"]
        assert hashlib.sha256(data).hexdigest() == got["sha256"]
        assert not got.get("sent_authorization", False)
    assert told["download_video"]["sha256"] == told["made"]["provenance"]["sha256"]


def test_a_remix_names_its_parent_and_takes_over_its_shape(told):
    child, parent = told["remixed"], told["made"]

    assert child["remixed_from_video_id"] == parent["id"]
    assert (child["size"], child["seconds"]) == (parent["size"], parent["seconds"])
    assert child["lineage"] == {"parent_id": parent["id"], "use": "remix"}


def test_edits_and_extensions_start_from_a_clip_or_a_file(told):
    parent = told["made"]["id"]

    assert told["edited"]["lineage"] == {"parent_id": parent, "use": "edit"}
    assert told["extended"]["lineage"] == {"parent_id": parent, "use": "extend"}
    assert told["extended"]["seconds"] == "12"
    if told["client"] != "python-2.9.0":
        assert told["edited_file"]["lineage"] == {"parent_id": None, "use": "edit"}
        assert (told["extended_file"]["seconds"], told["extended_file"]["size"]) == ("12", "720x1280")


def test_python_can_name_a_clip_in_a_form_by_its_documented_work_around(told):
    if "edited_form" not in told:
        pytest.skip("only Python clients with `edit` need the work-around")
    assert told["edited_form"]["lineage"] == {"parent_id": told["made"]["id"], "use": "edit"}


def test_a_character_waits_for_consent(told):
    if told["client"] == "python-2.9.0":
        pytest.skip("this client has no characters")
    assert told["character"]["name"] == "Mossy"
    assert told["character"]["state"] == "pending_consent"
    assert told["character_again"] == told["character"]


def test_a_reference_is_a_file_a_data_url_or_an_id(told):
    assert told["from_file"]["status"] == "completed"
    assert told["from_file"]["moderation"] == {"status": "passed"}, "by the reviewer: it is held for what no model sees"
    for name in ("from_file", "from_url", "from_id", "upload_used"):
        assert told[name]["lineage"]["use"] == "reference", name


def test_files_are_kept_listed_and_deleted(told):
    stored = told["file"]

    assert (stored["object"], stored["filename"], stored["status"]) == ("file", "picture.png", "processed")
    assert told["file_again"]["id"] == stored["id"]
    assert stored["id"] in told["files"]
    assert told["file_deleted"]["deleted"] is True


def test_an_upload_is_put_together_from_its_parts(told):
    pending, done = told["upload"]["pending"], told["upload"]["done"]

    assert (pending["status"], pending["object"], pending["file"]) == ("pending", "upload", None)
    assert (done["status"], done["file"]["bytes"]) == ("completed", pending["bytes"])
    assert told["upload_cancelled"]["status"] == "cancelled"


def test_lists_are_walked_to_their_end_in_both_orders(told):
    assert told["page"] == {"ids": told["newest_first"][:2], "has_more": True}
    assert len(told["newest_first"]) == len(set(told["newest_first"])) >= 5
    assert told["oldest_first"] == told["newest_first"][::-1]


def test_a_queued_video_can_be_deleted(told):
    assert told["deleted"]["answer"] == {"id": told["deleted"]["id"], "object": "video.deleted", "deleted": True}
    assert told["deleted_again"]["status"] == 404


def test_a_blocked_prompt_is_a_failed_video_and_no_http_error(told):
    video = told["blocked"]

    assert (video["status"], video["error"]["code"]) == ("failed", "moderation_blocked")
    assert video["error"]["message"] == "Your request was blocked by our moderation system."
    assert video["moderation"] == {"status": "blocked"}


@pytest.mark.parametrize(
    ("name", "expected"),
    {
        "empty": ("BadRequestError", 400, "empty_prompt", "prompt"),
        "long": ("BadRequestError", 400, "prompt_too_long", "prompt"),
        "model": ("BadRequestError", 400, "model_not_found", "model"),
        "size": ("BadRequestError", 400, "invalid_value", "size"),
        "seconds": ("BadRequestError", 400, "invalid_value", "seconds"),
        "unknown": ("NotFoundError", 404, "not_found", None),
        "foreign": ("NotFoundError", 404, "not_found", None),
        "foreign_source": ("NotFoundError", 404, "not_found", "video"),
        "foreign_delete": ("NotFoundError", 404, "not_found", None),
        "token": ("AuthenticationError", 401, "invalid_token", None),
        "variant": ("BadRequestError", 400, "invalid_value", "variant"),
        "cut": ("BadRequestError", 400, "truncated_file", "input_reference"),
        "disguised": ("BadRequestError", 400, "mismatched_file", "input_reference"),
        "url": ("BadRequestError", 400, "image_url_not_supported", "input_reference"),
        "not_ready": ("ConflictError", 409, "video_not_ready", None),
    }.items(),
)
def test_errors_reach_the_client_as_its_own_kinds(told, name, expected):
    error = told["errors"][name]

    if (name, told["client"]) == ("empty", "python-2.54.0"):
        expected = ("BadRequestError", 400, "missing_required_parameter", "prompt")  # it sends no empty field
    assert (error["class"], error["status"], error["code"], error["param"]) == expected
    assert error["message"]
    assert error["type"].endswith("_error")
    assert error["request_id"].startswith("req_")
    assert error.get("retries", 0) == 0


def test_a_body_that_is_too_large_names_the_call_that_takes_it(told):
    error = told["errors"]["large"]

    assert (error["status"], error["code"]) == (413, "body_too_large")
    assert "POST /v1/uploads" in error["message"]


def test_a_retry_after_a_lost_answer_makes_one_clip(told):
    assert told["retried"]["made"] == [told["retried"]["id"]]


def test_an_idempotency_key_makes_one_clip_and_refuses_another_request(told):
    one, other = told["keyed"]

    assert one == other
    assert (told["key_reused"]["status"], told["key_reused"]["code"]) == (422, "idempotency_key_reused")


def test_models_are_ours_and_the_names_that_stand_for_it(told):
    assert {"volary-1", "sora-2", "sora-2-pro"} <= set(told["models"])
    assert told["model"]["object"] == "model"
    assert (told["model_unknown"]["status"], told["model_unknown"]["code"]) == (404, "model_not_found")


def test_moderations_have_the_categories_of_the_sdk(told):
    fine, blocked = told["moderation"]["results"]

    assert (fine["flagged"], blocked["flagged"]) == (False, True)
    assert not any(fine["categories"].values())


def test_webhooks_are_unwrapped_by_the_client_and_forged_ones_are_not(told):
    heard = told["heard"]

    assert [(each["type"], each["id"], each["object"]) for each in heard] == [
        ("video.completed", told["heard_of"], "event")
    ]
    assert heard[0]["event"].startswith("evt_")
    assert told["forged"] is False


def test_the_newest_client_manages_webhook_endpoints(told):
    if told["client"] != "python-3.54.0":
        pytest.skip("only this client has the calls")
    assert (told["tested"]["status_code"], told["tested"]["success"]) == (200, True)
    assert told["rotated"] is True
    assert told["endpoint_renamed"]["name"] == "renamed"
    assert told["endpoints"] == [told["endpoint"]["id"]]
    assert set(told["event_types"]["data"]) == {"video.completed", "video.failed", "video.withdrawn"}
