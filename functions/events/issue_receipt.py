"""Sign the receipt of a change of consent and keep it; a second delivery finds it there."""

from volary import receipts
from volary.entrypoint import entrypoint
from volary.errors import ConditionFailed
from volary.ports import Services
from volary.stores.likenesses import Likenesses, StoredReceipt

from events.bus import ConsentChanged, Done


def issue_receipt(event: ConsentChanged, services: Services) -> Done:
    # Whoever holds a receipt may have nothing else: it names the home as well as the path.
    said = event.receipt.model_copy(update={"status_url": f"{services.public_url}{event.receipt.status_url}"})
    stored = StoredReceipt(
        receipt_id=said.receipt_id,
        likeness_id=said.likeness_id,
        kind=said.kind,
        version=said.consent_version,
        issued_at=said.issued_at,
        jws=receipts.issue(said.model_dump(mode="json"), services),
    )
    try:
        services.items.transact(Likenesses(services.items).receipt_writes(stored))
    except ConditionFailed:
        return Done()
    return Done()


lambda_handler = entrypoint(issue_receipt)
