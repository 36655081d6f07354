"""Lock an accepted capture away, erase the likeness that it renews, and let its owner's consent begin."""

from volary import vault
from volary.accounts import Viewer
from volary.enrolment import Likeness
from volary.entrypoint import entrypoint
from volary.likeness import COOLING_SECONDS, Consent
from volary.ports import Services
from volary.stores.accounts import Accounts
from volary.stores.likenesses import Likenesses
from volary.stores.videos import Act

from events.bus import Done, LikenessDecided
from events.inference import CaptureChecked
from functions.likenesses import grant
from functions.likenesses.people import adult_at
from functions.likenesses.receipts import changed_event


def keep_likeness(event: LikenessDecided, services: Services) -> Done:
    record = Likenesses(services.items).get(event.likeness_id)
    if event.accepted and record.state == "keeping":
        checked = CaptureChecked(likeness_id=record.id, findings=record.findings, sealed_sha256=record.sealed_sha256)
        vault.keep(record.id, record.owner_id, record.custody, record.device_key, checked, services)
        _replace(record, services)
        _begin(record, services)
    if event.accepted:
        services.blobs.delete("uploads", record.upload_key)
    return Done()


def _replace(record: Likeness, services: Services) -> None:
    """Erase the likeness that this one renews; before `_begin` takes its name, so that a run that dies finds it."""
    earlier = Likenesses(services.items).kept(record.owner_id)
    if earlier and earlier.id != record.id:
        grant.erase(earlier.id, Viewer(user_id=record.owner_id), services)


def _begin(record: Likeness, services: Services) -> None:
    """The first consent, for the person alone; nobody else may use the likeness for a day, whatever is granted."""
    store, at = Likenesses(services.items), services.clock.now()
    consent = Consent(
        likeness_id=record.id,
        person_id=record.owner_id,
        adult_at=adult_at(Accounts(services.items).get(record.owner_id)),
        others_from=int(at.timestamp()) + COOLING_SECONDS,
        text_version=record.text_version or "",
        text_sha256=record.text_sha256 or "",
        receipt_id=services.ids.new("rcpt"),
    )
    writes = [store.consent_write(consent, None), store.name_write(record.owner_id, record.id)]
    act = Act(action="enrolled", actor="system", at=int(at.timestamp()))
    told = changed_event(consent, "granted", "only_me", at)
    store.change(record.model_copy(update={"state": "active"}), act, writes, [told])


lambda_handler = entrypoint(keep_likeness)
