"""A person's likeness and their say over it: what is granted, what is withdrawn, and what that means for one clip.

Pure. What is covered: who may use a likeness for what, and whether a clip that shows people may still be served.
What is not: enrolment (volary.enrolment), reading and storing (volary.stores.likenesses), what restrictions mean
(volary.restrictions).

Every change of a consent makes its next `version`. A clip keeps, for each person in it, the version under which it
was allowed; a withdrawal covers what was allowed under versions before its own. So granting again brings nothing back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from events.likeness import PURPOSES, Purpose
from events.shapes import Shape
from volary.errors import Conflict, Forbidden, Invalid, TooMany
from volary.restrictions import Rule, breached, rules_of

Audience = Literal["only_me", "approved", "mutuals", "everyone"]
Scope = Literal["all", "person", "clip", "purpose", "since"]
How = Literal["declared", "handle", "inherited", "sighted"]
MOST_NAMED = 1_000  # people on one list
MOST_PENDING = 1_000  # withdrawals that stand beside each other; those of single clips go once they are carried out
MOST_PEOPLE = 16  # in one clip: each brings up to five writes into a transaction, which has a hundred
PERSON_BLOCKED = "person_blocked"
ADULT_STYLES = ("photographic",)  # of somebody under 18 nothing is made that could pass for a recording of them
DEEPEST = 50  # clips that one with people may descend from
COOLING_SECONDS = 86_400  # nobody else may use a likeness that was enrolled less than a day ago
DEFAULT_PURPOSES: tuple[Purpose, ...] = ("personal", "entertainment", "education")


class Grant(Shape):
    """What a person lets others do; they themselves may always use their likeness while the consent stands.

    `expires_at` (epoch seconds) ends serving, too, not only making. `restrictions` are the person's own words.
    """

    audience: Audience = "only_me"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    restrictions: tuple[str, ...] = ()
    purposes: tuple[Purpose, ...] = DEFAULT_PURPOSES
    expires_at: int | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        return rules_of(self.restrictions)


class Withdrawal(Shape):
    """What was taken back by making consent version `version`: `value` names the person, clip, purpose or moment."""

    version: int
    at: int
    scope: Scope
    value: str = ""


class Made(Shape):
    """A clip as a withdrawal sees it."""

    video_id: str
    maker_id: str
    purpose: Purpose


class Appearance(Shape):
    """One person in one clip: under which consent, since when, and through which earlier clips they came into it."""

    likeness_id: str
    person_id: str
    version: int
    at: int
    how: How
    through: tuple[Made, ...] = ()


class Consent(Shape):
    """The one row that every read of a clip with this person asks. `adult_at` is when the person turns 18, and
    `others_from` when others may first use the likeness: whoever enrolled somebody else is found out before that.
    """

    likeness_id: str
    person_id: str
    state: Literal["active", "withdrawn", "erased"] = "active"
    version: int = 1
    void_before: int = 0
    grant: Grant = Grant()
    withdrawals: tuple[Withdrawal, ...] = ()
    adult_at: int
    others_from: int = 0
    text_version: str
    text_sha256: str
    receipt_id: str

    def has_expired(self, now: int) -> bool:
        return self.grant.expires_at is not None and now >= self.grant.expires_at

    def stands(self, now: int) -> bool:
        return self.state == "active" and not self.has_expired(now)


@dataclass(frozen=True)
class Standing:
    """The consents of the people in some clips, as they stood `now`; an id that is not among them stands for no."""

    consents: Mapping[str, Consent] = field(default_factory=lambda: MappingProxyType({}))
    now: int = 0

    def covers(self, people: tuple[Appearance, ...], made: Made) -> bool:
        """Whether somebody in the clip withdrew, so that it must not be served. One of several is enough."""
        return any(self._is_void(each, made) for each in people)

    def _is_void(self, appearance: Appearance, made: Made) -> bool:
        consent = self.consents.get(appearance.likeness_id)
        return consent is None or is_void(consent, appearance, made, self.now)


UNKNOWN = Standing()  # knows nobody, so it lets no clip with people through


class Wish(Shape):
    """What somebody wants to make with a likeness; `words` are all prompts that go into it."""

    user_id: str
    purpose: Purpose
    words: str
    style: str | None = None
    is_mutual: bool = False
    at: int


class Refusal(Shape):
    """Why a likeness may not be used; `rule` is the restriction at fault, in the person's own words."""

    code: str
    message: str
    rule: str | None = None

    @property
    def failure(self) -> str:
        """The code with which a job ends that was accepted before this came up."""
        return self.code if self.code == PERSON_BLOCKED else "consent_withdrawn"


def is_void(consent: Consent, appearance: Appearance, made: Made, now: int) -> bool:
    """Whether this consent no longer carries this clip."""
    if not consent.stands(now) or appearance.version < consent.void_before:
        return True
    line = (*appearance.through, made)
    return any(appearance.version < each.version and _matches(each, appearance, line) for each in consent.withdrawals)


def refusal(consent: Consent, wish: Wish) -> Refusal | None:
    """Why this wish is not granted, or None.

    The person themselves needs only that the consent stands and, under 18, another style than those of ADULT_STYLES.
    """
    if consent.state != "active":
        return Refusal(code="likeness_withdrawn", message="this person has withdrawn their consent")
    if consent.has_expired(wish.at):
        return Refusal(code="likeness_expired", message=f"this consent ended at {consent.grant.expires_at}")
    if wish.at < consent.adult_at and wish.style in ADULT_STYLES:
        message = f"somebody under 18 is not shown in the style {wish.style}, which looks like a photograph of them"
        return Refusal(code="teen_style", message=message)
    if wish.user_id == consent.person_id:
        return None
    return _foreign_refusal(consent, wish)


def changed(consent: Consent, grant: Grant, now: int, receipt_id: str) -> Consent:
    """The consent with another grant, for what is made from now on; raises Forbidden where a teen opens theirs."""
    if consent.state != "active":
        raise Conflict(f"the consent of {consent.likeness_id} is {consent.state}", code="likeness_withdrawn")
    if now < consent.adult_at and (grant.audience != "only_me" or grant.allow):
        raise Forbidden("a likeness of somebody under 18 is for themselves only", code="teen_likeness")
    version = consent.version + 1
    # An end that has come voids what was made before it, however late it is noticed.
    void_before = version if consent.has_expired(now) else consent.void_before
    fresh = {"grant": grant, "version": version, "void_before": void_before, "receipt_id": receipt_id}
    return consent.model_copy(update=fresh)


def withdrawn(consent: Consent, scope: Scope, value: str, now: int, receipt_id: str) -> Consent:
    """The consent after one withdrawal; what it takes back cannot be asked for again until it is granted again."""
    if consent.state == "erased":
        raise Conflict(f"the likeness {consent.likeness_id} is erased", code="likeness_withdrawn")
    version = consent.version + 1
    step = consent.model_copy(update={"version": version, "receipt_id": receipt_id})
    if scope == "all":
        return step.model_copy(update={"state": "withdrawn", "void_before": version, "withdrawals": ()})
    if len(consent.withdrawals) >= MOST_PENDING:
        message = f"{MOST_PENDING} withdrawals are still being carried out; withdraw everything, or wait"
        raise TooMany(message, retry_after=60, code="withdrawals_pending")
    taken = Withdrawal(version=version, at=now, scope=scope, value=_checked(scope, value))
    others = tuple(each for each in consent.withdrawals if (each.scope, each.value) != (taken.scope, taken.value))
    return step.model_copy(update={"grant": _narrowed(consent.grant, taken), "withdrawals": (*others, taken)})


def granted_again(consent: Consent, text: tuple[str, str], receipt_id: str) -> Consent:
    """A fresh consent after a full withdrawal, for the person alone at first; nothing made before comes back."""
    if consent.state != "withdrawn":
        raise Conflict(f"the consent of {consent.likeness_id} is {consent.state}, not withdrawn", code="not_withdrawn")
    version = consent.version + 1
    fresh = {
        "state": "active", "version": version, "void_before": version, "grant": Grant(), "withdrawals": (),
        "text_version": text[0], "text_sha256": text[1], "receipt_id": receipt_id,
    }  # fmt: skip
    return consent.model_copy(update=fresh)


def erased(consent: Consent, receipt_id: str) -> Consent:
    version = consent.version + 1
    fresh = {"state": "erased", "version": version, "void_before": version, "grant": Grant(), "withdrawals": ()}
    return consent.model_copy(update={**fresh, "receipt_id": receipt_id})


def carried_out(consent: Consent, version: int) -> Consent:
    """Without the withdrawal of a single clip that every clip's own record now shows. Its number stays used."""
    kept = tuple(each for each in consent.withdrawals if each.scope != "clip" or each.version != version)
    return consent.model_copy(update={"withdrawals": kept})


def _foreign_refusal(consent: Consent, wish: Wish) -> Refusal | None:
    grant = consent.grant
    if wish.at < consent.adult_at or not _is_let(grant, wish):
        return Refusal(code="likeness_not_allowed", message="this person does not let you use their likeness")
    if wish.at < consent.others_from:
        message = f"this likeness was enrolled lately: others may use it from {consent.others_from} on"
        return Refusal(code="likeness_too_new", message=message)
    if wish.purpose not in grant.purposes:
        message = f"this person does not allow the purpose {wish.purpose}, only {', '.join(grant.purposes) or 'none'}"
        return Refusal(code="likeness_purpose", message=message)
    rule = breached(grant.rules, wish.words)
    if rule is not None:
        return Refusal(code="likeness_restricted", message=rule.explanation, rule=rule.text)
    return None


def _is_let(grant: Grant, wish: Wish) -> bool:
    if wish.user_id in grant.deny:
        return False
    match grant.audience:
        case "only_me":
            return False
        case "approved":
            return wish.user_id in grant.allow
        case "mutuals":
            return wish.is_mutual or wish.user_id in grant.allow
        case "everyone":
            return True


def _matches(withdrawal: Withdrawal, appearance: Appearance, line: tuple[Made, ...]) -> bool:
    match withdrawal.scope:
        case "all":
            return True
        case "person":
            return any(each.maker_id == withdrawal.value for each in line)
        case "clip":
            return any(each.video_id == withdrawal.value for each in line)
        case "purpose":
            return any(each.purpose == withdrawal.value for each in line)
        case "since":
            return appearance.at >= int(withdrawal.value)


def _narrowed(grant: Grant, taken: Withdrawal) -> Grant:
    """The grant without what was taken back, so that it cannot be used again at once."""
    match taken.scope:
        case "person":
            denied = tuple(dict.fromkeys((*grant.deny, taken.value)))
            return grant.model_copy(update={"deny": denied, "allow": tuple(a for a in grant.allow if a != taken.value)})
        case "purpose":
            return grant.model_copy(update={"purposes": tuple(p for p in grant.purposes if p != taken.value)})
        case "since":
            return grant.model_copy(update={"audience": "only_me", "allow": ()})
        case _:
            return grant


def _checked(scope: Scope, value: str) -> str:
    if not value:
        raise Invalid(f"withdrawing for one {scope} needs its value", param="value")
    if scope == "purpose" and value not in PURPOSES:
        raise Invalid(f"purpose {value!r} is not one of {', '.join(PURPOSES)}", param="value")
    if scope == "since" and not (value.isascii() and value.isdecimal() and len(value) <= 12):
        raise Invalid(f"{value!r} is no moment in epoch seconds", param="value")
    return value
