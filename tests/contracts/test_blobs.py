"""What every `Blobs` adapter promises: files by key, and links that allow one thing, for a while."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest
from volary.errors import Absent, Invalid
from volary.ports import BlobFacts

CLIP = bytes(range(256)) * 40
TYPE = "video/mp4"


@pytest.fixture
def stored(services, fresh):
    key = f"{fresh}/clip.mp4"
    services.blobs.put("videos", key, CLIP, TYPE)
    return key


def changed(url, **fields):
    """The link with some of its query's fields replaced; None takes one out."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **fields}
    kept = {name: value for name, value in query.items() if value is not None}
    return urlunsplit(parts._replace(query=urlencode(kept)))


def moved(url, key, other):
    parts = urlsplit(url)
    assert key in parts.path
    return urlunsplit(parts._replace(path=parts.path.replace(key, other)))


def with_flipped_signature(url):
    name, value = next(
        (name, value) for name, value in parse_qsl(urlsplit(url).query) if name.lower().endswith("signature")
    )
    return changed(url, **{name: ("0" if value[0] != "0" else "1") + value[1:]})


def post(form, data, content_type=TYPE):
    return httpx.post(form.url, data=form.fields, files={"file": ("clip.mp4", data, content_type)})


def test_gives_back_what_was_put(services, stored):
    assert services.blobs.get("videos", stored) == CLIP
    assert services.blobs.facts("videos", stored) == BlobFacts(len(CLIP), TYPE)


def test_what_was_never_put_is_absent(services, fresh, tmp_path):
    assert services.blobs.facts("videos", fresh) is None
    with pytest.raises(Absent):
        services.blobs.get("videos", fresh)
    with pytest.raises(Absent):
        services.blobs.download("videos", fresh, tmp_path / "file")


def test_one_key_in_two_buckets_is_two_files(services, stored):
    services.blobs.put("work", stored, b"other", "text/plain")

    assert services.blobs.get("videos", stored) == CLIP
    assert services.blobs.get("work", stored) == b"other"
    assert services.blobs.facts("uploads", stored) is None


def test_put_replaces(services, stored):
    services.blobs.put("videos", stored, b"", "application/json")

    assert services.blobs.get("videos", stored) == b""
    assert services.blobs.facts("videos", stored) == BlobFacts(0, "application/json")


def test_delete_removes_and_may_be_repeated(services, stored):
    services.blobs.delete("videos", stored)
    services.blobs.delete("videos", stored)

    assert services.blobs.facts("videos", stored) is None


def test_two_keys_with_the_same_content_live_and_die_alone(services, stored):
    services.blobs.put("work", stored, CLIP, TYPE)
    services.blobs.delete("videos", stored)

    assert services.blobs.get("work", stored) == CLIP


def test_files_travel_to_and_from_disk(services, fresh, tmp_path):
    (tmp_path / "up").write_bytes(CLIP)
    services.blobs.upload("work", fresh, tmp_path / "up", TYPE)
    services.blobs.download("work", fresh, tmp_path / "down")

    assert (tmp_path / "down").read_bytes() == CLIP
    assert services.blobs.facts("work", fresh) == BlobFacts(len(CLIP), TYPE)


def test_a_get_link_reads_the_file(services, stored):
    answer = httpx.get(services.blobs.get_link("videos", stored, seconds=60))

    assert answer.status_code == 200
    assert answer.content == CLIP
    assert answer.headers["content-type"] == TYPE


@pytest.mark.parametrize(
    ("asked", "first", "last"), [("bytes=0-9", 0, 9), ("bytes=100-", 100, 10239), ("bytes=-5", 10235, 10239)]
)
def test_a_get_link_reads_a_part_of_the_file(services, stored, asked, first, last):
    answer = httpx.get(services.blobs.get_link("videos", stored, seconds=60), headers={"range": asked})

    assert answer.status_code == 206
    assert answer.content == CLIP[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(CLIP)}"


def test_a_get_link_to_nothing_gives_nothing(services, fresh):
    assert httpx.get(services.blobs.get_link("videos", fresh, seconds=60)).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_a_get_link_only_reads(services, stored, method):
    answer = httpx.request(method, services.blobs.get_link("videos", stored, seconds=60), content=b"x")

    assert answer.status_code in (400, 403, 405, 411, 412)
    assert services.blobs.get("videos", stored) == CLIP


def test_a_get_link_opens_no_other_file(services, stored):
    services.blobs.put("videos", f"{stored}.secret", b"secret", TYPE)
    link = services.blobs.get_link("videos", stored, seconds=60)

    answer = httpx.get(moved(link, stored, f"{stored}.secret"))

    assert answer.status_code == 403
    assert b"secret" not in answer.content.replace(b".secret", b"")


def test_a_get_link_opens_no_other_bucket(services, stored):
    services.blobs.put("work", stored, b"unsigned", TYPE)
    videos = services.blobs.get_link("videos", stored, seconds=60)
    work = services.blobs.get_link("work", stored, seconds=60)
    crossed = urlunsplit(urlsplit(work)._replace(query=urlsplit(videos).query))

    assert httpx.get(crossed).status_code == 403


def test_a_link_without_its_signature_or_with_another_is_refused(services, stored):
    link = services.blobs.get_link("videos", stored, seconds=60)

    assert httpx.get(with_flipped_signature(link)).status_code == 403
    assert httpx.get(link.partition("?")[0]).status_code in (401, 403)


def test_a_link_ends(timed, stored):
    link = timed.services.blobs.get_link("videos", stored, seconds=60)
    timed.clock.move(59)
    assert httpx.get(link).status_code == 200

    timed.clock.move(1)
    assert httpx.get(link).status_code == 403
    later = int(timed.clock.now().timestamp()) + 600
    assert httpx.get(changed(link, expires=str(later))).status_code == 403


@pytest.mark.parametrize("seconds", [0, -1, 604_801])
def test_a_link_lives_between_a_second_and_a_week(services, stored, seconds):
    with pytest.raises(Invalid):
        services.blobs.get_link("videos", stored, seconds=seconds)


def test_a_put_link_writes_the_file(services, fresh):
    link = services.blobs.put_link("work", fresh, content_type=TYPE, seconds=60)

    assert httpx.put(link, content=CLIP, headers={"content-type": TYPE}).status_code == 200
    assert services.blobs.get("work", fresh) == CLIP
    assert services.blobs.facts("work", fresh).content_type == TYPE


def test_a_put_link_takes_its_own_content_type_only(services, fresh):
    link = services.blobs.put_link("work", fresh, content_type=TYPE, seconds=60)

    assert httpx.put(link, content=CLIP, headers={"content-type": "text/html"}).status_code == 403
    assert services.blobs.facts("work", fresh) is None


def test_a_put_link_does_not_read_or_write_elsewhere(services, stored):
    link = services.blobs.put_link("videos", stored, content_type=TYPE, seconds=60)

    assert httpx.get(link).status_code == 403
    answer = httpx.put(moved(link, stored, f"{stored}2"), content=b"x", headers={"content-type": TYPE})
    assert answer.status_code == 403
    assert services.blobs.facts("videos", f"{stored}2") is None


def test_a_form_takes_a_file(services, fresh):
    form = services.blobs.post_form("uploads", fresh, content_type=TYPE, max_bytes=len(CLIP), seconds=60)

    assert post(form, CLIP).status_code in (200, 201, 204)
    assert services.blobs.get("uploads", fresh) == CLIP
    assert services.blobs.facts("uploads", fresh).content_type == TYPE


def test_a_form_takes_no_larger_file(services, fresh):
    form = services.blobs.post_form("uploads", fresh, content_type=TYPE, max_bytes=len(CLIP) - 1, seconds=60)

    assert post(form, CLIP).status_code in (400, 413)
    assert post(form, CLIP * 20).status_code in (400, 413)
    assert services.blobs.facts("uploads", fresh) is None


def test_a_forms_limits_cannot_be_edited(services, fresh):
    form = services.blobs.post_form("uploads", fresh, content_type=TYPE, max_bytes=10, seconds=60)
    edited = [form._replace(url=changed(form.url, max_bytes="99999", content_type="text/html"))]
    edited += [
        form._replace(fields={**form.fields, name: value})
        for name, value in {"key": f"{fresh}2", "Content-Type": "text/html", "policy": "e30="}.items()
        if name in form.fields
    ]

    for other in edited:
        if other != form:
            assert post(other, CLIP, "text/html").status_code in (400, 403, 413)
    assert services.blobs.facts("uploads", fresh) is None
    assert services.blobs.facts("uploads", f"{fresh}2") is None


def test_a_form_ends(timed, fresh):
    form = timed.services.blobs.post_form("uploads", fresh, content_type=TYPE, max_bytes=99_999, seconds=5)
    timed.clock.move(5)

    assert post(form, CLIP).status_code == 403
    assert timed.services.blobs.facts("uploads", fresh) is None


def test_links_are_not_listed_anywhere(services, stored):
    link = urlsplit(services.blobs.get_link("videos", stored, seconds=60))
    parts = [f"/{part}" for part in link.path.strip("/").split("/")[:-1]]

    for depth in range(len(parts) + 1):
        folder = urlunsplit(link._replace(path="".join(parts[:depth]) + "/", query=""))
        answer = httpx.get(folder)
        assert answer.status_code in (400, 403, 404)
        assert stored.rpartition("/")[2] not in answer.text
