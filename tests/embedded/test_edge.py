"""The home's list of what ends links before their time."""

from datetime import timedelta

import pytest
from volary.embedded import Options, open_home
from volary.errors import Invalid
from volary.judged import read, spelt

from tests.contracts.embedded_home import MovedClock

JUDGED = {"video_1": 4, "like_ann": 7}


@pytest.fixture
def clock():
    return MovedClock()


@pytest.fixture
def edge(clock):
    return open_home(":memory:", Options(media="http://testserver", clock=clock)).edge


@pytest.mark.parametrize(
    ("name", "version", "barred"),
    [("video_1", 4, None), ("video_1", 5, "video_1"), ("like_ann", 8, "like_ann"), ("like_bob", 9, None)],
)
def test_a_link_ends_where_a_later_version_of_what_it_names_is_barred(edge, name, version, barred):
    edge.bar(name, version)

    assert edge.barred(spelt(JUDGED)) == barred


def test_an_entry_never_lets_more(edge):
    for version in (9, 5, 7):
        edge.bar("video_1", version)

    assert edge.barred("video_1.8") == "video_1"
    assert edge.barred("video_1.9") is None


def test_nothing_is_barred_of_a_link_that_nobody_judged(edge):
    edge.bar("video_1", 9)

    assert edge.barred("") is None


def test_what_was_judged_reads_as_it_was_written():
    assert read(spelt(JUDGED)) == JUDGED


@pytest.mark.parametrize("text", ["", "video_1", "video_1.x", "video_1.4~", "video_1.4~video_1.9", "vidéo.1", "a.1 "])
def test_what_was_not_written_so_is_refused(text):
    with pytest.raises(Invalid):
        read(text)


def test_entries_go_when_no_link_is_left_that_they_could_end(edge, clock):
    edge.bar("video_1", 9)
    clock.at += timedelta(seconds=3600 + 901)

    edge.items.sweep()

    assert edge.items.query("BARRED") == []
