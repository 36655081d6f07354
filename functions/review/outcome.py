"""What a decision leaves behind: a statement of reasons, a notice to the author, a log entry, a strike, counts.

All of it is written in the transaction that makes the decision take effect.
"""

from volary.errors import Absent
from volary.ports import Services, Write
from volary.review import cases, notices, reasons
from volary.review.cases import RESTRICTIVE, Case, Decision
from volary.review.clocks import law_for
from volary.review.handbook import Language
from volary.review.notices import Notice
from volary.review.strikes import proposes_suspension, strike
from volary.stores.accounts import Accounts
from volary.stores.reviews import Reviews, merged
from volary.stores.transparency import Transparency
from volary.stores.videos import Act, Videos
from volary.transparency import Act as Logged

LEAST_FOR_REJECT = 3  # a clip that nobody saw costs a strike from this severity on


def closing(case: Case, services: Services, now: int) -> list[Write]:
    """Everything beside the case's own record; `case` carries the decision."""
    decision = _decided(case)
    store = Reviews(services.items)
    logged = log_act(case, f"review.{decision.action}", services, now)
    writes: list[Write] = [
        store.closing_write(case),
        *store.count_writes(now, _counts(case, decision)),
        *Transparency(services.items).writes(logged),
        *_told(case, decision, logged.id, services, now),
    ]
    is_breach = decision.action in ("remove", "erase") or (
        decision.action == "reject" and case.severity >= LEAST_FOR_REJECT
    )
    if is_breach and (cost := strike(services.ids.new("strike"), case.author_id, case.id, case.severity, now)):
        writes.append(store.strike_write(cost))
        if proposes_suspension([*store.strikes(case.author_id), cost], now):
            writes += _account_case(case, services, now)
    if case.kind not in ("sample", "appeal") and cases.is_sampled(case.id):
        writes += _sample(case, services, now)
    return merged(writes)


def log_act(case: Case, kind: str, services: Services, now: int) -> Logged:
    """The entry for the public log; whom it is about and what was decided stay behind its commitment."""
    decision = case.decision or case.before
    details: dict[str, object] = {
        "case": case.id,
        "kind": case.kind,
        "subject": case.subject,
        "author": case.author_id,
        "law": case.law,
        "due_at": case.due_at,
        "opened_at": case.opened_at,
    }
    if decision:
        category = decision.category or case.category
        details |= {"action": decision.action, "category": category.value if category else None}
        details |= {"reviewers": 2 if decision.seconded_by else 1, "decided_at": decision.at}
    ids = services.ids
    return Logged(id=ids.new("act"), kind=kind, at=now, salt=ids.new("salt"), subject=case.author_id, details=details)


def told(case: Case, action: cases.Action, act_id: str, services: Services, now: int) -> Write:
    """A notice that needs no statement of reasons: nothing is restricted by it."""
    notice = Notice(
        id=services.ids.new("ntc"),
        user_id=case.author_id,
        case_id=case.id,
        subject=case.subject,
        action=action,
        at=now,
        texts=notices.texts(action, None, "", None),
        language=_language(case.author_id, services),
        act_id=act_id,
    )
    return Reviews(services.items).notice_write(notice)


def _told(case: Case, decision: Decision, act_id: str, services: Services, now: int) -> list[Write]:
    if case.kind == "sample" or (case.kind == "strikes" and decision.action == "keep"):
        return []
    if decision.action not in RESTRICTIVE:
        return [told(case, decision.action, act_id, services, now)]
    store, puid, notice_id = Reviews(services.items), services.ids.new("sor"), services.ids.new("ntc")
    category = decision.category or case.category
    notice = Notice(
        id=notice_id,
        user_id=case.author_id,
        case_id=case.id,
        subject=case.subject,
        action=decision.action,
        at=now,
        texts=notices.texts(decision.action, category, decision.explanation, f"/appeal/#{notice_id}"),
        language=_language(case.author_id, services),
        act_id=act_id,
        statement_id=puid,
        appeal_until=now + notices.APPEAL_SECONDS,
    )
    statement = reasons.statement(case, puid, _made_at(case, services), now)
    return [store.statement_write(statement, now), store.notice_write(notice)]


def _sample(case: Case, services: Services, now: int) -> list[Write]:
    """A second, blind look at a steady share of decisions, by somebody else."""
    decision, law = _decided(case), law_for("sample")
    sample = Case(
        id=services.ids.new("case"),
        kind="sample",
        subject=case.subject,
        author_id=case.author_id,
        category=case.category,
        severity=case.severity,
        confidence=case.confidence,
        law=law.basis,
        opened_at=now,
        due_at=now + law.seconds,
        of=case.id,
        before=decision,
        barred=tuple({decision.by, *([decision.seconded_by] if decision.seconded_by else [])}),
    )
    return Reviews(services.items).opening_writes(sample, Act(action="sampled", actor="system", at=now))


def _account_case(case: Case, services: Services, now: int) -> list[Write]:
    """The case about an author with too many strikes: whether the account is suspended, which two people decide."""
    law = law_for("strikes")
    account = Case(
        id=services.ids.new("strikes"),
        kind="strikes",
        subject=case.subject,
        author_id=case.author_id,
        category=case.category,
        severity=case.severity,
        law=law.basis,
        opened_at=now,
        due_at=now + law.seconds,
        of=case.id,
    )
    return Reviews(services.items).opening_writes(account, Act(action="too many strikes", actor="system", at=now))


def _counts(case: Case, decision: Decision) -> dict[str, int]:
    counts = {"decided": 1, f"decided.{decision.action}": 1}
    if decision.at > case.due_at:
        counts["late"] = 1
    if decision.action == "overturn":
        counts["overturned"] = 1
    if case.kind == "held":
        counts["model.agreed" if decision.action == "reject" else "model.denied"] = 1
    if (agreed := cases.agreement(case)) is not None:
        counts["sample.agreed" if agreed else "sample.denied"] = 1
    return counts


def _decided(case: Case) -> Decision:
    if case.decision is None:
        raise Absent(f"case {case.id} has no decision")
    return case.decision


def _made_at(case: Case, services: Services) -> int:
    try:
        return Videos(services.items).get(case.subject).created_at
    except Absent:
        return case.opened_at


def _language(user_id: str, services: Services) -> Language:
    """French where somebody's region mostly speaks it; both texts are kept, and a client may ask for either."""
    try:
        region = Accounts(services.items).get(user_id).region
    except Absent:
        return "en"
    return "fr" if region in ("FR", "MC", "LU", "SN", "CI") else "en"
