"""The moderators' cases: the queue, claiming under an exposure budget, passing on, and notes."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from volary.accounts import Viewer
from volary.errors import Absent, ConditionFailed, Conflict, Forbidden
from volary.ports import Range, Services
from volary.review import cases, exposure
from volary.review.cases import Case
from volary.review.clocks import law_for, severity
from volary.review.strikes import proposes_suspension
from volary.stores.likenesses import standing_of
from volary.stores.reviews import Reviewer, Reviews, place
from volary.stores.videos import Act, Screening, Videos
from volary.videos import Video, is_withdrawn

from events.moderation import Category
from functions.review.door import demand_moderator

SPARE = 5  # read beyond what a page shows, for those that are left out
PAGE = 100  # read at once while looking for cases that somebody may see or take
DEEPEST = 3_000  # how many are looked at before the queue counts as having nothing for somebody
BIRDS = (
    *("Avocet", "Bittern", "Bunting", "Bustard", "Chough", "Crake", "Curlew", "Dipper", "Dotterel", "Dunlin"),
    *("Egret", "Fieldfare", "Firecrest", "Fulmar", "Gadwall", "Gannet", "Garganey", "Godwit", "Goosander", "Grebe"),
    *("Hobby", "Hoopoe", "Kestrel", "Knot", "Lapwing", "Linnet", "Merlin", "Nightjar", "Nuthatch", "Oriole"),
    *("Osprey", "Ouzel", "Petrel", "Pipit", "Plover", "Pochard", "Quail", "Redpoll", "Redstart", "Sanderling"),
    *("Serin", "Shrike", "Siskin", "Skua", "Smew", "Stint", "Stonechat", "Teal", "Tern", "Turnstone"),
    *("Twite", "Wagtail", "Waxwing", "Wheatear", "Whimbrel", "Whinchat", "Wigeon", "Wryneck"),
)


def now_of(services: Services) -> int:
    return int(services.clock.now().timestamp())


def case_of(case_id: str, viewer: Viewer, services: Services) -> Case:
    """Any case that this moderator may know of; a held clip without a record of its own is one, too. Raises Absent."""
    demand_moderator(viewer)
    case = Reviews(services.items).find(case_id) or _held(case_id, services)
    if case is None or not cases.may_see(case, viewer):
        raise Absent(f"there is no case {case_id}")
    return case


def opened(video: Video, screenings: list[Screening], now: int) -> Case:
    """The case of a clip that screening held."""
    category, score = _gravest(screenings)
    law = law_for("held")
    return Case(
        id=video.id,
        kind="held",
        subject=video.id,
        author_id=video.owner_id,
        category=category,
        severity=severity(category),
        confidence=score,
        law=law.basis,
        opened_at=now,
        due_at=now + law.seconds,
    )


def queue(viewer: Viewer, services: Services, harm: str | None, after: str | None, limit: int) -> list[Case]:
    """The most urgent open cases that this moderator may see, `limit` at most."""
    demand_moderator(viewer)
    store, found = Reviews(services.items), list[Case]()
    while len(found) < limit:
        wanted = min(PAGE, limit - len(found) + SPARE)
        page = store.open(Range(after=after, limit=wanted), harm)
        found += [case for case in page if cases.may_see(case, viewer) and not is_moot(case, services)]
        if len(page) < wanted:
            break
        after = place(page[-1])
    return found[:limit]


def take_next(viewer: Viewer, services: Services, harm: str | None) -> Case:
    """Claim the most urgent case that this person may take and still may look at. Raises Absent, TooMany.

    Fair routing: whoever has little of the grave budget left gets the most urgent of what remains open to them,
    instead of nothing, and grave cases stay for those who have not seen as much.
    """
    demand_moderator(viewer)
    store, now = Reviews(services.items), now_of(services)
    shift = exposure.current(reviewer(viewer, services).shift, now)
    after, refused = None, None
    for _ in range(DEEPEST // PAGE):
        page = store.open(Range(after=after, limit=PAGE), harm)
        for case in (each for each in page if cases.may_take(each, viewer, now)):
            if is_moot(case, services):
                _drop(case, services, now)
                continue
            if not exposure.may_look(shift, case.severity, now):
                refused = refused or case
                continue
            try:
                return claim(case.id, viewer, services)
            except (ConditionFailed, Conflict):
                continue  # somebody was faster
        if len(page) < PAGE:
            break
        after = place(page[-1])
    if refused:
        exposure.look(shift, refused.severity, now)
    raise Absent("nothing waits for you", code="queue_empty")


def claim(case_id: str, viewer: Viewer, services: Services) -> Case:
    """Raises Forbidden, Conflict, and TooMany when the exposure budget is used up or a break is due."""
    case, now = case_of(case_id, viewer, services), now_of(services)
    is_new = not case.is_claimed_by(viewer.user_id, now)
    after = cases.claim(case, viewer, now)
    who = reviewer(viewer, services)
    store = Reviews(services.items)
    shift = exposure.look(exposure.current(who.shift, now), case.severity, now) if is_new else None
    more = [store.shift_write(who, shift)] if shift else []
    return store.change(after, _act("claimed", viewer, now), more)


def look(case: Case, viewer: Viewer, services: Services) -> None:
    """Charge the budget of who looks at a case without having claimed it. Raises TooMany."""
    now = now_of(services)
    if case.is_claimed_by(viewer.user_id, now):
        return
    who = reviewer(viewer, services)
    shift = exposure.look(exposure.current(who.shift, now), case.severity, now)
    services.items.write(Reviews(services.items).shift_write(who, shift))


def put_back(case_id: str, viewer: Viewer, services: Services) -> Case:
    return _changed(case_id, "put back", viewer, services, cases.put_back)


def escalate(case_id: str, viewer: Viewer, services: Services) -> Case:
    return _changed(case_id, "escalated", viewer, services, cases.escalate)


def ask_second(case_id: str, viewer: Viewer, services: Services) -> Case:
    return _changed(case_id, "left to a second reviewer", viewer, services, cases.ask_second)


def note(case_id: str, text: str, viewer: Viewer, services: Services) -> Case:
    def noted(case: Case, viewer: Viewer, now: int) -> Case:
        return cases.note(case, text, viewer, now)

    return _changed(case_id, "noted", viewer, services, noted)


def as_reviewed(videos: Sequence[Video], services: Services) -> list[Video]:
    """The clips as reviewers may know them: once somebody in one withdrew, its words are shown to them no more than to
    anybody.
    """
    standing = standing_of(videos, services)
    gone = {"prompt": "", "negative_prompt": ""}
    return [video.model_copy(update=gone) if is_withdrawn(video, standing) else video for video in videos]


def screenings_of(video: Video, services: Services) -> list[Screening]:
    """What was seen in a clip; of one that somebody withdrew from without what was said in it."""
    found = Videos(services.items).screenings(video.id)
    if not is_withdrawn(video, standing_of([video], services)):
        return found
    return [screening.model_copy(update={"transcript": "", "lines": ()}) for screening in found]


def is_moot(case: Case, services: Services) -> bool:
    """Whether there is nothing left to decide: the clip was deleted, a held one ended otherwise or lost the consent of
    somebody in it, strikes lapsed.
    """
    if case.kind == "strikes":
        return not proposes_suspension(Reviews(services.items).strikes(case.author_id), now_of(services))
    try:
        video = Videos(services.items).get(case.subject)
    except Absent:
        return True
    if case.kind == "held":
        return video.has_ended or video.gate != "hold" or is_withdrawn(video, standing_of([video], services))
    return case.kind in ("notice", "report", "match") and video.deleted_at is not None


def reviewer(viewer: Viewer, services: Services) -> Reviewer:
    """Who reviews, with a pseudonym that is drawn the first time. Raises Forbidden for nobody."""
    if viewer.user_id is None:
        raise Forbidden("nobody is signed in", code="moderator_only")
    store = Reviews(services.items)
    for _ in range(8):
        if known := store.reviewer(viewer.user_id):
            return known
        draw = int(services.ids.record(), 16)
        name = f"{BIRDS[draw % len(BIRDS)]} {100 + draw // len(BIRDS) % 900}"
        try:
            store.add_reviewer(Reviewer(user_id=viewer.user_id, pseudonym=name))
        except ConditionFailed:
            continue  # taken, or drawn for this person at the same moment
    raise Conflict("no pseudonym is free")


def pseudonym(user_id: str | None, services: Services) -> str:
    """What others call somebody who acted on a case."""
    if user_id is None or user_id in ("", "system"):
        return "system"
    known = Reviews(services.items).reviewer(user_id)
    return known.pseudonym if known else "somebody"


def _drop(case: Case, services: Services, now: int) -> None:
    """Close what has become moot. Somebody else may do so at the same moment."""
    store = Reviews(services.items)
    act = Act(action="dropped: the clip is gone", actor="system", at=now)
    more = [store.closing_write(case), *([store.hidden_write(case)] if case.hides_at is not None else [])]
    with suppress(ConditionFailed):
        store.change(cases.done(case), act, more)


def _held(video_id: str, services: Services) -> Case | None:
    """A held clip that was stored without a case, by an older version or by hand, is open all the same."""
    store = Videos(services.items)
    try:
        video = store.get(video_id)
    except Absent:
        return None
    if video.stage != "held" or video.has_ended or video.gate != "hold":
        return None
    return opened(video, store.screenings(video_id), video.created_at)


def _changed(
    case_id: str, action: str, viewer: Viewer, services: Services, change: Callable[[Case, Viewer, int], Case]
) -> Case:
    now = now_of(services)
    after = change(case_of(case_id, viewer, services), viewer, now)
    return Reviews(services.items).change(after, _act(action, viewer, now))


def _act(action: str, viewer: Viewer, now: int, detail: str = "") -> Act:
    return Act(action=action, actor=viewer.user_id or "", at=now, detail=detail)


def _gravest(screenings: list[Screening]) -> tuple[Category | None, float]:
    """The harm that a clip was held for, and how sure the model was; no harm where screening itself failed."""
    named = [Category(each.category) for each in screenings if each.category and each.verdict != "pass"]
    category = max(named, key=severity, default=None)
    scores = [signal.score for each in screenings for signal in each.signals if signal.category == category]
    return category, max(scores, default=0.0)
