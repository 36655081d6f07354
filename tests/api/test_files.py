"""Files and uploads: what is taken, what is refused by its first bytes, and how parts become a whole."""

import base64
import hashlib
import random
import struct

import pytest
from volary.stores.files import Files
from volary.stores.videos import Videos

from functions.api import boxes
from functions.api.app import create_app
from functions.api.limits import CLOUD


def send(world, name: str, data: bytes, content_type: str = "application/octet-stream"):
    form = {"prompt": (None, "x"), "input_reference": (name, data, content_type)}
    return world.call("POST", "/videos", files=form)


def test_pictures_and_clips_are_taken(world, png, mp4):
    assert send(world, "a.png", png, "image/png").status_code == 200
    assert send(world, "upload", png).status_code == 200
    assert send(world, "a.mp4", mp4, "video/mp4").status_code == 200


def test_what_is_stored_is_what_came_byte_for_byte_in_quarantine(world, png):
    video = Videos(world.home.items).get(send(world, "a.png", png, "image/png").json()["id"])

    assert world.home.blobs.get("uploads", video.source.upload_key) == png
    assert video.source.upload_key.startswith("user_ann/")


@pytest.mark.parametrize(
    ("name", "content_type", "change", "code"),
    [
        ("a.png", "image/png", lambda png, mp4: b"", "invalid_file"),
        ("a.png", "image/png", lambda png, mp4: b"\x89PN", "unsupported_file"),
        ("a.png", "image/png", lambda png, mp4: png[:-6], "truncated_file"),
        ("a.png", "image/png", lambda png, mp4: png[:20], "truncated_file"),
        ("a.png", "image/png", lambda png, mp4: mp4, "mismatched_file"),
        ("a.png", "", lambda png, mp4: mp4, "mismatched_file"),
        ("a.mp4", "video/mp4", lambda png, mp4: png, "mismatched_file"),
        ("a.mp4", "video/mp4", lambda png, mp4: mp4[:-1], "truncated_file"),
        ("a.mp4", "video/mp4", lambda png, mp4: mp4[: len(mp4) // 2], "truncated_file"),
        ("a.mp4", "video/mp4", lambda png, mp4: mp4[:12], "truncated_file"),
        ("a.mp4", "video/mp4", lambda png, mp4: mp4 + b"\0\0\0\0", "truncated_file"),
        ("a.mp4", "video/mp4", lambda png, mp4: b"\0\0\0\x18ftypevil" + b"\0" * 40, "unsupported_file"),
        ("a.gif", "image/gif", lambda png, mp4: b"GIF89a" + b"\0" * 40, "unsupported_file"),
        ("a.webm", "video/webm", lambda png, mp4: b"\x1aE\xdf\xa3" + b"\0" * 40, "unsupported_file"),
        ("a.html", "text/html", lambda png, mp4: b"<script>alert(1)</script>", "unsupported_file"),
        ("a.svg", "image/svg+xml", lambda png, mp4: b"<svg xmlns='x'/>", "unsupported_file"),
        ("a.jpg", "image/jpeg", lambda png, mp4: b"\xff\xd8\xff\xe0" + b"\0" * 200, "truncated_file"),
        ("a.webp", "image/webp", lambda png, mp4: b"RIFF\xff\0\0\0WEBPVP8 ", "truncated_file"),
    ],
)
def test_a_broken_or_disguised_file_is_refused_and_nothing_is_made(world, png, mp4, name, content_type, change, code):
    answer = send(world, name, change(png, mp4), content_type)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert answer.json()["error"]["param"] == "input_reference"
    assert world.call("GET", "/videos").json()["data"] == []


def test_a_picture_is_no_clip_to_edit(world, png):
    form = {"prompt": (None, "x"), "video": ("a.png", png, "image/png")}

    assert world.call("POST", "/videos/edits", files=form).json()["error"]["code"] == "invalid_type"


def test_an_extension_of_a_file_adds_to_the_length_that_it_claims(world, mp4):
    form = {"prompt": (None, "x"), "seconds": (None, "8"), "video": ("a.mp4", mp4, "video/mp4")}
    video = world.call("POST", "/videos/extensions", files=form).json()

    assert (video["seconds"], video["size"]) == ("12", "720x1280")


def test_a_clip_that_claims_to_last_for_hours_is_refused(world, mp4):
    place = mp4.index(b"mvhd") + 4 + 12
    scale = struct.unpack(">I", mp4[place : place + 4])[0]
    long = mp4[: place + 4] + struct.pack(">I", scale * 3600) + mp4[place + 8 :]
    form = {"prompt": (None, "x"), "video": ("a.mp4", long, "video/mp4")}

    assert world.call("POST", "/videos/edits", files=form).json()["error"]["code"] == "media_too_large"


def test_a_data_url_is_a_file(world, png):
    url = f"data:image/png;base64,{base64.b64encode(png).decode()}"

    answer = world.call("POST", "/videos", json={"prompt": "x", "input_reference": {"image_url": url}})

    assert answer.json()["lineage"] == {"parent_id": None, "use": "reference"}


def test_a_file_of_another_person_is_absent(world, png):
    form = {"purpose": (None, "vision"), "file": ("a.png", png, "image/png")}
    theirs = world.call("POST", "/files", "bob", files=form).json()["id"]

    answer = world.call("POST", "/videos", json={"prompt": "x", "input_reference": {"file_id": theirs}})

    assert (answer.status_code, answer.json()["error"]["param"]) == (404, "input_reference")


def asked(data: bytes, **change) -> dict:
    return {"bytes": len(data), "filename": "a.mp4", "mime_type": "video/mp4", "purpose": "user_data", **change}


def parts_of(world, upload: str, *pieces: bytes) -> list[str]:
    return [
        world.call("POST", f"/uploads/{upload}/parts", files={"data": ("part", piece)}).json()["id"] for piece in pieces
    ]


def test_parts_become_a_file_in_the_order_that_is_named(world, mp4):
    upload = world.call("POST", "/uploads", json=asked(mp4)).json()["id"]
    last, first = parts_of(world, upload, mp4[100:], mp4[:100])
    body = {"part_ids": [first, last], "md5": hashlib.md5(mp4).hexdigest()}

    done = world.call("POST", f"/uploads/{upload}/complete", json=body).json()

    assert (done["status"], done["file"]["bytes"]) == ("completed", len(mp4))
    reference = {"prompt": "x", "input_reference": {"file_id": done["file"]["id"]}}
    assert world.call("POST", "/videos", json=reference).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (lambda ids: {"part_ids": ids[::-1]}, 400, "unsupported_file"),
        (lambda ids: {"part_ids": ids[:1]}, 400, "invalid_value"),
        (lambda ids: {"part_ids": [*ids, ids[0]]}, 400, "invalid_value"),
        (lambda ids: {"part_ids": ["part_x"]}, 400, "invalid_value"),
        (lambda ids: {"part_ids": []}, 400, "invalid_value"),
        (lambda ids: {"part_ids": "x"}, 400, "invalid_type"),
        (lambda ids: {"part_ids": ids, "md5": "0" * 32}, 400, "wrong_checksum"),
    ],
)
def test_an_upload_that_is_not_whole_stays_pending(world, mp4, body, status, code):
    upload = world.call("POST", "/uploads", json=asked(mp4)).json()["id"]
    ids = parts_of(world, upload, mp4[:100], mp4[100:])

    answer = world.call("POST", f"/uploads/{upload}/complete", json=body(ids))

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert world.call("POST", f"/uploads/{upload}/complete", json={"part_ids": ids}).json()["status"] == "completed"


def test_an_ended_upload_takes_nothing_more(world, mp4):
    upload = world.call("POST", "/uploads", json=asked(mp4)).json()["id"]
    world.call("POST", f"/uploads/{upload}/cancel")

    for path, sent in (("parts", {"files": {"data": ("p", b"x")}}), ("complete", {"json": {}}), ("cancel", {})):
        answer = world.call("POST", f"/uploads/{upload}/{path}", **sent)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "upload_ended"), path
        assert answer.headers["x-should-retry"] == "false"


def test_an_upload_expires_after_an_hour(world, mp4):
    upload = world.call("POST", "/uploads", json=asked(mp4)).json()["id"]
    world.clock.pass_seconds(3601)

    assert world.call("POST", f"/uploads/{upload}/parts", files={"data": ("p", b"x")}).status_code == 409


@pytest.mark.parametrize(
    ("change", "status"),
    [({"bytes": 0}, 400), ({"bytes": 10**12}, 413), ({"mime_type": "text/html"}, 400), ({"purpose": "x"}, 400)],
)
def test_an_upload_that_could_never_be_used_is_refused_at_once(world, mp4, change, status):
    assert world.call("POST", "/uploads", json=asked(mp4, **change)).status_code == status


def test_the_form_of_an_upload_is_bound_to_its_size_and_type(world, mp4):
    upload = world.call("POST", "/uploads", json=asked(mp4)).json()

    assert f"max_bytes={len(mp4)}" in upload["form"]["url"] + str(upload["form"]["fields"])


def test_a_file_sent_by_the_form_completes_without_parts(world, mp4):
    upload = world.call("POST", "/uploads", json=asked(mp4)).json()
    key = Files(world.home.items).upload("user_ann", upload["id"]).upload_key
    world.home.blobs.put("uploads", key, mp4, "video/mp4")

    assert world.call("POST", f"/uploads/{upload['id']}/complete", json={"part_ids": []}).json()["file"]


def test_in_the_cloud_four_megabytes_are_the_most_of_one_request(world, mp4):
    world.client.app.state.limits = CLOUD
    large = mp4 + b"\0" * CLOUD.body_bytes

    answer = send(world, "a.mp4", large, "video/mp4")

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert "POST /v1/uploads" in answer.json()["error"]["message"]


def test_a_body_that_hides_its_length_is_cut_off(world):
    world.client.app.state.limits = CLOUD

    def endless():
        for _ in range(100):
            yield b" " * 1_000_000

    answer = world.call("POST", "/videos", content=endless(), headers={"content-type": "application/json"})

    assert answer.status_code == 413


def test_the_outline_of_a_movie_is_read_without_decoding(mp4, tmp_path):
    (tmp_path / "a.mp4").write_bytes(mp4)
    with (tmp_path / "a.mp4").open("rb") as stream:
        found = boxes.outline(stream, len(mp4))

    assert (round(found.seconds), found.width, found.height) == (4, 90, 160)


@pytest.mark.parametrize("seed", range(20))
def test_no_damage_to_a_movie_breaks_the_reader(mp4, tmp_path, seed):
    """Every answer is an outline or Broken, whatever bytes the boxes claim to have."""
    damaged = bytearray(mp4[:4096])
    chance = random.Random(seed)
    for _ in range(40):
        damaged[chance.randrange(len(damaged))] = chance.choice((0, 1, 255, chance.randrange(256)))
    (tmp_path / "a.mp4").write_bytes(damaged)
    with (tmp_path / "a.mp4").open("rb") as stream:
        assert boxes.is_whole(stream, len(damaged)) in (True, False)
        try:
            assert boxes.outline(stream, len(damaged)).seconds >= 0
        except boxes.Broken as broken:
            assert str(broken)


def test_the_application_can_be_made_for_the_cloud(world):
    assert create_app(world.home.services, CLOUD).state.limits.body_bytes == 4 * 1024 * 1024
