"""A case from opening to effect: who may claim and decide it, what needs a second person, and what can be undone.

Pure: each act takes a case and returns the next one, or raises. What is covered: nobody decides their own clip, an
appeal of their own decision, or both halves of a decision for two. What is not: people who agree outside the console.
"""

from typing import Literal

from events.moderation import Category
from events.shapes import Shape
from volary.accounts import Role, Viewer
from volary.audit import GENESIS
from volary.errors import Conflict, Forbidden, Invalid
from volary.review.clocks import Ground, Kind, rank

Action = Literal["release", "reject", "keep", "remove", "erase", "suspend", "uphold", "overturn"]
Status = Literal["open", "decided", "done"]

ACTIONS: dict[Kind, tuple[Action, ...]] = {
    "held": ("release", "reject"),
    "notice": ("keep", "remove", "erase", "suspend"),
    "report": ("keep", "remove", "erase", "suspend"),
    "match": ("keep", "remove", "erase", "suspend"),
    "strikes": ("keep", "suspend"),
    "appeal": ("uphold", "overturn"),
    "sample": ("release", "reject", "keep", "remove", "erase", "suspend"),
}
RESTRICTIVE: tuple[Action, ...] = ("reject", "remove", "erase", "suspend")
FOR_TWO: tuple[Action, ...] = ("erase", "suspend")  # irreversible, or about a whole account
REVERSIBLE: tuple[Action, ...] = ("keep", "remove")
LEASE_SECONDS = 900
UNDO_SECONDS = 30  # a decision takes effect after so long, and can be taken back until then
REVERSAL_SECONDS = 86_400
MOST_NOTES, LONGEST_NOTE = 50, 2_000


class Claim(Shape):
    user_id: str
    until: int


class Decision(Shape):
    """What was decided, on which ground of the policy, by whom; `seconded_by` for decisions of two."""

    action: Action
    category: Category | None = None
    explanation: str = ""
    by: str
    at: int
    seconded_by: str | None = None
    effective_at: int = 0


class Note(Shape):
    by: str
    at: int
    text: str


class Case(Shape):
    """Something a person must decide. `of` is the case that an appeal or a sample is about; `barred` may not decide."""

    id: str
    kind: Kind
    subject: str
    author_id: str
    category: Category | None = None
    ground: Ground | None = None
    severity: int = 2
    confidence: float = 0.0
    law: str
    hides_at: int | None = None
    opened_at: int
    due_at: int
    of: str | None = None
    notice_id: str | None = None
    barred: tuple[str, ...] = ()
    status: Status = "open"
    is_escalated: bool = False
    claim: Claim | None = None
    proposal: Decision | None = None
    decision: Decision | None = None
    before: Decision | None = None
    notes: tuple[Note, ...] = ()
    hid: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    version: int = 0
    audit_head: str = GENESIS

    @property
    def rank(self) -> int:
        return rank(self.due_at, self.severity, self.confidence)

    def is_claimed_by(self, user_id: str | None, now: int) -> bool:
        return self.claim is not None and self.claim.user_id == user_id and self.claim.until > now

    def is_claimed(self, now: int) -> bool:
        return self.claim is not None and self.claim.until > now


def may_see(case: Case, viewer: Viewer) -> bool:
    """A moderator who has nothing to do with the case. What they may not decide, they need not know of."""
    return viewer.is_moderator() and viewer.user_id != case.author_id and viewer.user_id not in case.barred


def may_take(case: Case, viewer: Viewer, now: int) -> bool:
    """Whether this case may be handed to this person next."""
    if case.status != "open" or not may_see(case, viewer) or case.is_claimed(now):
        return False
    if case.is_escalated and viewer.role not in (Role.SENIOR, Role.ADMIN):
        return False
    return case.proposal is None or case.proposal.by != viewer.user_id


def claim(case: Case, viewer: Viewer, now: int) -> Case:
    """Yours for fifteen minutes, and again whenever asked while it is. Raises Forbidden or Conflict."""
    demand_impartial(case, viewer)
    if case.status != "open":
        raise Conflict(f"case {case.id} is {case.status}", code="not_open")
    if case.is_claimed(now) and not case.is_claimed_by(viewer.user_id, now):
        raise Conflict(f"somebody else has case {case.id}", code="claimed")
    if case.is_escalated and viewer.role not in (Role.SENIOR, Role.ADMIN):
        raise Forbidden(f"case {case.id} waits for a senior", code="senior_only")
    if case.proposal is not None and case.proposal.by == viewer.user_id:
        raise Forbidden(f"case {case.id} waits for a second person", code="second_reviewer")
    return _next(case, claim=Claim(user_id=viewer.user_id or "", until=now + LEASE_SECONDS))


def put_back(case: Case, viewer: Viewer, now: int) -> Case:
    _demand_claim(case, viewer, now)
    return _next(case, claim=None)


def demand_impartial(case: Case, viewer: Viewer) -> None:
    """Raises Forbidden for who made, reported or already decided what the case is about."""
    if viewer.user_id == case.author_id or viewer.user_id in case.barred:
        raise Forbidden(f"case {case.id} is about something of yours", code="conflict_of_interest")


def needs_two(case: Case, action: Action) -> bool:
    return action in FOR_TWO or (action == "release" and case.category == Category.SEXUAL_MINORS)


def decide(case: Case, decision: Decision, viewer: Viewer) -> Case:
    """The case with the decision, or with the first half of one for two people. Raises Conflict, Forbidden, Invalid."""
    now = decision.at
    demand_impartial(case, viewer)
    _demand_claim(case, viewer, now)
    if decision.action not in ACTIONS[case.kind]:
        allowed = ", ".join(ACTIONS[case.kind])
        raise Invalid(f"{decision.action!r} is not a decision on a {case.kind}: {allowed}", param="action")
    if decision.action in RESTRICTIVE and not decision.explanation.strip():
        raise Invalid("a restriction needs an explanation for its author", param="explanation")
    if case.proposal is None and needs_two(case, decision.action) and case.kind != "sample":
        return _next(case, proposal=decision, claim=None)
    if case.proposal is not None and case.proposal.action != decision.action:
        both = (*case.barred, case.proposal.by, decision.by)
        return _next(case, proposal=None, claim=None, is_escalated=True, barred=both)
    first = case.proposal or decision
    seconded = decision.by if case.proposal else None
    final = first.model_copy(update={"seconded_by": seconded, "effective_at": now + UNDO_SECONDS})
    return _next(case, decision=final, proposal=None, claim=None, status="decided")


def escalate(case: Case, viewer: Viewer, now: int) -> Case:
    _demand_claim(case, viewer, now)
    return _next(case, is_escalated=True, claim=None)


def ask_second(case: Case, viewer: Viewer, now: int) -> Case:
    """Leave it to somebody else, who will not see who left it."""
    _demand_claim(case, viewer, now)
    return _next(case, barred=(*case.barred, viewer.user_id or ""), claim=None)


def undo(case: Case, viewer: Viewer, now: int) -> Case:
    """Open again. Raises Conflict once the decision took effect and cannot be taken back."""
    if case.decision is None:
        raise Conflict(f"case {case.id} is {case.status}: there is nothing to undo", code="not_decided")
    is_theirs = viewer.user_id in (case.decision.by, case.decision.seconded_by)
    if not is_theirs and viewer.role not in (Role.SENIOR, Role.ADMIN):
        raise Forbidden("only who decided, or a senior, takes a decision back", code="senior_only")
    if case.status == "decided" and now >= case.decision.effective_at:
        raise Conflict(f"the decision on case {case.id} is taking effect; try again in a moment", code="took_effect")
    if case.status == "done":
        is_late = now > case.decision.effective_at + REVERSAL_SECONDS
        if case.decision.action not in REVERSIBLE or is_late:
            raise Conflict(f"the decision on case {case.id} took effect", code="took_effect")
    return _next(case, status="open", decision=None, before=case.decision, claim=None)


def note(case: Case, text: str, viewer: Viewer, now: int) -> Case:
    if not text.strip() or len(text) > LONGEST_NOTE:
        raise Invalid(f"a note has 1 to {LONGEST_NOTE} characters, not {len(text)}", param="text")
    added = Note(by=viewer.user_id or "", at=now, text=text)
    return case.model_copy(update={"notes": (*case.notes, added)[-MOST_NOTES:]})


def done(case: Case, hid: tuple[str, ...] = ()) -> Case:
    return _next(case, status="done", hid=hid)


def agreement(case: Case) -> bool | None:
    """Whether a sample's second opinion was the first one's; None for what is no decided sample."""
    if case.kind != "sample" or case.decision is None or case.before is None:
        return None
    return (case.decision.action in RESTRICTIVE) == (case.before.action in RESTRICTIVE)


def is_sampled(case_id: str, share: float = 0.05) -> bool:
    """A steady share of all cases, by their ids, which are random: nobody chooses which."""
    import hashlib

    return int.from_bytes(hashlib.sha256(f"sample:{case_id}".encode()).digest()[:4], "big") < share * 2**32


def _demand_claim(case: Case, viewer: Viewer, now: int) -> None:
    if case.status != "open":
        raise Conflict(f"case {case.id} is {case.status}", code="not_open")
    if not case.is_claimed_by(viewer.user_id, now):
        raise Conflict(f"claim case {case.id} first", code="not_claimed")


def _next(case: Case, **changes: object) -> Case:
    return case.model_copy(update=changes)
