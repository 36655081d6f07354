"""The media server's own promises, beyond the contract of `Blobs`: how files are shown, named and kept apart."""

import os
from datetime import timedelta

import pytest
from starlette.testclient import TestClient
from volary.embedded import Options, open_home
from volary.errors import Absent, Forbidden, Invalid

from local.media import create_media_app
from tests.contracts.embedded_home import MovedClock

PAGE = "http://127.0.0.1:8080"


@pytest.fixture
def clock():
    return MovedClock()


@pytest.fixture
def home(clock):
    return open_home(":memory:", Options(media="http://testserver", clock=clock))


@pytest.fixture
def client(home):
    with TestClient(create_media_app(home, PAGE)) as client:
        yield client


def link(home, key="x.mp4", data=b"clip", content_type="video/mp4"):
    home.blobs.put("videos", key, data, content_type)
    return home.blobs.get_link("videos", key, seconds=60)


def files(home):
    return [path for path in home.blobs.folder.glob("??/*") if path.is_file()]


def test_a_clip_is_shown_and_named(home, client):
    answer = client.get(link(home, "folder/x.mp4"))

    assert answer.headers["content-disposition"] == 'inline; filename="x.mp4"'
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/javascript", "x/y; charset=z", ""])
def test_what_could_run_in_a_browser_is_only_ever_a_download(home, client, content_type):
    answer = client.get(link(home, "page", b"<script>", content_type))

    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("ask", ["good", "bad", "absent", "range"])
def test_every_answer_keeps_browsers_from_guessing_running_and_telling(home, client, ask):
    url = link(home)
    asked = {"good": url, "bad": url[:-1], "absent": home.blobs.get_link("videos", "y", seconds=9), "range": url}[ask]
    headers = client.get(asked, headers={"range": "bytes=99-"} if ask == "range" else {}).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "private, no-store"


def test_head_tells_the_size_without_the_file(home, client):
    answer = client.head(link(home))

    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "4", b"")


def test_a_range_beyond_the_end_is_refused(home, client):
    assert client.get(link(home), headers={"range": "bytes=99-"}).status_code == 416


def test_only_the_homes_own_page_may_read_by_script(home, client):
    url = link(home)
    assert client.get(url, headers={"origin": PAGE}).headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-origin" not in client.get(url, headers={"origin": "http://evil.example"}).headers


@pytest.mark.parametrize(
    "path", ["/", "/videos", "/videos/", "/secrets/x", "/videos/..%2f..%2fvolary.sqlite", "/videos/%00", "//x"]
)
def test_no_path_answers_without_a_link(client, path):
    assert client.get(path).status_code in (400, 403, 404)


def test_a_link_with_a_field_given_twice_is_judged_as_a_whole(home, client):
    url = link(home)
    later = int(home.clock.now().timestamp()) + 9_999

    assert client.get(f"{url}&expires={later}").status_code == 403
    assert client.get(f"{url}&more=1").status_code == 200


def test_a_link_of_another_home_is_refused(home, client):
    other = open_home(":memory:", Options(media="http://testserver"))
    link(home)

    assert client.get(link(other)).status_code == 403


@pytest.mark.parametrize(
    "fields",
    [
        "",
        "expires=1",
        "expires=-1&max_bytes=0",
        "expires=²&max_bytes=0",
        "expires=" + "9" * 5000 + "&max_bytes=0",
        "expires=1e9&max_bytes=0&signature=ü",
    ],
)
def test_a_query_that_is_no_grant_is_refused(home, fields):
    with pytest.raises(Forbidden):
        home.blobs.links.check("GET", "/videos/x.mp4", fields, 0)


@pytest.mark.parametrize(
    "key", ["", "/x", "x/", "a//b", "../x", "a/../b", ".", "a b", "a?b", "a#b", "a%2fb", "a\\b", "ä", "x" * 513, "a\nb"]
)
def test_a_key_that_a_client_could_read_as_another_is_refused(home, key):
    with pytest.raises(Invalid):
        home.blobs.put("videos", key, b"x", "video/mp4")
    with pytest.raises(Invalid):
        home.blobs.get_link("videos", key, seconds=1)


def test_a_form_without_a_file_is_refused(home, client):
    form = home.blobs.post_form("uploads", "u", content_type="video/mp4", max_bytes=9, seconds=60)

    assert client.post(form.url, data={"x": "y"}).status_code == 400
    assert client.post(form.url, content=b"no form").status_code == 400


def test_an_upload_that_is_too_large_leaves_nothing_behind(home, client):
    put = home.blobs.links.url(
        home.blobs.links.check("PUT", *_parts(home.blobs.put_link("work", "w", content_type="a/b", seconds=9)), 0)
    )
    form = home.blobs.post_form("uploads", "u", content_type="video/mp4", max_bytes=10, seconds=60)

    assert client.post(form.url, files={"file": ("x", b"x" * 11, "video/mp4")}).status_code == 413
    assert client.post(form.url, files={"file": ("x", b"x" * 99_999, "video/mp4")}).status_code == 413
    assert client.put(put, content=b"", headers={"content-type": "a/b"}).status_code == 200
    assert [path.name for path in home.blobs.folder.glob("incoming/*")] == []
    assert home.blobs.facts("uploads", "u") is None


def _parts(url):
    path, _, query = url.removeprefix("http://testserver").partition("?")
    return path, query


def test_equal_content_is_one_file_until_the_last_name_is_gone(home):
    home.blobs.put("videos", "a", b"same", "video/mp4")
    home.blobs.put("work", "b", b"same", "video/mp4")
    assert len(files(home)) == 1

    home.blobs.delete("videos", "a")
    assert len(files(home)) == 1
    home.blobs.delete("work", "b")
    assert files(home) == []


def test_replaced_content_is_gone(home):
    home.blobs.put("videos", "a", b"old", "video/mp4")
    home.blobs.put("videos", "a", b"new", "video/mp4")

    assert [path.read_bytes() for path in files(home)] == [b"new"]


def test_files_are_readable_by_their_owner_only(home):
    home.blobs.put("videos", "a", b"clip", "video/mp4")

    assert {path.stat().st_mode & 0o077 for path in (*files(home), home.blobs.folder)} == {0}
    assert {path.stat().st_mode & 0o777 for path in (home.folder / "keys").iterdir()} == {0o600}


def test_a_key_file_that_others_may_read_is_refused(home):
    home.keys.sign_digest("provenance", bytes(32))
    (home.folder / "keys" / "provenance.key").chmod(0o644)

    with pytest.raises(Forbidden, match="chmod 600"):
        home.keys.sign_digest("provenance", bytes(32))


def test_sweeping_takes_what_nobody_names_and_what_is_past_its_time(home, clock):
    home.blobs.put("work", "old", b"old", "video/mp4")
    home.blobs.put("videos", "kept", b"kept", "video/mp4")
    orphan = home.blobs.folder / "ab" / ("ab" + "0" * 62)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"left by a crash")
    os.utime(orphan, (0, 0))
    clock.move(timedelta(days=32).total_seconds())

    home.blobs.sweep()

    assert [path.read_bytes() for path in files(home)] == [b"kept"]
    with pytest.raises(Absent):
        home.blobs.get("work", "old")
