"""Take the answer to a capture's checks and decide; what was sealed is kept or destroyed by event."""

from volary.enrolment import Decision, Likeness, decide
from volary.ports import Services
from volary.stores.likenesses import Likenesses
from volary.stores.videos import Act

from events.bus import LikenessDecided, ModelAnswered
from events.inference import CaptureChecked

STATES = {"accepted": "keeping", "review": "review", "refused": "refused"}


def judge(event: ModelAnswered, likeness_id: str, services: Services) -> None:
    """A second answer, and one to a call that is not the record's, change nothing; a fault refuses."""
    store = Likenesses(services.items)
    record = store.get(likeness_id)
    if record.state != "checking" or record.call_id != event.call_id:
        return
    checked = _read(event, likeness_id)
    seen = record.model_copy(update={"findings": checked.findings, "sealed_sha256": checked.sealed_sha256})
    settle(seen, decide(checked.findings) if checked.sealed_sha256 else "refused", "system", services)


def settle(record: Likeness, decision: Decision, actor: str, services: Services) -> Likeness:
    """Store a decision; all but a review are told to the listener that keeps or destroys the capture."""
    at = services.clock.now()
    now = int(at.timestamp())
    after = record.model_copy(update={"state": STATES[decision], "decided_at": now})
    name = f"{record.id}.decided.{record.version}"
    told = LikenessDecided(event_id=name, at=at, likeness_id=record.id, accepted=decision == "accepted")
    act = Act(action=f"capture {decision}", actor=actor, at=now)
    return Likenesses(services.items).change(after, act, events=[told] if decision != "review" else [])


def _read(event: ModelAnswered, likeness_id: str) -> CaptureChecked:
    """What the checks found; nothing where the server failed or speaks of another likeness."""
    nothing = CaptureChecked(likeness_id=likeness_id, findings=())
    if event.output is None:
        return nothing
    checked = CaptureChecked.model_validate(event.output)
    return checked if checked.likeness_id == likeness_id else nothing
