"""Place a finished clip in the space of meanings, for the feed, and note who made something from whose clip."""

from volary.entrypoint import entrypoint
from volary.ports import Point, Services
from volary.remix import ancestors
from volary.steering.targets import anchors, topics_of
from volary.stores.feeds import Facts, Feeds
from volary.stores.videos import Videos
from volary.videos import Video

from events.bus import Done, VideoCompleted
from events.inference import Embed, Embedded


def place_clip(event: VideoCompleted, services: Services) -> Done:
    """Also for clips that are not posted: the feed asks whether they are when it shows them."""
    videos, feeds = Videos(services.items), Feeds(services.items)
    video = videos.get(event.video_id)
    if video.deleted_at is not None or video.completed_at is None:
        return Done()
    line = ancestors(video, videos)
    root_id = line[-1].id if line else video.id
    facts = _facts(video, root_id, services)
    feeds.place(facts)
    services.vectors.put([_point(video, facts)])
    if videos.get(video.id).deleted_at is not None:
        services.vectors.remove([video.id])  # deleted meanwhile, so that its removal may have come first
    if line and line[0].owner_id != video.owner_id:
        feeds.note_remaker(line[0].id, video.owner_id)
        feeds.tie(video.owner_id, line[0].owner_id, root_id)
        feeds.tie(line[0].owner_id, video.owner_id, root_id)
    return Done()


def _facts(video: Video, root_id: str, services: Services) -> Facts:
    question = Embed(texts=(video.prompt,), anchors=tuple(phrase for phrase, _ in anchors()))
    meant = Embedded.model_validate(services.models.ask(question))
    return Facts(
        video_id=video.id,
        owner_id=video.owner_id,
        root_id=root_id,
        seconds=video.seconds,
        is_remix=video.parent_id is not None,
        completed_at=video.completed_at or 0,
        topics=topics_of(meant.likeness[0]),
        vector=meant.vectors[0],
    )


def _point(video: Video, facts: Facts) -> Point:
    people = tuple(sorted({each.likeness_id for each in video.people}))
    return Point(video.id, facts.vector, video.owner_id, facts.root_id, facts.completed_at, people)


lambda_handler = entrypoint(place_clip)
