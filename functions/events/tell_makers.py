"""Tell the makers of clips that somebody in them withdrew, at the webhook endpoints they named; not who it was."""

from volary.entrypoint import entrypoint
from volary.ports import Services

from events.bus import Done, VideosWithdrawn
from functions.events.deliver_webhook import News, tell


def tell_makers(event: VideosWithdrawn, services: Services) -> Done:
    at = int(event.at.timestamp())
    for each in event.videos:
        news = News(f"{each.video_id}.withdrawn", at, "video.withdrawn", each.video_id, each.owner_id)
        tell(news, services)
    return Done()


lambda_handler = entrypoint(tell_makers)
