"""What every `Edge` adapter promises: links to published files, for a while. tests/edge holds the one on CloudFront."""

import httpx
import pytest
from volary.errors import Invalid

CLIP = b"a clip" * 99


@pytest.fixture
def stored(services, fresh):
    key = f"{fresh}/clip.mp4"
    services.blobs.put("videos", key, CLIP, "video/mp4")
    return key


def test_a_link_leads_to_its_file_in_whole_and_in_part(services, stored):
    link = services.edge.link(stored, {"video_1": 4, "like_2": 7}, seconds=60)

    assert httpx.get(link).content == CLIP
    assert httpx.get(link, headers={"range": "bytes=2-5"}).content == CLIP[2:6]


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_link_has_time_to_live(services, stored, seconds):
    with pytest.raises(Invalid):
        services.edge.link(stored, {"video_1": 4}, seconds=seconds)


def test_barring_twice_is_no_error(services, fresh):
    for version in (8, 8, 3):
        services.edge.bar(fresh, version)
