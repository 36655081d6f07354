"""Place a finished clip in the space of meanings, for the feed, and note who made something from whose clip."""

from collections.abc import Sequence

from volary.entrypoint import entrypoint
from volary.ports import Point, Services
from volary.remix import ancestors
from volary.steering.lexicon import guess
from volary.steering.targets import anchors, topics_of
from volary.stores.feeds import Facts, Feeds
from volary.stores.videos import Videos
from volary.videos import Video

from events.bus import Done, VideoCompleted, VideoListed
from events.inference import Embed, Embedded


def place_clip(event: VideoCompleted | VideoListed, services: Services) -> Done:
    """Also for clips that are not posted, so that a later post asks no model; the index holds the posted ones."""
    videos, feeds = Videos(services.items), Feeds(services.items)
    video = videos.get(event.video_id)
    if video.deleted_at is not None or video.completed_at is None:
        return Done()
    line = ancestors(video, videos)
    root_id = line[-1].id if line else video.id
    known = feeds.facts_of(video.id)
    facts = known if known is not None and known.language else _facts(video, line, services)
    if facts is not known:
        feeds.place(facts)
    index(video, facts.model_copy(update={"remakers": known.remakers if known else 0}), services)
    if not videos.get(video.id).is_public:
        services.vectors.remove([video.id])  # meanwhile, so that its removal may have come first
    if line and line[0].owner_id != video.owner_id:
        _note_making(video, line[0], root_id, services)
    return Done()


def index(video: Video, facts: Facts, services: Services) -> None:
    """Show a posted clip to the index of meanings, and take any other out of it."""
    if video.is_public:
        services.vectors.put([_point(video, facts)])
    else:
        services.vectors.remove([video.id])


def _note_making(video: Video, source: Video, root_id: str, services: Services) -> None:
    feeds = Feeds(services.items)
    feeds.note_remaker(source.id, video.owner_id)
    feeds.tie(video.owner_id, source.owner_id, root_id)
    feeds.tie(source.owner_id, video.owner_id, root_id)
    built_on = feeds.facts_of(source.id)
    if built_on is not None and source.deleted_at is None:
        index(source, built_on, services)


def _facts(video: Video, line: Sequence[Video], services: Services) -> Facts:
    question = Embed(texts=(video.prompt,), anchors=tuple(phrase for phrase, _ in anchors()))
    meant = Embedded.model_validate(services.models.ask(question))
    return Facts(
        video_id=video.id,
        owner_id=video.owner_id,
        root_id=line[-1].id if line else video.id,
        seconds=video.seconds,
        is_remix=video.parent_id is not None,
        completed_at=video.completed_at or 0,
        topics=topics_of(meant.likeness[0]),
        vector=meant.vectors[0],
        language=guess(video.prompt),
        depth=len(line),
    )


def _point(video: Video, facts: Facts) -> Point:
    people = tuple(sorted({each.likeness_id for each in video.people}))
    return Point(
        video.id, facts.vector, video.owner_id, facts.root_id, video.posted_at or facts.completed_at, people,
        seconds=facts.seconds, is_remix=facts.is_remix, language=facts.language, remakers=facts.remakers,
        topics=facts.topics, form=_form(video), has_sound=video.made is None or video.made.audio_seconds > 0,
        depth=facts.depth,
    )  # fmt: skip


def _form(video: Video) -> str:
    if video.width == video.height:
        return "square"
    return "landscape" if video.width > video.height else "portrait"


lambda_handler = entrypoint(place_clip)
