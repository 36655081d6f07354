"""Destroy a capture that was not accepted, with its key: nothing of it is kept. It may be delivered again."""

from volary import vault
from volary.entrypoint import entrypoint
from volary.ports import Services
from volary.stores.likenesses import Likenesses

from events.bus import Done, LikenessDecided


def discard_capture(event: LikenessDecided, services: Services) -> Done:
    record = Likenesses(services.items).get(event.likeness_id)
    if not event.accepted:
        vault.discard(record.id, services)
        services.blobs.delete("uploads", record.upload_key)
    return Done()


lambda_handler = entrypoint(discard_capture)
