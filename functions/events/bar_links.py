"""End the links that were given out before somebody withdrew, or before a decision took a clip down.

The first thing that follows a withdrawal, beside the cascade and not within it: neither waits for the other, and one
entry for the person covers all their clips, however many. The person's clips that they did not withdraw from get
fresh links. What is deleted needs no entry: its file goes by the very same event.
"""

from volary.entrypoint import entrypoint
from volary.ports import Services
from volary.stores.likenesses import Likenesses
from volary.stores.published import LINK_SECONDS

from events.bus import ConsentChanged, Done, VideoHidden


def bar_links(event: ConsentChanged | VideoHidden, services: Services) -> Done:
    if event.type == "video.hidden":
        services.edge.bar(event.video_id, event.version)
    elif _ends_links(event, services):
        services.edge.bar(event.receipt.likeness_id, event.receipt.consent_version)
    return Done()


def _ends_links(event: ConsentChanged, services: Services) -> bool:
    """Whether links to clips with this person may have outlived the change: also where their end was moved near."""
    if event.receipt.kind != "changed":
        return event.receipt.kind != "granted"
    consent, now = Likenesses(services.items).consent(event.receipt.likeness_id), services.clock.now().timestamp()
    return consent is None or not consent.stands(int(now) + LINK_SECONDS)


lambda_handler = entrypoint(bar_links)
