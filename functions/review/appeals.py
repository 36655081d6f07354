"""An author's appeal against a decision: a case of its own that nobody who decided before may touch."""

from volary.accounts import Viewer
from volary.errors import Absent, Conflict, Invalid
from volary.ports import Services
from volary.review.cases import Case, Note
from volary.review.clocks import law_for
from volary.review.notices import Notice
from volary.stores.reviews import Reviews
from volary.stores.transparency import Transparency
from volary.stores.videos import Act

from functions.review.cases import now_of
from functions.review.outcome import log_act

LONGEST = 5_000


def appeal(notice_id: str, text: str, viewer: Viewer, services: Services) -> Case:
    """Raises Absent for a notice that is not theirs, Conflict when it is too late or was appealed before."""
    store, now = Reviews(services.items), now_of(services)
    notice = _theirs(notice_id, viewer, store)
    if notice.appeal_until is None:
        raise Conflict(f"{notice_id} restricts nothing", code="not_appealable")
    if notice.appeal_id is not None:
        raise Conflict(f"{notice_id} was appealed already", code="already_appealed")
    if now > notice.appeal_until:
        raise Conflict(f"the time to appeal {notice_id} is over", code="appeal_too_late")
    if not text.strip() or len(text) > LONGEST:
        raise Invalid(f"an appeal has 1 to {LONGEST} characters, not {len(text)}", param="text")
    case = _case(store.get(notice.case_id), text, viewer, services)
    logged = log_act(case, "appeal.received", services, now)
    act = Act(action="appealed", actor=viewer.user_id or "", at=now)
    marked = store.notice_write(notice.model_copy(update={"appeal_id": case.id}))
    services.items.transact([*store.opening_writes(case, act), *Transparency(services.items).writes(logged), marked])
    return case


def _theirs(notice_id: str, viewer: Viewer, store: Reviews) -> Notice:
    found = next((each for each in store.notices(viewer.user_id or "") if each.id == notice_id), None)
    if found is None:
        raise Absent(f"there is no notice {notice_id}")
    return found


def _case(original: Case, text: str, viewer: Viewer, services: Services) -> Case:
    now, law, decision = now_of(services), law_for("appeal"), original.decision
    people = {decision.by, decision.seconded_by or ""} if decision else set()
    return Case(
        id=services.ids.new("appeal"),
        kind="appeal",
        subject=original.subject,
        author_id=original.author_id,
        category=original.category,
        severity=original.severity,
        confidence=original.confidence,
        law=law.basis,
        opened_at=now,
        due_at=now + law.seconds,
        of=original.id,
        before=decision,
        barred=tuple(sorted({*original.barred, *people} - {""})),
        notes=(Note(by=viewer.user_id or "", at=now, text=text),),
    )
