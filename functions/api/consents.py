"""How likenesses, consents, uses and receipts are told to a client; it asks the read gate for every clip it names."""

from typing import Any, Literal

from pydantic import BaseModel
from volary.accounts import Viewer
from volary.enrolment import CUSTODY_TEXTS, Likeness, State, consent_texts, instructions
from volary.likeness import Audience, Consent, Refusal, Scope
from volary.ports import PostForm, Services
from volary.stores.likenesses import Cascade, StoredReceipt, UseOf, standing_of
from volary.stores.videos import Videos
from volary.videos import Stage, Status, Video, Visibility, is_withdrawn, may_serve

from events.likeness import CaptureFinding, Challenge, Custody, Purpose
from functions.api.files import UploadForm
from functions.api.resources import Links
from functions.api.videos import links_of


class RuleResource(BaseModel):
    """One clause of a restriction as it is understood: it can be tried with `POST /likenesses/{id}/check`."""

    text: str
    kind: Literal["forbid", "only"]
    topics: list[str]
    words: list[str]


class GrantResource(BaseModel):
    """What others may do. `allow` and `deny` are ids of people."""

    audience: Audience
    allow: list[str]
    deny: list[str]
    restrictions: list[str]
    rules: list[RuleResource]
    purposes: list[Purpose]
    expires_at: int | None


class LikenessResource(BaseModel):
    """A likeness as its own person sees it. `consent_version` counts every change of what is granted; `others_from` is
    when others may first use it, as far as they are let.
    """

    id: str
    object: Literal["likeness"] = "likeness"
    created_at: int
    state: State
    custody: Custody
    findings: list[CaptureFinding]
    consent_version: int | None
    grant: GrantResource | None
    stands: bool
    others_from: int | None
    receipt_id: str | None
    device_box: str | None = None


class ConsentTextResource(BaseModel):
    """What is agreed to; `sha256` is of the text and must come back with the capture."""

    version: str
    language: Literal["en", "fr"]
    text: str
    sha256: str


class NewLikeness(BaseModel):
    """The challenge and what to do for it, the form for the capture within sixty seconds, and the text to agree to.

    `custody_text` is to be shown before the capture: what it means that the device, or the server, holds the key.
    """

    id: str
    object: Literal["likeness.challenge"] = "likeness.challenge"
    challenge: Challenge
    instructions: str
    custody: Custody
    custody_text: str
    form: UploadForm
    consent: ConsentTextResource


class LikenessList(BaseModel):
    object: Literal["list"] = "list"
    data: list[LikenessResource]
    first_id: str | None
    last_id: str | None
    has_more: bool

    @classmethod
    def of(cls, shown: list[LikenessResource], has_more: bool) -> "LikenessList":
        ends = (shown[0].id, shown[-1].id) if shown else (None, None)
        return cls(data=shown, first_id=ends[0], last_id=ends[1], has_more=has_more)


class DeletedLikeness(BaseModel):
    id: str
    object: Literal["likeness.erased"] = "likeness.erased"
    deleted: Literal[True] = True


class Checked(BaseModel):
    """Whether a use would be allowed at this moment; `rule` quotes the restriction that says no."""

    object: Literal["likeness.check"] = "likeness.check"
    likeness: str
    allowed: bool
    code: str | None
    reason: str | None
    rule: str | None


class UseResource(BaseModel):
    """One clip that shows the person. `links` are there while it may be shown to them; at the stage `awaiting_key` it
    waits for their device."""

    video_id: str
    object: Literal["likeness.use"] = "likeness.use"
    at: int
    status: Status
    stage: Stage
    visibility: Visibility
    purpose: Purpose
    is_mine: bool
    withdrawn: bool
    deleted: bool
    links: Links | None


class UseList(BaseModel):
    object: Literal["list"] = "list"
    data: list[UseResource]
    has_more: bool
    next: str | None


class KeyRequest(BaseModel):
    """A clip that waits for the person's device to release its half of the key: who asks, in which words, for what.

    It waits for an hour from when it came to that stage. `made_from` is the clip that it builds on, `others` how many
    more people are to be in it.
    """

    video_id: str
    object: Literal["likeness.key_request"] = "likeness.key_request"
    at: int
    asked_by: str
    is_mine: bool
    prompt: str
    style: str | None
    seconds: str
    size: str
    purpose: Purpose
    visibility: Visibility
    made_from: str | None
    others: int


class KeyRequestList(BaseModel):
    """The latest first; `next` goes on with earlier ones, where there may be some."""

    object: Literal["list"] = "list"
    data: list[KeyRequest]
    has_more: bool
    next: str | None


class WithdrawalResource(BaseModel):
    """How far one withdrawal is carried out. It holds from `at`, whatever `done_at` says."""

    version: int
    scope: Scope
    value: str
    at: int
    looked_at: int
    taken_down: int
    done_at: int | None


class ImpactOn(BaseModel):
    video_id: str
    version: int
    at: int
    was: str


class ImpactList(BaseModel):
    object: Literal["list"] = "list"
    withdrawals: list[WithdrawalResource]
    data: list[ImpactOn]
    has_more: bool
    next: str | None


class ReceiptResource(BaseModel):
    id: str
    object: Literal["likeness.receipt"] = "likeness.receipt"
    kind: str
    consent_version: int
    issued_at: int
    jws: str


class ReceiptList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ReceiptResource]


def likeness_resource(record: Likeness, consent: Consent | None, services: Services) -> LikenessResource:
    now = int(services.clock.now().timestamp())
    return LikenessResource(
        id=record.id,
        created_at=record.created_at,
        state=record.state,
        custody=record.custody,
        findings=list(record.findings),
        consent_version=consent.version if consent else None,
        grant=_grant(consent) if consent else None,
        stands=consent is not None and consent.stands(now),
        others_from=consent.others_from if consent else None,
        receipt_id=consent.receipt_id if consent else None,
    )


def new_likeness(record: Likeness, form: PostForm) -> NewLikeness:
    text = consent_texts()[record.challenge.language]
    return NewLikeness(
        id=record.id,
        challenge=record.challenge,
        instructions=instructions(record.challenge),
        custody=record.custody,
        custody_text=CUSTODY_TEXTS[record.challenge.language][record.custody],
        form=UploadForm(**form._asdict()),
        consent=ConsentTextResource(**text.model_dump(), sha256=text.sha256),
    )


def checked(name: str, refused: Refusal | None) -> Checked:
    if refused is None:
        return Checked(likeness=name, allowed=True, code=None, reason=None, rule=None)
    return Checked(likeness=name, allowed=False, code=refused.code, reason=refused.message, rule=refused.rule)


def use_of(use: UseOf, viewer: Viewer, services: Services) -> UseResource:
    video = Videos(services.items).get(use.video_id)
    standing = standing_of([video], services)
    return UseResource(
        video_id=video.id,
        at=use.at,
        status=video.status,
        stage=video.stage,
        visibility=video.visibility,
        purpose=video.purpose,
        is_mine=video.owner_id == viewer.user_id,
        withdrawn=is_withdrawn(video, standing),
        deleted=video.deleted_at is not None,
        links=links_of(video, standing, services) if may_serve(video, viewer, standing) else None,
    )


def key_request(video: Video, maker: str, viewer: Viewer) -> KeyRequest:
    """The caller has asked `volary.videos.awaits`."""
    return KeyRequest(
        video_id=video.id,
        at=video.created_at,
        asked_by=maker,
        is_mine=video.owner_id == viewer.user_id,
        prompt=video.prompt,
        style=video.style,
        seconds=str(video.seconds),
        size=f"{video.width}x{video.height}",
        purpose=video.purpose,
        visibility=video.visibility,
        made_from=video.parent_id,
        others=len(video.people) - 1,
    )


def impact_of(cascade: Cascade) -> WithdrawalResource:
    return WithdrawalResource(at=cascade.started_at, **_without(cascade.model_dump(), "started_at", "after"))


def receipt_list(stored: list[StoredReceipt]) -> ReceiptList:
    return ReceiptList(
        data=[
            ReceiptResource(
                id=each.receipt_id,
                kind=each.kind,
                consent_version=each.version,
                issued_at=each.issued_at,
                jws=each.jws,
            )
            for each in stored
        ]
    )


def _grant(consent: Consent) -> GrantResource:
    rules = [RuleResource.model_validate(rule.model_dump()) for rule in consent.grant.rules]
    return GrantResource(**consent.grant.model_dump(), rules=rules)


def _without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}
