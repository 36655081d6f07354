"""Put every change of a consent into the public log, and forget its details once the likeness is erased."""

import hashlib

from volary.entrypoint import entrypoint
from volary.errors import ConditionFailed
from volary.ports import Services
from volary.stores.transparency import Transparency
from volary.transparency import Act

from events.bus import ConsentChanged, Done, LikenessErased


def log_consent(event: ConsentChanged | LikenessErased, services: Services) -> Done:
    log = Transparency(services.items)
    if isinstance(event, LikenessErased):
        log.erase(subject_of(event.likeness_id))
        return Done()
    try:
        services.items.transact(log.writes(_act(event, services.ids.new("salt"))))
    except ConditionFailed:
        return Done()  # delivered before
    return Done()


def subject_of(likeness_id: str) -> str:
    """Whose erasure takes the details away: the likeness's, not its person's, whose clips may be moderated, too."""
    return f"likeness:{likeness_id}"


def _act(event: ConsentChanged, salt: str) -> Act:
    """The same event makes the same entry id, so that a second delivery makes no second entry."""
    receipt = event.receipt
    details = receipt.model_dump(mode="json", include={"likeness_id", "consent_version", "text_sha256", "scope"})
    if receipt.kind == "erased":
        details = {}  # it comes to stand after everything else about the likeness was forgotten
    return Act(
        id=f"act_{hashlib.sha256(event.event_id.encode()).hexdigest()[:24]}",
        kind=f"consent.{receipt.kind}",
        at=int(event.at.timestamp()),
        salt=salt,
        subject=subject_of(receipt.likeness_id),
        details=details,
    )


lambda_handler = entrypoint(log_consent)
