"""What every `Bus` adapter promises: a published event reaches its subscribers, and arrives as it was sent."""

from datetime import UTC, datetime

from events.bus import EVENT, VideoCompleted, VideoFailed

AT = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def test_events_arrive_as_they_were_sent(home, fresh):
    sent = [
        VideoCompleted(event_id=f"{fresh}.1", at=AT, video_id="video_1", owner_id="usr_1"),
        VideoFailed(event_id=f"{fresh}.2", at=AT, video_id="video_1", owner_id="usr_1", code="silent"),
    ]
    home.services.bus.publish(sent)

    letters = [letter for letter in home.published() if letter["detail"]["event_id"].startswith(fresh)]

    assert {EVENT.validate_python(letter["detail"]) for letter in letters} == set(sent)
    assert {letter["detail-type"] for letter in letters} == {"video.completed", "video.failed"}


def test_publishing_nothing_is_no_error(services):
    services.bus.publish([])


def test_more_events_than_fit_one_call_all_arrive(home, fresh):
    sent = [VideoCompleted(event_id=f"{fresh}.{number:02}", at=AT, video_id="v", owner_id="u") for number in range(23)]
    home.services.bus.publish(sent)

    met: set[str] = set()
    for _ in range(10):
        met |= {letter["detail"]["event_id"] for letter in home.published()}
        if len({each for each in met if each.startswith(fresh)}) == 23:
            break
    assert {event.event_id for event in sent} <= met
