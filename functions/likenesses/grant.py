"""Change what others may do with a likeness, give consent again after a withdrawal, or have everything erased."""

from volary import likeness as consents
from volary.accounts import Viewer
from volary.enrolment import agreed_text
from volary.errors import Absent, Conflict
from volary.likeness import Consent, Grant
from volary.ports import Services
from volary.restrictions import rules_of
from volary.stores.likenesses import Cascade, Likenesses
from volary.stores.videos import Act

from events.bus import LikenessErased
from functions.likenesses.receipts import changed_event
from functions.likenesses.withdraw import withdraw


def consent_of(likeness_id: str, viewer: Viewer, services: Services) -> Consent:
    """The person's own consent; Absent for another's, Conflict before one was given."""
    store = Likenesses(services.items)
    record = store.owned(likeness_id, viewer.user_id)
    consent = store.consent(likeness_id)
    if consent is None:
        raise Conflict(f"likeness {likeness_id} is {record.state}: no consent was given", code="not_enrolled")
    return consent


def change(likeness_id: str, grant: Grant, viewer: Viewer, services: Services) -> Consent:
    """The consent with this grant; raises Invalid for a restriction that says nothing, Forbidden for a teen's."""
    rules_of(grant.restrictions)
    before, at = consent_of(likeness_id, viewer, services), services.clock.now()
    now = int(at.timestamp())
    after = consents.changed(before, grant, now, services.ids.new("rcpt"))
    store = Likenesses(services.items)
    act = Act(action="changed the grant", actor=before.person_id, at=now, detail=grant.audience)
    told = changed_event(after, "changed", grant.audience, at)
    writes = [store.consent_write(after, before)]
    if after.void_before != before.void_before:  # its end had come: what was made before goes for good
        writes.append(
            store.cascade_write(likeness_id, Cascade(version=after.version, scope="all", started_at=now), None)
        )
    store.change(store.get(likeness_id), act, writes, [told])
    return after


def grant_again(likeness_id: str, text: tuple[str, str], viewer: Viewer, services: Services) -> Consent:
    """A fresh consent to today's text after everything was withdrawn; nothing made before comes back."""
    agreed_text(*text)
    before, at = consent_of(likeness_id, viewer, services), services.clock.now()
    after = consents.granted_again(before, text, services.ids.new("rcpt"))
    store = Likenesses(services.items)
    record = store.get(likeness_id).model_copy(update={"state": "active"})
    act = Act(action="granted again", actor=before.person_id, at=int(at.timestamp()), detail=text[0])
    store.change(record, act, [store.consent_write(after, before)], [changed_event(after, "granted", "only_me", at)])
    return after


def erase(likeness_id: str, viewer: Viewer, services: Services) -> None:
    """Withdraw everything, then have the key destroyed by event. Doing it again changes nothing.

    Raises Absent for another's likeness and while its capture is being checked, which ends within the hour.
    """
    store, at = Likenesses(services.items), services.clock.now()
    record = store.owned(likeness_id, viewer.user_id)
    if record.state == "erased":
        return
    if store.consent(likeness_id) is None:
        raise Absent(f"likeness {likeness_id} is {record.state}: nothing of it is kept")
    before = withdraw(likeness_id, "all", "", viewer, services)
    after = consents.erased(before, services.ids.new("rcpt"))
    now = int(at.timestamp())
    cascade = Cascade(version=after.version, scope="all", started_at=now)
    writes = [store.consent_write(after, before), store.cascade_write(likeness_id, cascade, None)]
    fresh = store.get(likeness_id).model_copy(
        update={"state": "erased", "findings": (), "device_key": None, "sealed_sha256": None}
    )
    told = LikenessErased(event_id=f"{likeness_id}.erased", at=at, likeness_id=likeness_id)
    store.change(fresh, Act(action="erased", actor=record.owner_id, at=now), writes, [told])
