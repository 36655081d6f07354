"""Destroy a likeness' key and everything that it opened, and sign what was destroyed; it may be delivered again."""

from volary import receipts, vault
from volary.entrypoint import entrypoint
from volary.errors import Absent, ConditionFailed
from volary.likeness import Consent
from volary.ports import Services
from volary.stores.likenesses import Likenesses, StoredReceipt

from events.bus import Done, LikenessErased
from events.likeness import Receipt


def erase_likeness(event: LikenessErased, services: Services) -> Done:
    store = Likenesses(services.items)
    record, consent = store.get(event.likeness_id), store.consent(event.likeness_id)
    if consent is None or record.state != "erased":
        raise Absent(f"likeness {event.likeness_id} is not erased: {record.state}")
    found = vault.erase(record.id, services)
    services.blobs.delete("uploads", record.upload_key)
    said = _receipt(consent, found["counts"], found["key_id"], int(event.at.timestamp()))
    stored = StoredReceipt(
        receipt_id=said.receipt_id,
        likeness_id=record.id,
        kind="erased",
        version=consent.version,
        issued_at=said.issued_at,
        jws=receipts.issue(said.model_dump(mode="json"), services),
    )
    try:
        services.items.transact(store.receipt_writes(stored))
    except ConditionFailed:
        return Done()  # signed before
    return Done()


def _receipt(consent: Consent, counts: dict[str, int], key_id: str, at: int) -> Receipt:
    return Receipt(
        receipt_id=consent.receipt_id,
        kind="erased",
        likeness_id=consent.likeness_id,
        person_id=consent.person_id,
        consent_version=consent.version,
        text_version=consent.text_version,
        text_sha256=consent.text_sha256,
        scope="everything",
        issued_at=at,
        status_url=f"/v1/receipts/{consent.receipt_id}",
        counts=counts,
        key_id=key_id,
    )


lambda_handler = entrypoint(erase_likeness)
