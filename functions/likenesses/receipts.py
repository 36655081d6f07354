"""What a change of consent says to the outside: the event that carries its receipt, which a listener signs."""

from datetime import datetime
from typing import Literal

from volary.likeness import Consent

from events.bus import ConsentChanged
from events.likeness import Receipt


def changed_event(
    consent: Consent, kind: Literal["granted", "changed", "withdrawn", "erased"], scope: str, at: datetime
) -> ConsentChanged:
    """The fact that a consent has a new version. The receipt names no handle and no clip but one that was named."""
    receipt = Receipt(
        receipt_id=consent.receipt_id,
        kind=kind,
        likeness_id=consent.likeness_id,
        person_id=consent.person_id,
        consent_version=consent.version,
        text_version=consent.text_version,
        text_sha256=consent.text_sha256,
        scope=scope,
        purposes=consent.grant.purposes,
        issued_at=int(at.timestamp()),
        status_url=f"/v1/receipts/{consent.receipt_id}",
    )
    return ConsentChanged(event_id=f"{consent.likeness_id}.consent.{consent.version}", at=at, receipt=receipt)
