"""People with a likeness, as enrolling leaves them: consent, name and receipt, without a capture or a model."""

from volary.embedded import Home
from volary.embedded.calls import Outcome
from volary.enrolment import Likeness, challenge, consent_texts
from volary.likeness import Consent, Grant
from volary.stores.likenesses import Likenesses
from volary.stores.videos import Act

from functions.likenesses.receipts import changed_event
from local.handlers import caller

LONG_AGO = 1_000_000_000


def enrolled(home: Home, user_id: str, adult_at: int = LONG_AGO, **grant) -> str:
    """The id of this person's likeness, with this grant."""
    store, at = Likenesses(home.items), home.clock.now()
    now = int(at.timestamp())
    record = Likeness(
        id=f"like_{user_id}", owner_id=user_id, state="active", challenge=challenge(7, "en", now), custody="server",
        upload_key=f"{user_id}/capture", created_at=now,
    )  # fmt: skip
    text = consent_texts()["en"]
    consent = Consent(
        likeness_id=record.id, person_id=user_id, grant=Grant(**grant), adult_at=adult_at, text_version=text.version,
        text_sha256=text.sha256, receipt_id=home.ids.new("rcpt"),
    )  # fmt: skip
    act = Act(action="enrolled", actor=user_id, at=now)
    stored = store.add(record, act)
    writes = [store.consent_write(consent, None), store.name_write(user_id, record.id)]
    store.change(stored, act, writes, [changed_event(consent, "granted", "only_me", at)])
    return record.id


def deliver(home: Home, rounds: int = 100) -> None:
    """Hand every event to its handlers, as the worker does, until nothing is left; a handler's fault leaves here."""
    call = caller(home.services)
    for _ in range(rounds):
        moved = bool(home.bus.relay(home.items))
        for delivery in home.bus.claim(limit=100):
            moved = True
            home.bus.settle(delivery, Outcome(call(delivery.handler, delivery.event)))
        if not moved:
            return
    raise AssertionError(f"events were still moving after {rounds} rounds")
