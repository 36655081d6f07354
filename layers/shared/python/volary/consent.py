"""Who is in a clip that somebody wants to make, and whether each of them lets it; asked again until it is published.

Reads through the stores and writes nothing: it answers with the people, and with the conditions under which the
caller's transaction may count on them. People come into a clip by being declared, by an @handle in its prompt, with
the clip that it builds on, and by being seen in an upload or in what was generated.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from events.likeness import Purpose
from volary.blocked import why
from volary.errors import Absent, Conflict, Forbidden, Invalid
from volary.likeness import (
    DEEPEST,
    MOST_PEOPLE,
    PERSON_BLOCKED,
    Appearance,
    Consent,
    How,
    Made,
    Refusal,
    Standing,
    Wish,
    is_void,
    refusal,
)
from volary.ports import Check, Key, Services, When, Write
from volary.remix import prompts_above
from volary.stores.accounts import Accounts
from volary.stores.blocked import Blocked
from volary.stores.follows import Follows, still_mutual
from volary.stores.likenesses import Likenesses, unmoved, use_write
from volary.stores.videos import Videos
from volary.videos import Video

HANDLE = re.compile(r"(?<![\w@/.])@([a-z][a-z0-9_]{2,29})(?![\w@])", re.IGNORECASE)
PREFIX = "like_"


@dataclass(frozen=True)
class Plan:
    """A clip as far as its people are concerned: whose it is, what it is for, all its words, what it names."""

    maker_id: str
    purpose: Purpose
    prompt: str
    named: tuple[str, ...] = ()
    parent: Video | None = None
    above: tuple[str, ...] = ()  # the prompts of the clips it builds on
    style: str | None = None

    @property
    def words(self) -> str:
        return "\n".join((*self.above, self.prompt))


@dataclass(frozen=True)
class Cast:
    """The people of a clip, and the conditions for the transaction that relies on their consent."""

    people: tuple[Appearance, ...] = ()
    checks: list[Check] = field(default_factory=list)


def cast(plan: Plan, services: Services) -> Cast:
    """Everybody in a clip that is asked for. Raises Invalid for a name that means nobody, Forbidden for a refusal and
    for words that name somebody of the block list.
    """
    found: dict[str, tuple[str, How]] = {}
    for name in plan.named:
        found.setdefault(_named(name, services), ("likenesses", "declared"))
    for handle in dict.fromkeys(HANDLE.findall(plan.prompt)):
        found.setdefault(_of_handle(handle.lower(), "prompt", services), ("prompt", "handle"))
    for appearance in plan.parent.people if plan.parent else ():
        found.setdefault(appearance.likeness_id, ("video", "inherited"))
    if len(found) > MOST_PEOPLE:
        raise Invalid(f"a clip shows at most {MOST_PEOPLE} people, not {len(found)}", param="likenesses")
    people = [_allowed(likeness_id, param, how, (plan, services)) for likeness_id, (param, how) in found.items()]
    nobody_listed = _unlisted(plan, found, services)
    if isinstance(nobody_listed, Refusal):
        raise Forbidden(nobody_listed.message, code=nobody_listed.code, param="prompt")
    together = _together(plan.maker_id, [asked for _, asked in people])
    return Cast(tuple(each for each, _ in people), [nobody_listed, *together])


def recast(video: Video, services: Services) -> Cast | Refusal:
    """The people of a clip that was accepted, judged anew by today's consents and block list; the first refusal
    otherwise.
    """
    plan = _plan_of(video, services)
    nobody_listed = _unlisted(plan, [each.likeness_id for each in video.people], services)
    if isinstance(nobody_listed, Refusal):
        return nobody_listed
    store, now = Likenesses(services.items), _now(services)
    asked = []
    for appearance in video.people:
        consent = store.consent(appearance.likeness_id)
        refused = _judged(consent, plan, services, now)
        standing = Standing({appearance.likeness_id: consent} if consent else {}, now)
        if refused is None and standing.covers((appearance,), video.as_made):
            refused = Refusal(code="likeness_withdrawn", message="this person has withdrawn their consent")
        if refused is not None or consent is None:
            return refused or _unknown(appearance.likeness_id)
        asked.append(consent)
    if asked and not _is_active(video.owner_id, services):
        return Refusal(code="account_suspended", message="the account of this clip's maker is not active")
    return Cast(video.people, [nobody_listed, *_together(video.owner_id, asked)])


def sighted(video: Video, likeness_id: str, services: Services) -> tuple[Appearance, Check] | Refusal:
    """Somebody who was seen in the clip without being declared, if they would have allowed it; else why not."""
    consent, plan, now = Likenesses(services.items).consent(likeness_id), _plan_of(video, services), _now(services)
    refused = _judged(consent, plan, services, now)
    if refused is not None or consent is None:
        return refused or _unknown(likeness_id)
    return _appearance(consent, "sighted", plan, now), unmoved(consent)


def judged(likeness_id: str, plan: Plan, services: Services) -> Refusal | None:
    """What `POST /likenesses/{id}/check` answers: why this plan would be refused, or None."""
    refused = _judged(Likenesses(services.items).consent(likeness_id), plan, services, _now(services))
    listed = _unlisted(plan, [likeness_id], services)
    return refused or (listed if isinstance(listed, Refusal) else None)


def uses_of(people: Iterable[Appearance], video_id: str) -> list[Write]:
    """The rows by which a withdrawal finds the clip; written in the transaction that puts the people into it."""
    return [use_write(each, video_id) for each in people]


def _unlisted(plan: Plan, shown: Iterable[str], services: Services) -> Check | Refusal:
    """The condition that the block list is still the one by which the clip's words name nobody, or why they do."""
    listed, same_list = Blocked(services.items).named(plan.words, shown)
    if listed is None:
        return same_list
    return Refusal(code=PERSON_BLOCKED, message=why(listed))


def _named(name: str, services: Services) -> str:
    if name.startswith("@"):
        return _of_handle(name[1:].lower(), "likenesses", services)
    if not name.startswith(PREFIX) or Likenesses(services.items).consent(name) is None:
        raise _nobody(name, "likenesses")
    return name


def _of_handle(handle: str, param: str, services: Services) -> str:
    try:
        account = Accounts(services.items).by_handle(handle)
    except Absent:
        raise _nobody(f"@{handle}", param) from None
    likeness_id = Likenesses(services.items).named(account.user_id)
    if likeness_id is None:
        raise _nobody(f"@{handle}", param)
    return likeness_id


def _nobody(name: str, param: str) -> Invalid:
    return Invalid(f"there is no likeness {name!r} that you may use", param=param, code="likeness_not_found")


def _unknown(likeness_id: str) -> Refusal:
    return Refusal(code="likeness_not_found", message=f"there is no likeness {likeness_id!r} that you may use")


def _allowed(likeness_id: str, param: str, how: How, asked: tuple[Plan, Services]) -> tuple[Appearance, Consent]:
    plan, services = asked
    consent, now = Likenesses(services.items).consent(likeness_id), _now(services)
    refused = _judged(consent, plan, services, now)
    if refused is None and consent is not None and _is_void_in_parent(consent, plan, now):
        refused = Refusal(code="likeness_withdrawn", message="this person withdrew from the clip that it builds on")
    if refused is not None or consent is None:
        fault = refused or _unknown(likeness_id)
        raise Forbidden(f"likeness {likeness_id}: {fault.message}", code=fault.code, param=param)
    return _appearance(consent, how, plan, now), consent


def _is_void_in_parent(consent: Consent, plan: Plan, now: int) -> bool:
    """Whether the very consent that the transaction counts on has left the parent, whenever the parent was judged."""
    parent = plan.parent
    earlier = [each for each in parent.people if each.likeness_id == consent.likeness_id] if parent else []
    return parent is not None and any(is_void(consent, each, parent.as_made, now) for each in earlier)


def _judged(consent: Consent | None, plan: Plan, services: Services, now: int) -> Refusal | None:
    if consent is None:
        return Refusal(code="likeness_not_found", message="there is no such likeness that you may use")
    is_mutual = consent.grant.audience == "mutuals" and _is_mutual(consent, plan, services)
    wish = Wish(
        user_id=plan.maker_id, purpose=plan.purpose, words=plan.words, style=plan.style, is_mutual=is_mutual, at=now
    )
    refused = refusal(consent, wish)
    if refused is None and not _is_active(consent.person_id, services):
        # Whoever is suspended can change nothing meanwhile; that they are is not for others to know.
        return Refusal(code="likeness_not_allowed", message="this person's likeness may not be used now")
    return refused


def _is_mutual(consent: Consent, plan: Plan, services: Services) -> bool:
    return Follows(services.items).are_mutual(consent.person_id, plan.maker_id)


def _appearance(consent: Consent, how: How, plan: Plan, now: int) -> Appearance:
    """The person's entry in the clip; what they came through is kept, so that a withdrawal covers every remix."""
    through: tuple[Made, ...] = ()
    for earlier in plan.parent.people if plan.parent else ():
        if plan.parent is not None and earlier.likeness_id == consent.likeness_id:
            through = (*earlier.through, plan.parent.as_made)
    if len(through) > DEEPEST:
        message = f"a clip with people descends from at most {DEEPEST} others"
        raise Conflict(message, code="lineage_too_deep", param="video")
    return Appearance(
        likeness_id=consent.likeness_id,
        person_id=consent.person_id,
        version=consent.version,
        at=now,
        how=how,
        through=through,
    )


def _together(maker_id: str, consents: list[Consent]) -> list[Check]:
    """Every consent as it was judged, and what it leaned on: both following each other, accounts in good standing."""
    checks = [unmoved(consent) for consent in consents]
    people = sorted({consent.person_id for consent in consents})
    for consent in consents:
        leans = consent.grant.audience == "mutuals" and maker_id not in (consent.person_id, *consent.grant.allow)
        checks += still_mutual(consent.person_id, maker_id) if leans else []
    active = When(equals={"status": "active"})
    accounts = sorted({maker_id, *people}) if people else []
    distinct = {check.key: check for check in checks}
    return [*distinct.values(), *(Check(Key(f"USER#{user_id}", "ACCOUNT"), active) for user_id in accounts)]


def _is_active(user_id: str, services: Services) -> bool:
    try:
        return Accounts(services.items).get(user_id).status == "active"
    except Absent:
        return False


def _plan_of(video: Video, services: Services) -> Plan:
    store = Videos(services.items)
    parent = store.get(video.parent_id) if video.parent_id else None
    above = prompts_above(video, store)
    return Plan(video.owner_id, video.purpose, video.prompt, parent=parent, above=above, style=video.style)


def _now(services: Services) -> int:
    return int(services.clock.now().timestamp())
