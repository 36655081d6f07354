"""Destroy a likeness' key and everything that it opened, then have its receipt signed; it may be delivered again."""

from volary import vault
from volary.entrypoint import entrypoint
from volary.errors import Absent, ConditionFailed
from volary.ports import Services
from volary.stores.idempotency import Requests
from volary.stores.likenesses import Likenesses
from volary.stores.videos import outbox

from events.bus import Done, LikenessErased
from functions.likenesses.receipts import changed_event


def erase_likeness(event: LikenessErased, services: Services) -> Done:
    store = Likenesses(services.items)
    record, consent = store.get(event.likeness_id), store.consent(event.likeness_id)
    if consent is None or record.state != "erased":
        raise Absent(f"likeness {event.likeness_id} is not erased: {record.state}")
    found = vault.erase(record.id, services)
    services.blobs.delete("uploads", record.upload_key)
    Requests(services.items).forget(record.owner_id, record.id)
    told = changed_event(consent, "erased", "everything", event.at)
    position = {"audit_number": record.version, "audit_head": record.audit_head}
    receipt = told.receipt.model_copy(update={**found, **position})
    try:
        services.items.write(outbox(told.model_copy(update={"receipt": receipt})))
    except ConditionFailed:
        return Done()  # told before
    return Done()


lambda_handler = entrypoint(erase_likeness)
