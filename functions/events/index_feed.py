"""Bring the index of meanings up with the posted clips, called by the clock: after a lost index, or one of before it.

What is covered: posted clips that the index lacks, or keeps without their facts, some pages a call, again and again.
What is not covered: clips in the index that are no longer posted; the read gate keeps those back, their events take
them out.
"""

from volary.entrypoint import entrypoint
from volary.errors import Absent, ModelFault, Unavailable
from volary.ports import Key, Put, Range, Services
from volary.stores.videos import Videos, feed_position
from volary.videos import Video

from events.bus import Done, Tick, VideoListed
from functions.events.place_clip import place_clip

PAGE, PAGES = 100, 10
CURSOR = Key("FEEDINDEX", "CURSOR")


def index_feed(tick: Tick, services: Services) -> Done:
    cursor = services.items.get(CURSOR) or {}
    after = cursor.get("after")
    for _ in range(PAGES):
        found = Videos(services.items).public(Range(after=after, limit=PAGE))
        try:
            for video in _behind(found, services):
                _place(video, services)
        except (ModelFault, Unavailable):
            return Done()  # nobody answers; the next call goes on from the same place
        after = feed_position(found[-1]) if len(found) == PAGE else None
        if after is None:
            break
    if after != cursor.get("after"):
        services.items.write(Put({"pk": CURSOR.pk, "sk": CURSOR.sk, "after": after}))
    return Done()


def _behind(found: list[Video], services: Services) -> list[Video]:
    known = services.vectors.known([each.id for each in found], [])
    return [each for each in found if each.id not in known or not known[each.id].point.language]


def _place(video: Video, services: Services) -> None:
    event = VideoListed(event_id=f"{video.id}.indexed", at=services.clock.now(), video_id=video.id)
    try:
        place_clip(event, services)
    except Absent:
        return  # an ancestor is gone: the clip stays outside


lambda_handler = entrypoint(index_feed)
