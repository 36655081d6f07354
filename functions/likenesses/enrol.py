"""Begin an enrolment with a challenge, take the capture that answers it, and let a person decide where a check asks."""

from typing import Literal, NamedTuple

from volary import boxes
from volary.accounts import Account, Viewer
from volary.enrolment import Likeness, agreed_text, challenge, confirmed
from volary.errors import Absent, Conflict, Forbidden, Invalid, TooMany
from volary.ports import PostForm, Range, Services
from volary.stores.likenesses import Likenesses
from volary.stores.videos import Act

from events.bus import LikenessCaptured
from events.likeness import Custody
from functions.likenesses.judge import settle

DAY = 86_400
MOST_A_DAY = 10
CAPTURE_BYTES = 100 * 1024 * 1024
SIGNATURE_BYTES = 16
KINDS = ("video/mp4", "video/webm")


class Wanted(NamedTuple):
    """How a person wants to enrol: the language they read in, who holds the key, what kind of file comes, and whether
    it is to take the place of the likeness that they have."""

    language: Literal["en", "fr"] = "en"
    custody: Custody = "device"
    device_key: str | None = None
    content_type: str = "video/mp4"
    renew: bool = False


def begin(wanted: Wanted, account: Account, services: Services) -> tuple[Likeness, PostForm]:
    """A fresh challenge and the form for its capture. Raises Conflict while the person has a likeness already, unless
    this one is to renew it: the new capture is then compared with the old one, which is erased once it is accepted.
    """
    _check(wanted)
    store, now = Likenesses(services.items), int(services.clock.now().timestamp())
    _demand_room(account, now, store)
    earlier = store.kept(account.user_id)
    if earlier and not wanted.renew:
        message = f"likeness {earlier.id} is {earlier.state}; renew it, or erase it to enrol anew"
        raise Conflict(message, code="likeness_exists")
    # Two numbers from the home's randomness: a challenge must not follow from anything that a client has seen.
    drawn = (services.ids.seed() << 32) | services.ids.seed()
    record = Likeness(
        id=services.ids.new("like"),
        owner_id=account.user_id,
        challenge=challenge(drawn, wanted.language, now),
        custody=wanted.custody,
        device_key=wanted.device_key,
        upload_key=f"{account.user_id}/{services.ids.new('capture')}",
        created_at=now,
    )
    stored = store.add(record, Act(action="challenged", actor=account.user_id, at=now))
    form = services.blobs.post_form(
        "uploads", record.upload_key, content_type=wanted.content_type, max_bytes=CAPTURE_BYTES, seconds=60
    )
    return stored, form


def confirm(likeness_id: str, text: tuple[str, str], viewer: Viewer, services: Services) -> Likeness:
    """The capture is there and the consent text (version, SHA-256) agreed to: one act, once, within the challenge."""
    store, at = Likenesses(services.items), services.clock.now()
    record, now = store.owned(likeness_id, viewer.user_id), int(at.timestamp())
    after = confirmed(record, agreed_text(*text), services.ids.new("call"), now)
    _demand_clip(record, services)
    told = LikenessCaptured(event_id=f"{record.id}.captured", at=at, likeness_id=record.id)
    act = Act(action="captured", actor=record.owner_id, at=now, detail=text[0])
    return store.change(after, act, events=[told])


def review(likeness_id: str, accept: bool, viewer: Viewer, services: Services) -> Likeness:
    """A moderator's answer to a capture that a check could not decide; nobody decides their own."""
    demand_moderator(viewer)
    record = Likenesses(services.items).get(likeness_id)
    if record.owner_id == viewer.user_id:
        raise Forbidden("nobody reviews their own capture", code="conflict_of_interest")
    if record.state != "review":
        raise Conflict(f"likeness {likeness_id} is {record.state}, not in review", code="not_held")
    return settle(record, "accepted" if accept else "refused", viewer.user_id or "", services)


def demand_moderator(viewer: Viewer) -> None:
    if not viewer.is_moderator():
        raise Forbidden("this needs the role moderator", code="moderator_only")


def capture_link(likeness_id: str, viewer: Viewer, services: Services) -> str:
    """A link of five minutes to a capture in review; each one is an audit entry."""
    store = Likenesses(services.items)
    record = store.get(likeness_id)
    if not viewer.is_moderator() or record.owner_id == viewer.user_id or record.state != "review":
        raise Absent(f"there is no capture {likeness_id} in review")
    now = int(services.clock.now().timestamp())
    store.change(record, Act(action="viewed in review", actor=viewer.user_id or "", at=now))
    return services.blobs.get_link("uploads", record.upload_key, seconds=300)


def _check(wanted: Wanted) -> None:
    if wanted.content_type not in KINDS:
        message = f"content_type {wanted.content_type!r} is not one of {', '.join(KINDS)}"
        raise Invalid(message, param="content_type", code="unsupported_file")
    if wanted.custody == "device":
        boxes.public_key(wanted.device_key or "", "device_key")


def _demand_room(account: Account, now: int, store: Likenesses) -> None:
    own = store.of_owner(account.user_id, Range(newest_first=True, limit=50))
    for each in own:
        if each.state in ("checking", "review", "keeping"):
            raise Conflict(f"likeness {each.id} is {each.state}; wait for its decision", code="likeness_exists")
    today = [each for each in own if each.created_at > now - DAY]
    if len(today) >= MOST_A_DAY:
        wait = today[-1].created_at + DAY - now
        raise TooMany(f"{MOST_A_DAY} enrolments were begun today", retry_after=wait, code="too_many_enrolments")


def _demand_clip(record: Likeness, services: Services) -> None:
    """The file is there and is what it says, told by its first bytes; all else is judged in a limited child process."""
    facts = services.blobs.facts("uploads", record.upload_key)
    if facts is None or facts.size == 0:
        raise Invalid("no capture was sent with the form", param="capture", code="invalid_file")
    head = services.blobs.get("uploads", record.upload_key)[:SIGNATURE_BYTES]
    kind = "video/mp4" if head[4:8] == b"ftyp" else "video/webm" if head.startswith(b"\x1a\x45\xdf\xa3") else None
    if kind is None or kind != facts.content_type:
        message = f"the capture is declared as {facts.content_type!r} but is {kind or 'no MP4 or WebM'}"
        raise Invalid(message, param="capture", code="mismatched_file")
